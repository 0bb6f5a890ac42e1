"""The audit: finds open jobs that are nowhere, whatever has put them there, and sends them on their way."""

import logging
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis

from services.jobs.dispatch import JobDispatch
from services.jobs.record import QUEUES

log = logging.getLogger(__name__)

CHECK_EVERY_S = 3.0
FULL_EVERY_S = 300.0
PAGE = 1_000


class Audit:
    """Compares counts often, and looks through all open jobs, page by page, only when they differ twice.

    A job stands in a queue, is scheduled, or is leased: the counts of these add up to the open jobs.
    """

    def __init__(self, dispatch: JobDispatch, client: Redis) -> None:
        self._dispatch, self._client = dispatch, client
        self._check_at = 0.0
        self._full_at = time.monotonic() + FULL_EVERY_S
        self._difference = 0
        self._pages: Iterator[int] | None = None

    def step(self) -> None:
        """Do a little: compare the counts, or look through one more page."""
        now = time.monotonic()
        if self._pages is not None:
            if next(self._pages, None) is None:
                self._pages = None
        elif now >= self._check_at:
            self._check_at = now + CHECK_EVERY_S
            before, self._difference = self._difference, self.difference()
            if (before and self._difference) or now >= self._full_at:
                self._full_at = now + FULL_EVERY_S
                self._pages = self._look()

    def difference(self) -> int:
        """Open jobs less those in queues, scheduled or leased, read at one moment; 0 when all is well."""
        with self._client.pipeline(transaction=True) as pipe:
            pipe.scard("cc:open")
            pipe.zcard("cc:leases")
            for queue in QUEUES:
                pipe.llen(f"rq:queue:{queue}")
                pipe.zcard(f"rq:scheduled:{queue}")
            opened, *placed = pipe.execute()
        return int(opened) - sum(int(count) for count in placed)

    def look(self) -> int:
        """Look through everything at once; how many jobs were sent on their way."""
        return sum(self._look())

    def _look(self) -> Iterator[int]:
        placed: set[str] = set()
        for queue in QUEUES:
            for start in range(0, self._client.llen(f"rq:queue:{queue}"), PAGE):
                page: list[Any] = self._client.lrange(f"rq:queue:{queue}", start, start + PAGE - 1)
                placed.update(name.decode() for name in page)
                yield 0
        for jobs in self._dispatch.open_jobs():
            yield sum(self._rescue(job_id, run) for job_id, run in jobs if f"{job_id}-{run}" not in placed)

    def _rescue(self, job_id: str, run: str) -> int:
        became = self._dispatch.rescue(job_id, run)
        if became != "fine":
            log.warning("job=%s run=%s was nowhere; it is now: %s", job_id, run, became)
        return became in ("queued", "retried")
