"""Waiting for one job: who waits, and what all of them need to read only once."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from services.jobs.connection import StoreError
from services.web.ending import Ending

Found = TypeVar("Found")

STALE_S = 5.0
"""How long what was read is good for if no change is announced: an announcement can get lost."""
FAILED_S = 1.0
READY_S = 1.5
MOST_KEPT = 100


class Topic:
    """One job, for all in this process who wait for it."""

    def __init__(self) -> None:
        self.watches: set[Watch] = set()
        self.confirmed = False
        self._lock = threading.Lock()
        self._kept: dict[object, tuple[float, Any]] = {}
        self._failed_at = -FAILED_S

    def change(self) -> None:
        """The job has changed: what was read of it is old."""
        self._kept = {}

    def shared(self, key: object, read: Callable[[], Found]) -> Found:
        """What `read` finds, read once for all who ask with the same `key` between two changes; raises StoreError."""
        with self._lock:
            kept, now = self._kept, time.monotonic()  # a change while we read replaces it: ours is not kept then
            at, found = kept.get(key, (now - STALE_S, None))
            if now - at < STALE_S:
                known: Found = found
                return known
            if now - self._failed_at < FAILED_S:
                raise StoreError("the store gave others no answer a moment ago")
            try:
                fresh = read()
            except StoreError:
                self._failed_at = time.monotonic()
                raise
            if len(kept) >= MOST_KEPT:
                kept.clear()
            kept[key] = now, fresh
            return fresh


class Watch:
    """One who waits for one job. `left` says whether the client has hung up."""

    def __init__(self, ending: Ending, topic: Topic | None = None, left: Callable[[], bool] = bool) -> None:
        self.topic, self.left = topic or Topic(), left
        self.ready = threading.Event()
        self._changed = threading.Event()
        self._ending, self._ended = ending, False

    def settle(self) -> None:
        """Wait until the store has confirmed that it tells of changes: none after this is missed."""
        if not self.ready.wait(READY_S):
            self.ready.set()  # it looks now, and once more when the store has confirmed

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most `seconds`; whether there was one."""
        changed = self._changed.wait(seconds)
        self._changed.clear()
        return changed

    @property
    def over(self) -> bool:
        """Whether waiting has to end, because the client has left or because this process is about to end."""
        return self._ended or self._ending.near

    def wake(self) -> None:
        """Let it look."""
        self._changed.set()

    def end(self) -> None:
        """Let it look for the last time."""
        self._ended = True
        self.wake()
