"""The outbox's part of the in-memory twin: who is owed a notification, and what was tried."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.jobs import deliveries as wire
from services.jobs.callback_url import parse_callback
from services.jobs.deliveries import Batch, Notice, Try
from services.jobs.record import Record

LOST = "the sender ended during this try"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class MemoryOutbox:
    """Keeps notifications in dictionaries; `jobs` are the twin's jobs."""

    def __init__(self) -> None:
        self.jobs: dict[str, Any] = {}
        self.owed: dict[str, dict[str, int]] = {}
        self.turns: dict[str, int] = {}
        self.made: dict[str, list[Try]] = {}
        self._call, self._guard = threading.Event(), threading.RLock()

    def tries(self, job_id: str) -> list[Try]:
        with self._guard:
            return list(self.made.get(job_id, []))

    def claim_notices(self, limit: int, most: int, full: Sequence[str]) -> Batch:
        with self._guard:
            now, taken = now_ms(), list[Notice]()
            due = sorted((turn, name) for name, turn in self.turns.items() if turn <= now)
            for _, receiver in due[: limit + len(full)]:
                if receiver not in full and len(taken) < limit:
                    taken += self._claim_from(receiver, now, most)
            later = [turn - now for turn in self.turns.values() if turn > now]
            return Batch(taken, min(later) / 1000 if later else None)

    def report_try(self, notice: Notice, made: Try) -> None:
        with self._guard:
            tries, callback = self.made.get(notice.job.id), self._record(notice.job.id).callback
            if not callback or tries is None or len(tries) < notice.number:
                return
            tries[notice.number - 1] = made
            if len(tries) != notice.number or notice.job.id not in self.owed.get(notice.receiver, {}):
                return
            if made.next_at:
                self._owe_at(notice.job.id, notice.receiver, made.next_at)
            else:
                self._settle(notice.job.id, notice.receiver)
            self._call.set()

    def wait_for_notices(self, seconds: float) -> bool:
        called = self._call.wait(seconds)
        self._call.clear()
        return called

    def owe(self, job_id: str) -> None:
        """Called when a job has ended."""
        callback = self._record(job_id).callback
        if callback:
            with self._guard:
                self._owe_at(job_id, parse_callback(callback).authority, now_ms())

    def drop_callback(self, job_id: str) -> None:
        """Called when a job's time is up."""
        if not any(job_id in line for line in self.owed.values()):
            self.jobs[job_id].record = replace(self._record(job_id), callback="", origins="")
            self.made.pop(job_id, None)

    def _record(self, job_id: str) -> Record:
        record: Record = self.jobs[job_id].record
        return record

    def _owe_at(self, job_id: str, receiver: str, due: int) -> None:
        self.owed.setdefault(receiver, {})[job_id] = due
        self.turns[receiver] = min(due, self.turns.get(receiver, due))
        self._call.set()

    def _claim_from(self, receiver: str, now: int, most: int) -> list[Notice]:
        line = self.owed[receiver]
        found: list[Notice] = []
        for job_id in sorted((name for name, due in line.items() if due <= now), key=line.__getitem__):
            found = self._begin(job_id, receiver, now, most)
            if found:
                break
        if line:
            self.turns[receiver] = max(now, min(line.values()))
        return found

    def _begin(self, job_id: str, receiver: str, now: int, most: int) -> list[Notice]:
        job, tries = self._record(job_id), self.made.setdefault(job_id, [])
        over = len(tries) >= most or (bool(tries) and now >= job.expires_at)
        if tries and not tries[-1].status and not tries[-1].error:
            tries[-1] = replace(tries[-1], error=LOST, next_at=0 if over else now)
        if over:
            self._settle(job_id, receiver)
            return []
        tries.append(Try(now))
        self.owed[receiver][job_id] = now + wire.LEASE_MS
        return [Notice(job, receiver, len(tries), now)]

    def _settle(self, job_id: str, receiver: str) -> None:
        self.owed[receiver].pop(job_id, None)
        if not self.owed[receiver]:
            del self.owed[receiver]
            self.turns.pop(receiver, None)
        job = self._record(job_id)
        if job.buried or job.purged:
            self.drop_callback(job_id)
