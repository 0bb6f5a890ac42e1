"""`Prefer: wait` in a submission: the job's end, if it comes in time."""

import logging
from contextlib import ExitStack
from dataclasses import replace

from services.jobs.blobs import BlobError, Blobs
from services.jobs.connection import StoreError
from services.jobs.reader import Reading
from services.web.hang_up import client_left
from services.web.prefer import wanted_wait
from services.web.replies import whole
from services.web.request import current
from services.web.waiting import Waiting, is_done
from services.web.watch import Watch

log = logging.getLogger(__name__)

GLANCE_S = 0.05
"""How long it is waited for news before the job is looked at first: it was seen queued a moment ago."""


class Awaited:
    """A job that its client may wait for, watched from before it is accepted: it may end before the reply to that.

    `seconds` is how long the client waits, None if it does not.
    """

    def __init__(self, waiting: Waiting, blobs: Blobs, job_id: str) -> None:
        self.seconds = wanted_wait()
        self._waiting, self._blobs, self._job_id = waiting, blobs, job_id
        self._place = ExitStack()
        self._watch: Watch | None = None

    def __enter__(self) -> "Awaited":
        if self.seconds:
            place = self._waiting.place(self._job_id, client_left(current().environ))
            self._watch = self._place.enter_context(place)
        return self

    def __exit__(self, *_: object) -> None:
        self._place.close()

    def end(self, job_id: str) -> Reading | None:
        """The job that was accepted, if it has ended in time: this one, or one that an earlier request had made.

        It stands, so a store that fails now is no reason to refuse.
        """
        try:
            reading = self._follow(job_id) if self.seconds else None
            if reading is None or reading.record is None or not reading.record.done:
                return None
            return replace(reading, record=whole(reading.record, self._blobs))
        except (StoreError, *BlobError) as error:
            log.warning("waiting for %s: %s: %s", job_id, type(error).__name__, error)
            return None

    def _follow(self, job_id: str) -> Reading | None:
        seconds = self.seconds or 0
        if job_id == self._job_id:
            if self._watch:
                self._watch.settle()
                self._watch.wait(GLANCE_S)
            return self._waiting.follow(self._watch, job_id, seconds, is_done)
        self._place.close()
        return self._waiting.until(job_id, seconds, is_done, left=client_left(current().environ))[0]
