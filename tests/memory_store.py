"""The store's in-memory twin: what fast tests use. It passes the very tests that the real store passes."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from services.jobs import dispatch as wire
from services.jobs import reader
from services.jobs.dispatch import LOST, Beat, Outcome, Run
from services.jobs.estimate import Pace
from services.jobs.intake import Accepted, KeyReused, QueueFull, RateLimited, Submission, scopes
from services.jobs.quota import Allowance, Quota, allowance
from services.jobs.reader import Event, Page, Reading
from services.jobs.record import QUEUES, TERMINAL, Record
from services.web.ending import Ending
from services.web.watch import Watch
from tests.memory_outbox import MemoryOutbox

NOTHING = dict.fromkeys(("result", "result_key", "files", "error", "trace", "percent", "message"), "")
NEWS = {"started_at": 0, "percent": "", "message": "", "reported_at": 0}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Entry:
    record: Record
    submission: Submission
    worker: str = ""


class MemoryStore(MemoryOutbox):
    """Keeps jobs in dictionaries; a Reader, an Intake and a Dispatch in one."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Entry] = {}
        self.queues: dict[str, list[str]] = {name: [] for name in QUEUES}
        self.scheduled: dict[str, int] = {}
        self.leases: dict[str, int] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.quotas: dict[str, tuple[int, int]] = {}
        self.purging: set[str] = set()
        self.front: set[str] = set()
        self.forgotten: dict[str, set[str]] = {}
        self.history: dict[str, list[Event]] = {}
        self.pushed, self.head, self.late, self.last_beat, self.grace = 0, 0, 0, 0, 0

    def read(self, job_id: str, etag: str = "") -> Reading | None:
        if job_id not in self.jobs:
            return None
        job, now = self.jobs[job_id].record, now_ms()
        if job.done and etag == f"{job.finished_at}-{job.run}" and now < job.expires_at:
            return Reading(now, None, None, job.expires_at)
        return Reading(now, job, None if job.done else self._pace(job.queue), job.expires_at)

    def events(self, job_id: str, last: str) -> tuple[Reading, list[Event]] | None:
        reading = self.read(job_id)
        history = self.history.get(job_id, [])
        return (reading, history[int(last.partition("-")[0] or 0) :]) if reading else None

    def list_jobs(
        self, owner: str, limit: int, cursor: str = "", states: Collection[str] = (), types: Collection[str] = ()
    ) -> Page:
        now, place, page = now_ms(), "", list[tuple[Record, Pace | None]]()
        for seen, job in enumerate(self._owned(owner, cursor), start=1):
            wanted = (not states or job.state in states) and (not types or job.type in types)
            if wanted and not (job.done and now >= job.expires_at):
                if len(page) == limit:
                    return Page(now, page, place)
                page.append((replace(job, result="", result_key=""), None if job.done else self._pace(job.queue)))
                place = f"{job.created_at}-{job.id}"
            if seen >= reader.LOOKED_AT:
                return Page(now, page, f"{job.created_at}-{job.id}")
        return Page(now, page, "")

    def _owned(self, owner: str, cursor: str) -> Iterator[Record]:
        score, _, last = cursor.partition("-")
        forgotten = self.forgotten.get(owner, set())
        jobs = [entry.record for entry in self.jobs.values() if entry.record.owner == owner]
        for job in sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True):
            if job.id not in forgotten and (not cursor or (job.created_at, job.id) < (int(score), last)):
                yield job

    def forget(self, owner: str) -> None:
        self.forgotten[owner] = {job.id for job in self._owned(owner, "")} | self.forgotten.get(owner, set())

    def accept(self, submission: Submission, max_depth: int, quota: Quota | None = None) -> Accepted:
        job, now = submission, now_ms()
        scope, shared = scopes(job)
        found = self.keys.get(scope)
        if found is None and shared in self.keys and self.jobs[self.keys[shared][0]].record.owner == job.owner:
            found = self.keys[shared]
        if found:
            first, fingerprint = found
            if fingerprint != job.fingerprint:
                raise KeyReused
            return self._again(first, job, quota)
        if job.id in self.jobs:
            return self._again(job.id, job, quota)
        left = self._allowance(job.client, quota, 0)
        if left and not left.remaining:
            raise RateLimited(left)
        if len(self.queues[job.queue]) >= max_depth:
            raise QueueFull(len(self.queues[job.queue]), 1)
        if job.idempotency_key:
            self.keys[scope] = (job.id, job.fingerprint)
        self.jobs[job.id] = Entry(_record(job, now), job)
        self._dispatch(job.id, job.run_at)
        left = self._allowance(job.client, quota, 1)
        return Accepted(self.jobs[job.id].record, now, False, self._pace(job.queue), left)

    def _again(self, job_id: str, asked: Submission, quota: Quota | None) -> Accepted:
        job, left = self.jobs[job_id].record, self._allowance(asked.client, quota, 0)
        return Accepted(job, now_ms(), job_id != asked.id, None if job.done else self._pace(job.queue), left)

    def _allowance(self, client: str, quota: Quota | None, by: int) -> Allowance | None:
        if quota is None:
            return None
        used, ends = self.quotas.get(client, (0, 0))
        if ends <= now_ms():
            used, ends = 0, now_ms() + quota.seconds * 1000
        if by:
            self.quotas[client] = (used + by, ends)
        return allowance(quota, quota.requests - used - by, ends - now_ms())

    def cancel(self, job_id: str, owner: str = "", *, purge: bool = False) -> tuple[str, Record, int] | None:
        entry = self.jobs.get(job_id)
        if entry is None or (owner and entry.record.owner != owner):
            return None
        before = entry.record.state
        if entry.record.done and now_ms() >= entry.record.expires_at:
            return "gone", entry.record, now_ms()
        if purge:
            self.purging.add(job_id)
        if entry.record.done and purge:
            self._purge(job_id)
        if before == "queued":
            self._finish(job_id, "cancelled")
        elif before == "running":
            self._set(job_id, state="cancelling")
            self._tell(job_id, "state", state="cancelling")
        return before, self.jobs[job_id].record, now_ms()

    def claim(self, worker: str, most: int = 1) -> list[Run]:
        """One at a time, however short jobs are."""
        held = self._held(worker)
        if held:
            return [self._run(held)]
        self._promote()
        for queue in self.queues.values():
            while queue:
                name = queue.pop(0)
                job_id, run = name.rsplit("-", 1)
                entry = self.jobs.get(job_id)
                if entry and entry.record.state == "queued" and str(entry.record.run) == run:
                    self.head, entry.worker = entry.record.place, worker
                    self._set(job_id, state="running", started_at=now_ms())
                    self._tell(job_id, "state", state="running", attempt=str(entry.record.attempt))
                    self.leases[job_id] = now_ms() + wire.LEASE_MS
                    return [self._run(job_id)]
        return []

    def publish(self, worker: str, run: Run, outcome: Outcome, *, then_claim: int = 0) -> tuple[bool, list[Run]]:
        heard = True
        job = self.jobs[run.id].record
        if not self._holds(run.id, run.number):
            heard = job.state == outcome.verdict and str(job.run) == run.number
            self.late += not heard
        elif job.state == "cancelling":
            self._finish(run.id, "cancelled")
        elif outcome.verdict == "succeeded":
            result = outcome.result or ("" if outcome.result_key else "null")
            self._finish(run.id, "succeeded", result=result, result_key=outcome.result_key, files=outcome.files)
        elif outcome.verdict == "failed":
            self._finish(run.id, "failed", error=outcome.problem)
        else:
            self._give_up(run.id, outcome.problem, round(outcome.delay * 1000))
        return heard, self.claim(worker) if then_claim else []

    def progress(self, run: Run, percent: float, message: str) -> str:
        if not self._holds(run.id, run.number):
            return "lost"
        self._set(run.id, percent=f"{percent:g}", message=message, reported_at=now_ms())
        self._tell(run.id, "progress", percent=f"{percent:g}", message=message)
        return self.jobs[run.id].record.state

    def log(self, run: Run, message: str) -> str:
        if not self._holds(run.id, run.number):
            return "lost"
        self._tell(run.id, "log", percent="", message=message)
        return self.jobs[run.id].record.state

    def lose(self, worker: str, verdict: str, problem: str = LOST, name: str = "") -> str:
        job_id = self._held(worker)
        if not job_id:
            return "none"
        job = self.jobs[job_id].record
        if name and name != f"{job_id}-{job.run}":
            verdict = "again"
        self.front.add(job_id)
        if verdict == "cancelled" or job.state == "cancelling":
            self._finish(job_id, "cancelled")
        elif verdict == "failed":
            self._finish(job_id, "failed", error=problem)
        elif verdict == "again":
            self._run_again(job_id, 0, 0)
        else:
            self._give_up(job_id, problem, min(wire.LOST_DELAY_MS * 2 ** (job.attempt - 1), 60_000))
        return self.jobs[job_id].record.state

    def beat(self, worker: str) -> Beat:
        now, held = now_ms(), self._held(worker)
        if held:
            self.leases[held] = now + wire.LEASE_MS
        if now - self.last_beat > wire.LEASE_MS / 3:
            self.grace = now + wire.LEASE_MS // 3
        self.last_beat = now
        self._promote()
        lapsed = [job_id for job_id, until in self.leases.items() if until <= now] if now >= self.grace else []
        for job_id in lapsed:
            before = self.jobs[job_id].record.attempt - 1
            self.front.add(job_id)
            self._give_up(job_id, LOST, min(wire.LOST_DELAY_MS * 2**before, 60_000) if before else 0)
        job = self.jobs[held].record if held else None
        return Beat({f"{held}-{job.run}": job.state} if job else {}, len(lapsed), True)

    def expired(self, limit: int) -> Sequence[str]:
        ended = (job for job in (entry.record for entry in self.jobs.values()) if job.done and not job.buried)
        return [job.id for job in ended if job.expires_at <= now_ms()][:limit]

    def bury(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._set(job_id, **NOTHING, buried=1)
            self.drop_callback(job_id)

    def exists(self, job_id: str) -> bool:
        return job_id in self.jobs

    def open_jobs(self, page: int = 500) -> Iterator[list[tuple[str, str]]]:
        yield [(job_id, str(entry.record.run)) for job_id, entry in self.jobs.items() if not entry.record.done]

    def rescue(self, job_id: str, run: str) -> str:
        entry = self.jobs.get(job_id)
        if entry is None:
            return "forgotten"
        job, name = entry.record, f"{job_id}-{run}"
        if str(job.run) != run or name in self.queues[job.queue] or name in self.scheduled or job_id in self.leases:
            return "fine"
        if job.state == "queued":
            self._dispatch(job_id, job.run_at if job.run_at > now_ms() else 0)
            return "queued"
        if job.done:
            return "ended"
        self.front.add(job_id)
        self._give_up(job_id, LOST, wire.LOST_DELAY_MS)
        return "retried"

    def _tell(self, job_id: str, kind: str, **fields: str) -> None:
        history = self.history.setdefault(job_id, [])
        history.append(Event(f"{len(history) + 1}-0", kind, fields))

    def _set(self, job_id: str, **changes: object) -> None:
        entry = self.jobs[job_id]
        entry.record = replace(entry.record, **changes)  # type: ignore[arg-type]

    def _pace(self, queue: str) -> Pace:
        return Pace(self.head, 0, 0, 0.0, len(self.queues[queue]))

    def _holds(self, job_id: str, run: str) -> bool:
        job = self.jobs[job_id].record
        return job.state in ("running", "cancelling") and str(job.run) == run

    def _held(self, worker: str) -> str:
        states = ("running", "cancelling")
        found = (key for key, entry in self.jobs.items() if entry.worker == worker and entry.record.state in states)
        return next(found, "")

    def _run(self, job_id: str) -> Run:
        job, asked = self.jobs[job_id].record, self.jobs[job_id].submission
        limits = (job.attempt, job.max_attempts, asked.timeout)
        return Run(job_id, str(job.run), job.type, asked.input, *limits, job.trace)

    def _dispatch(self, job_id: str, due: int) -> None:
        job = self.jobs[job_id].record
        if due:
            self._set(job_id, run_at=due)
            self.scheduled[f"{job_id}-{job.run}"] = due
            return
        if job_id in self.front:
            self.front.remove(job_id)
            self._set(job_id, place=self.head, run_at=0)
            self.queues[job.queue].insert(0, f"{job_id}-{job.run}")
            return
        self.pushed += 1
        self._set(job_id, place=self.pushed, run_at=0, starts_at=now_ms())
        self.queues[job.queue].append(f"{job_id}-{job.run}")

    def _promote(self) -> None:
        for name in [name for name, due in self.scheduled.items() if due <= now_ms()]:
            del self.scheduled[name]
            self._dispatch(name.rsplit("-", 1)[0], 0)

    def _finish(self, job_id: str, state: str, **outcome: str) -> None:
        job, asked, now = self.jobs[job_id].record, self.jobs[job_id].submission, now_ms()
        self._leave(job_id)
        assert job.state not in TERMINAL
        self._set(
            job_id, state=state, finished_at=now, expires_at=now + asked.keep * 1000, place=0, run_at=0, **outcome
        )
        self.owe(job_id)
        if job_id in self.purging:
            self._purge(job_id)

    def _purge(self, job_id: str) -> None:
        self._set(job_id, **NOTHING, expires_at=now_ms(), purged=1)
        self.drop_callback(job_id)
        self.history.pop(job_id, None)

    def _leave(self, job_id: str) -> None:
        job = self.jobs[job_id].record
        name = f"{job_id}-{job.run}"
        self.jobs[job_id].worker = ""
        self.leases.pop(job_id, None)
        self.scheduled.pop(name, None)
        if name in self.queues[job.queue]:
            self.queues[job.queue].remove(name)

    def _run_again(self, job_id: str, burn: int, delay: int) -> None:
        job = self.jobs[job_id].record
        self._leave(job_id)
        self._set(job_id, state="queued", run=job.run + 1, attempt=job.attempt + burn, **NEWS)
        self._dispatch(job_id, now_ms() + delay if delay else 0)
        self._tell(job_id, "state", state="queued", attempt=str(job.attempt + burn))

    def _give_up(self, job_id: str, problem: str, delay: int) -> None:
        job = self.jobs[job_id].record
        if job.state == "cancelling":
            self._finish(job_id, "cancelled")
        elif job.attempt < job.max_attempts:
            self._run_again(job_id, 1, delay)
        else:
            self._finish(job_id, "failed", error=problem)


class Polling:
    """Watches jobs without a store that announces changes: whoever waits looks again soon."""

    @contextmanager
    def watch(self, job_id: str, left: Callable[[], bool] = bool) -> Iterator[Watch]:
        watch = Watch(Ending(), left=left)

        def wait(seconds: float) -> bool:
            time.sleep(min(seconds, 0.01))
            watch.topic.change()
            return True

        watch.ready.set()
        watch.wait = wait  # type: ignore[method-assign]
        yield watch


def _record(job: Submission, now: int) -> Record:
    return Record(
        id=job.id,
        type=job.type,
        state="queued",
        run=1,
        attempt=1,
        max_attempts=job.max_attempts,
        queue=job.queue,
        created_at=now,
        expected_ms=job.expected_ms,
        trace=job.trace,
        owner=job.owner,
        callback=job.callback,
        origins=job.origins,
    )
