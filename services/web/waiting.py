"""Requests that wait for a job: bounded in number, so that they keep no others out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.jobs.reader import Reader, Reading
from services.web.changes import Watching
from services.web.watch import Watch

LOOK_EVERY_S = 5.0
"""How often a waiting request looks even if nothing was announced."""


class Waiting:
    """Waits for jobs on behalf of requests, at most `places` of them at a time."""

    def __init__(self, reader: Reader, watching: Watching, places: int) -> None:
        self._reader, self._watching = reader, watching
        self._places = threading.BoundedSemaphore(places)

    @contextmanager
    def place(self, job_id: str, left: Callable[[], bool] = bool) -> Iterator[Watch | None]:
        """A watch over the job, which ends when the client has `left`; None when too many wait already."""
        if not self._places.acquire(blocking=False):
            yield None
            return
        try:
            with self._watching.watch(job_id, left) as watch:
                yield watch
        finally:
            self._places.release()

    def until(
        self,
        job_id: str,
        seconds: float,
        enough: Callable[[Reading], bool],
        etag: str = "",
        left: Callable[[], bool] = bool,
    ) -> tuple[Reading | None, bool]:
        """The job once `enough` of it, or as it is after `seconds`; and whether there was a place to wait in."""
        with self.place(job_id, left) as watch:
            return self.follow(watch, job_id, seconds, enough, etag), watch is not None

    def follow(
        self, watch: Watch | None, job_id: str, seconds: float, enough: Callable[[Reading], bool], etag: str = ""
    ) -> Reading | None:
        """The job once `enough` of it, or as it is after `seconds`; at once without a watch over it."""
        deadline = time.monotonic() + seconds
        if watch:
            watch.settle()
        while True:
            reading = self._reader.read(job_id, etag)
            rest = deadline - time.monotonic()
            if watch is None or reading is None or enough(reading) or rest <= 0 or watch.over:
                return reading
            watch.wait(min(rest, LOOK_EVERY_S))


def is_done(reading: Reading) -> bool:
    """Whether the job has ended."""
    return reading.record is None or reading.record.done
