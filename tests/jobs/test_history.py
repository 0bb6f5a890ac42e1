"""Whatever happens to jobs, in whatever order: each one's history goes one way, on the real store and on its twin."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.jobs import dispatch as wire
from services.jobs.connection import Store
from services.jobs.dispatch import Outcome, Run
from services.jobs.intake import KeyReused
from services.jobs.record import Record
from services.worker.audit import Audit
from tests import memory_store
from tests.jobs.test_store import RealStore, submission
from tests.memory_store import MemoryStore

LEASE_MS, LOST_DELAY_MS = 30, 1
MOST_ATTEMPTS, MOST_OPEN = 3, 3
"""Few jobs at a time, so that much happens to each."""
WORKERS = st.sampled_from(["w1", "w2", "w3"])
KEYS = st.sampled_from(["", "k1", "k2", "k3"])
VERDICTS = st.sampled_from(["succeeded", "failed", "retry"])
ANY = st.one_of(st.just(0), st.integers(0, 20))
"""Which job or run, counted from the newest: a number, so that choices do not depend on what the store did."""

MAY_BECOME = {
    "queued": {"queued", "running", "cancelled"},
    "running": {"running", "queued", "cancelling", "succeeded", "failed", "cancelled"},
    "cancelling": {"cancelling", "cancelled"},
}
OUTCOME = ("result", "result_key", "error", "files")


class History(RuleBasedStateMachine):
    """Submits, workers and sweeps jobs in any order. After each step every job is compared with what it was before."""

    def __init__(
        self, store: RealStore | MemoryStore, difference: Callable[[], int], wait: Callable[[int], None]
    ) -> None:
        super().__init__()
        self.store, self.difference, self.wait = store, difference, wait
        self.keys: dict[str, str] = {}
        self.seen: dict[str, Record] = {}
        self.told: dict[str, list[str]] = {}
        self.runs: list[tuple[str, Run]] = []
        self.holders: dict[tuple[str, str], str] = {}
        self.endings: dict[str, list[str]] = {}

    @rule(key=KEYS, keep=st.sampled_from([60, 60, 0]), delay=st.sampled_from([0, 20]))
    def submit(self, key: str, keep: int, delay: int) -> None:
        if not key and sum(not job.done for job in self.seen.values()) >= MOST_OPEN:
            return
        due = memory_store.now_ms() + delay if delay else 0
        asked = submission(
            owner="o", idempotency_key=key, fingerprint="f", keep=keep, max_attempts=MOST_ATTEMPTS, run_at=due
        )
        accepted = self.store.accept(asked, 1_000)
        assert accepted.replayed == (key in self.keys)
        assert accepted.record.id == self.keys.get(key, asked.id)
        if key:
            self.keys[key] = accepted.record.id
        self.seen.setdefault(accepted.record.id, self.job(accepted.record.id))

    @rule(key=KEYS.filter(bool))
    def submit_another_payload(self, key: str) -> None:
        if key in self.keys:
            with pytest.raises(KeyReused):
                self.store.accept(submission(owner="o", idempotency_key=key, fingerprint="g"), 1_000)

    @rule(worker=WORKERS)
    def claim(self, worker: str) -> None:
        for run in self.store.claim(worker, 3):
            self.take(worker, run)

    def take(self, worker: str, run: Run) -> None:
        assert self.holders.setdefault((run.id, run.number), worker) == worker, "one run was given to two workers"
        assert run.attempt <= run.max_attempts == MOST_ATTEMPTS
        if (worker, run) not in self.runs:
            self.runs.append((worker, run))

    @rule(which=ANY, verdict=VERDICTS)
    def publish(self, which: int, verdict: str) -> None:
        """In time, late, again, and again with something else."""
        if not self.runs:
            return
        worker, run = self.runs[-1 - which % len(self.runs)]
        before, name = self.job(run.id), f'{{"n":{sum(map(len, self.endings.values()))}}}'
        texts = {"succeeded": {"result": name}, "failed": {"problem": name}, "retry": {"problem": name}}[verdict]
        heard, _ = self.store.publish(worker, run, Outcome(verdict=verdict, **texts))
        holds = before.state in ("running", "cancelling") and str(before.run) == run.number
        repeated = before.state == verdict and str(before.run) == run.number
        assert heard == (holds or repeated)
        if not before.done and self.job(run.id).done:
            self.endings.setdefault(run.id, []).append(run.number)

    @rule(which=ANY, percent=st.integers(0, 100))
    def report(self, which: int, percent: int) -> None:
        if self.runs:
            _, run = self.runs[-1 - which % len(self.runs)]
            job = self.job(run.id)
            held = job.state in ("running", "cancelling") and str(job.run) == run.number
            assert self.store.progress(run, percent, "m") == (job.state if held else "lost")

    @rule(worker=WORKERS, verdict=st.sampled_from(["retry", "failed", "cancelled", "again"]))
    def lose(self, worker: str, verdict: str) -> None:
        self.store.lose(worker, verdict)

    @rule(which=ANY, purge=st.booleans())
    def cancel(self, which: int, purge: bool) -> None:
        if self.seen:
            job = self.some_job(which)
            found = self.store.cancel(job.id, "o", purge=purge)
            assert found is not None and found[0] in (job.state, "gone")

    @rule(worker=WORKERS)
    def beat(self, worker: str) -> None:
        self.store.beat(worker)

    @rule()
    def leases_run_out(self) -> None:
        """No worker is heard of for longer than a lease; one that holds nothing notices once all had time to."""
        self.wait(LEASE_MS + 10)
        for _ in range(6):
            self.store.beat("observer")
            self.wait(LEASE_MS // 12)

    @rule()
    def bury(self) -> None:
        self.store.bury(self.store.expired(100))

    @rule(which=ANY)
    def rescue(self, which: int) -> None:
        """The audit looks closely at a job: none that is well may be touched."""
        if self.seen:
            job = self.some_job(which)
            assert self.store.rescue(job.id, str(job.run)) == ("ended" if job.done else "fine")

    @rule(milliseconds=st.sampled_from([1, 5, 25]))
    def time_passes(self, milliseconds: int) -> None:
        self.wait(milliseconds)

    def job(self, job_id: str) -> Record:
        reading = self.store.read(job_id)
        assert reading is not None and reading.record is not None, "an accepted job is not there"
        return reading.record

    def some_job(self, which: int) -> Record:
        return self.job(list(self.seen)[-1 - which % len(self.seen)])

    @invariant()
    def every_history_goes_one_way(self) -> None:
        for job_id, before in self.seen.items():
            now = self.job(job_id)
            _check_done(before, now) if before.done else _check_open(before, now)
            assert (now.type, now.owner, now.created_at) == (before.type, before.owner, before.created_at)
            assert now.attempt <= now.max_attempts
            self.seen[job_id] = now

    @invariant()
    def what_was_told_stays_told(self) -> None:
        for job_id in self.seen:
            found = self.store.events(job_id, "")
            assert found is not None
            ids = [event.id for event in found[1]]
            before = self.told.get(job_id, [])
            assert ids[: len(before)] == before or (self.job(job_id).done and not ids), (
                "events were changed or taken back"
            )
            assert len(set(ids)) == len(ids)
            self.told[job_id] = ids

    @invariant()
    def each_job_ends_by_one_run_at_most_and_is_listed_once(self) -> None:
        assert all(len(runs) == 1 for runs in self.endings.values())
        listed = [job.id for job, _ in self.store.list_jobs("o", 1_000).jobs]
        assert len(set(listed)) == len(listed)
        assert set(listed) <= set(self.seen)
        assert {job_id for job_id in self.seen if not self.job(job_id).done} <= set(listed)

    @invariant()
    def every_open_job_is_somewhere(self) -> None:
        assert self.difference() == 0


def _check_open(before: Record, now: Record) -> None:
    assert now.state in MAY_BECOME[before.state], f"{before.state} became {now.state}"
    again = before.state == "running" and now.state == "queued"
    assert now.run == before.run + (1 if again else 0)
    assert before.attempt <= now.attempt <= before.attempt + (1 if again else 0)
    if now.done and not (now.purged or now.buried):
        assert (now.state == "succeeded") == bool(now.result or now.result_key)
        assert (now.state == "failed") == bool(now.error)


def _check_done(before: Record, now: Record) -> None:
    """What has ended stays as it is; only its outcome is removed, by a purge or once its time is up."""
    gone = now.purged or now.buried
    for name in OUTCOME:
        assert getattr(now, name) in (getattr(before, name), *([""] if gone else []))
    assert now.expires_at <= before.expires_at
    assert (now.purged, now.buried) >= (before.purged, before.buried)
    free = dict.fromkeys((*OUTCOME, "trace", "percent", "message"), "")
    same = {**free, "expires_at": 0, "purged": 0, "buried": 0}
    assert replace(now, **same) == replace(before, **same)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _short_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LEASE_MS", LEASE_MS)
    monkeypatch.setattr(wire, "LOST_DELAY_MS", LOST_DELAY_MS)


def test_every_jobs_history_goes_one_way_on_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000]

    def now_ms() -> int:
        clock[0] += 1
        return clock[0]

    monkeypatch.setattr(memory_store, "now_ms", now_ms)

    def wait(milliseconds: int) -> None:
        clock[0] += milliseconds

    def make() -> History:
        store = MemoryStore()

        def difference() -> int:
            placed = sum(map(len, store.queues.values())) + len(store.scheduled) + len(store.leases)
            return sum(not entry.record.done for entry in store.jobs.values()) - placed

        return History(store, difference, wait)

    run_state_machine_as_test(make, settings=settings(max_examples=1_000, stateful_step_count=40, deadline=None))


def test_every_jobs_history_goes_one_way_on_the_real_store(client: Store) -> None:
    def make() -> History:
        client.flushall()
        store = RealStore(client)
        return History(store, Audit(store, client).difference, lambda milliseconds: time.sleep(milliseconds / 1000))

    # what fails is shown as it was found: where time passes, to look for the shortest way there takes minutes
    once = settings(max_examples=120, stateful_step_count=40, deadline=None, phases=[Phase.reuse, Phase.generate])
    run_state_machine_as_test(make, settings=once)
