"""Removing what has had its time: files of expired jobs, and files that no job claims."""

import logging
import time

from services.jobs.blobs import BlobError, BlobStorage
from services.jobs.connection import StoreError
from services.jobs.dispatch import JobDispatch
from services.worker.scratch import sweep_scratch

log = logging.getLogger(__name__)

EXPIRED_EVERY_S = 10.0
ORPHANS_EVERY_S = 600.0
ORPHAN_AGE_S = 3_600.0
PAGE = 100


class Sweep:
    """Sweeps between jobs, a page at a time; each step may be repeated or done by several at once."""

    def __init__(self, dispatch: JobDispatch, blobs: BlobStorage) -> None:
        self._dispatch, self._blobs = dispatch, blobs
        self._expired_at = time.monotonic()
        self._orphans_at = time.monotonic() + ORPHANS_EVERY_S

    @property
    def due(self) -> bool:
        """Whether it is time to sweep."""
        return time.monotonic() >= min(self._expired_at, self._orphans_at)

    def run(self) -> None:
        """Sweep one page; a full page is followed by the next at once."""
        now = time.monotonic()
        try:
            if now >= self._expired_at:
                self._expired_at = now + EXPIRED_EVERY_S
                self._expired_at -= EXPIRED_EVERY_S if self.expired() == PAGE else 0
            if now >= self._orphans_at:
                self._orphans_at = now + ORPHANS_EVERY_S
                self.orphans(ORPHAN_AGE_S)
                sweep_scratch()
        except (StoreError, *BlobError) as error:
            log.warning("sweep: %s: %s", type(error).__name__, error)

    def expired(self) -> int:
        """Bury jobs whose time is up, files first; how many."""
        ids = self._dispatch.expired(PAGE)
        for job_id in ids:
            self._blobs.delete_job(job_id)
        if ids:
            self._dispatch.bury(ids)
        return len(ids)

    def orphans(self, age: float) -> int:
        """Remove files older than `age` seconds whose job never was accepted; how many jobs' worth."""
        found = [job_id for job_id in self._blobs.jobs_older_than(age) if not self._dispatch.exists(job_id)]
        for job_id in found:
            self._blobs.delete_job(job_id)
        return len(found)
