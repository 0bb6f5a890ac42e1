"""What a store promises: every test here runs on the real store and on its in-memory twin."""

import time
from collections.abc import Iterator

import pytest

from services.jobs import dispatch as wire
from services.jobs.connection import Store
from services.jobs.deliveries import JobOutbox
from services.jobs.dispatch import JobDispatch, Outcome, Run
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, KeyReused, QueueFull, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record
from tests.memory_store import MemoryStore


class RealStore(JobIntake, JobDispatch, JobReader, JobOutbox):
    """All that the services do with the store, in one object as the twin has it."""

    def __init__(self, client: Store) -> None:
        JobOutbox.__init__(self, client)


@pytest.fixture(params=["real", "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[RealStore | MemoryStore]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        client: Store = request.getfixturevalue("client")
        yield RealStore(client)


def submission(**changes: object) -> Submission:
    values = {"id": new_id(), "type": "t", "input": "{}", "max_attempts": 3, "timeout": 60, "keep": 60}
    return Submission(**{**values, **changes})  # type: ignore[arg-type]


def succeeded(result: str = '{"a":1}') -> Outcome:
    return Outcome(verdict="succeeded", result=result)


class TestStore:
    store: RealStore | MemoryStore

    @pytest.fixture(autouse=True)
    def _use(self, store: RealStore | MemoryStore) -> None:
        self.store = store

    def accept(self, **changes: object) -> str:
        return self.store.accept(submission(**changes), 100).record.id

    def job(self, job_id: str) -> Record:
        reading = self.store.read(job_id)
        assert reading is not None and reading.record is not None
        return reading.record

    def claim(self, worker: str = "w") -> Run:
        [run] = self.store.claim(worker)
        return run

    def publish(self, run: Run, outcome: Outcome, worker: str = "w") -> bool:
        return self.store.publish(worker, run, outcome)[0]

    def claim_when_due(self, worker: str = "w") -> Run:
        for _ in range(100):
            if runs := self.store.claim(worker):
                return runs[0]
            time.sleep(0.02)
        raise AssertionError("no job came due")

    def test_an_accepted_job_is_queued_and_can_be_read(self) -> None:
        job = self.job(self.accept())
        assert (job.state, job.attempt, job.run, job.place) == ("queued", 1, 1, 1)

    def test_a_job_that_never_was_is_not_found(self) -> None:
        assert self.store.read(new_id()) is None

    def test_accepting_the_same_job_twice_makes_one_job(self) -> None:
        asked = submission()
        self.store.accept(asked, 100)
        assert self.store.accept(asked, 100).record.id == asked.id
        self.publish(self.claim(), succeeded())
        assert self.store.claim("w") == []

    def test_the_same_idempotency_key_gives_the_first_job_again(self) -> None:
        first = self.store.accept(submission(idempotency_key="k", fingerprint="f"), 100)
        second = self.store.accept(submission(idempotency_key="k", fingerprint="f"), 100)
        assert (first.replayed, second.replayed) == (False, True)
        assert second.record.id == first.record.id

    def test_the_same_key_with_another_payload_is_refused(self) -> None:
        self.accept(idempotency_key="k", fingerprint="f")
        with pytest.raises(KeyReused):
            self.accept(idempotency_key="k", fingerprint="g")

    def test_the_same_key_for_another_type_or_owner_is_another_key(self) -> None:
        ids = {
            self.accept(idempotency_key="k", fingerprint="f"),
            self.accept(idempotency_key="k", fingerprint="f", type="u"),
            self.accept(idempotency_key="k", fingerprint="f", owner="o"),
        }
        assert len(ids) == 3

    def test_a_full_queue_refuses_and_keeps_nothing(self) -> None:
        self.store.accept(submission(), 1)
        asked = submission(idempotency_key="k", fingerprint="f")
        with pytest.raises(QueueFull) as refusal:
            self.store.accept(asked, 1)
        assert refusal.value.retry_after >= 1
        assert self.store.read(asked.id) is None
        self.claim()
        assert self.store.accept(asked, 1).replayed is False

    def test_jobs_are_claimed_in_the_order_of_their_queues_and_arrival(self) -> None:
        low, first, second, high = (self.accept(queue=name) for name in ("low", "default", "default", "high"))
        assert [self.claim(str(number)).id for number in range(4)] == [high, first, second, low]

    def test_a_claimed_job_is_running_and_nobody_elses(self) -> None:
        job_id = self.accept()
        self.claim()
        assert self.job(job_id).state == "running"
        assert self.job(job_id).started_at > 0
        assert self.store.claim("other") == []

    def test_a_worker_that_claims_again_gets_the_job_it_holds(self) -> None:
        self.accept()
        self.accept()
        assert self.claim() == self.claim()

    def test_publishing_a_result_ends_the_job_and_hands_out_the_next(self) -> None:
        first, second = self.accept(), self.accept()
        heard, following = self.store.publish("w", self.claim(), succeeded(), then_claim=1)
        assert heard and [run.id for run in following] == [second]
        job = self.job(first)
        assert (job.state, job.result, job.done) == ("succeeded", '{"a":1}', True)
        assert job.expires_at == job.finished_at + 60_000

    def test_a_result_published_again_is_heard_once(self) -> None:
        job_id = self.accept()
        run = self.claim()
        assert self.publish(run, succeeded())
        finished = self.job(job_id)
        assert self.publish(run, succeeded("2"))
        assert self.job(job_id) == finished

    def test_a_late_result_changes_nothing(self) -> None:
        job_id = self.accept()
        old = self.claim()
        self.store.lose("w", "again")
        new = self.claim("other")
        assert not self.publish(old, succeeded("1"))
        assert self.job(job_id).state == "running"
        assert self.publish(new, succeeded("2"), "other")
        assert not self.publish(old, Outcome(verdict="failed", problem="{}"))
        assert self.job(job_id).result == "2"

    def test_a_failed_attempt_is_tried_again_after_its_delay(self) -> None:
        job_id = self.accept()
        self.publish(self.claim(), Outcome(verdict="retry", problem="{}", delay=0.15))
        assert (self.job(job_id).state, self.job(job_id).attempt) == ("queued", 2)
        assert self.store.claim("w") == []
        run = self.claim_when_due()
        assert (run.id, run.attempt, run.number) == (job_id, 2, "2")

    def test_the_last_attempt_ends_as_failed_with_its_problem(self) -> None:
        job_id = self.accept(max_attempts=1)
        self.publish(self.claim(), Outcome(verdict="retry", problem='{"p":1}'))
        assert (self.job(job_id).state, self.job(job_id).error) == ("failed", '{"p":1}')

    def test_a_job_handed_back_burns_no_attempt(self) -> None:
        job_id = self.accept()
        self.claim()
        assert self.store.lose("w", "again") == "queued"
        assert (self.job(job_id).attempt, self.job(job_id).run) == (1, 2)
        assert self.claim().attempt == 1

    def test_a_lost_worker_costs_its_job_one_attempt(self) -> None:
        job_id = self.accept()
        self.claim()
        assert self.store.lose("w", "retry") == "queued"
        assert self.claim_when_due().attempt == 2
        assert self.store.lose("nobody", "retry") == "none"
        assert self.job(job_id).state == "running"

    def test_the_pause_before_a_lost_job_runs_again_doubles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LOST_DELAY_MS", 50)
        job_id = self.accept(max_attempts=5)
        for pause in (50, 100, 200):
            self.claim_when_due()
            before = time.time_ns() // 1_000_000
            self.store.lose("w", "retry")
            assert before + pause <= self.job(job_id).run_at <= time.time_ns() // 1_000_000 + pause

    def test_a_job_that_lost_its_worker_is_the_next_and_one_that_raised_goes_to_the_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wire, "LOST_DELAY_MS", 1)
        lost, raised, handed_back, waiting = (self.accept() for _ in range(4))
        self.claim("lost")
        self.publish(self.claim("raised"), Outcome(verdict="retry", problem="{}"), "raised")
        self.claim("drained")
        self.store.lose("drained", "again")
        self.store.lose("lost", "retry")
        time.sleep(0.01)
        assert [self.claim(str(number)).id for number in range(4)] == [lost, handed_back, waiting, raised]

    def test_others_run_while_a_job_that_was_lost_again_and_again_pauses(self) -> None:
        poison, waiting = self.accept(), self.accept()
        assert self.claim().id == poison
        self.store.lose("w", "retry")
        assert self.claim().id == waiting
        assert self.store.claim("other") == []

    def test_a_verdict_on_one_run_is_not_carried_out_on_the_next(self) -> None:
        job_id = self.accept()
        self.claim()
        for verdict in ("cancelled", "failed", "retry"):
            assert self.store.lose("w", verdict, name="another-1") == "queued"
            assert (self.job(job_id).attempt, self.claim().id) == (1, job_id)
        assert self.store.lose("w", "cancelled", name=f"{job_id}-4") == "cancelled"

    def test_a_job_lost_in_every_attempt_fails_as_worker_lost(self) -> None:
        job_id = self.accept(max_attempts=1)
        self.claim()
        assert self.store.lose("w", "retry") == "failed"
        assert '"origin":"worker-lost"' in self.job(job_id).error

    def test_a_queued_job_that_is_cancelled_never_starts(self) -> None:
        job_id = self.accept()
        found = self.store.cancel(job_id)
        assert found is not None and found[0] == "queued" and found[1].state == "cancelled"
        assert self.store.claim("w") == []

    def test_a_scheduled_job_that_is_cancelled_never_starts(self) -> None:
        job_id = self.accept(run_at=time.time_ns() // 1_000_000 + 50)
        self.store.cancel(job_id)
        time.sleep(0.1)
        assert self.store.claim("w") == []
        assert self.job(job_id).state == "cancelled"

    def test_a_running_job_that_is_cancelled_is_asked_to_stop(self) -> None:
        job_id = self.accept()
        run = self.claim()
        found = self.store.cancel(job_id)
        assert found is not None and found[1].state == "cancelling"
        assert self.store.progress(run, 50, "") == "cancelling"
        assert self.store.lose("w", "retry") == "cancelled"

    def test_a_job_that_was_asked_to_stop_ends_as_cancelled_whatever_it_publishes(self) -> None:
        for outcome in (succeeded(), Outcome(verdict="failed", problem="{}"), Outcome(verdict="retry", problem="{}")):
            job_id = self.accept()
            run = self.claim()
            self.store.cancel(job_id)
            assert self.publish(run, outcome)
            assert (self.job(job_id).state, self.job(job_id).result) == ("cancelled", "")

    def test_an_ended_job_stays_as_it_is_when_cancelled(self) -> None:
        job_id = self.accept()
        self.publish(self.claim(), succeeded())
        found = self.store.cancel(job_id)
        assert found is not None and found[0] == "succeeded" and found[1].state == "succeeded"

    def test_cancelling_what_is_not_there_or_another_owners_finds_nothing(self) -> None:
        assert self.store.cancel(new_id()) is None
        assert self.store.cancel(self.accept(owner="a"), "b") is None

    def test_a_delayed_job_waits_until_it_is_due(self) -> None:
        job_id = self.accept(run_at=time.time_ns() // 1_000_000 + 150)
        assert self.store.claim("w") == []
        assert self.job(job_id).run_at > 0
        assert self.claim_when_due().id == job_id
        assert self.job(job_id).run_at == 0

    def test_progress_is_kept_only_for_the_run_that_holds_the_job(self) -> None:
        job_id = self.accept()
        run = self.claim()
        assert self.store.progress(run, 12.5, "going") == "running"
        assert (self.job(job_id).percent, self.job(job_id).message) == ("12.5", "going")
        self.store.lose("w", "again")
        assert self.store.progress(run, 99, "late") == "lost"
        assert self.store.log(run, "late") == "lost"
        assert self.job(job_id).percent == ""

    def test_the_etag_of_a_finished_job_saves_reading_it(self) -> None:
        job_id = self.accept()
        self.publish(self.claim(), succeeded())
        job = self.job(job_id)
        same = self.store.read(job_id, f"{job.finished_at}-{job.run}")
        assert same is not None and same.record is None and same.expires_at == job.expires_at
        other = self.store.read(job_id, "another")
        assert other is not None and other.record == job

    def test_a_lease_that_runs_out_gives_the_job_to_another_worker(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 150)
        job_id = self.accept()
        self.store.beat("other")
        frozen = self.claim("frozen")
        for _ in range(100):
            self.store.beat("other")
            if self.job(job_id).state == "queued":
                break
            time.sleep(0.02)
        assert self.claim_when_due("other").attempt == 2
        assert not self.publish(frozen, succeeded(), "frozen")

    def test_a_lapsed_lease_was_pause_enough_the_first_time_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 60)
        job_id = self.accept()
        delayed = []
        for attempt in (1, 2):
            self.claim_when_due(f"frozen-{attempt}")
            for _ in range(200):
                self.store.beat("other")
                if self.job(job_id).state == "queued":
                    break
                time.sleep(0.01)
            delayed.append(self.job(job_id).run_at > 0)
        assert delayed == [False, True]

    def test_a_heartbeat_keeps_the_lease(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 150)
        job_id = self.accept()
        run = self.claim()
        for _ in range(20):
            beat = self.store.beat("w")
            time.sleep(0.02)
        assert (beat.held, beat.taken_up) == ({f"{job_id}-{run.number}": "running"}, 0)

    def test_after_a_time_without_heartbeats_leases_get_their_time_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 150)
        job_id = self.accept()
        self.store.beat("other")
        self.claim()
        time.sleep(0.4)
        assert self.store.beat("other").taken_up == 0
        assert list(self.store.beat("w").held.values()) == ["running"]
        assert self.job(job_id).attempt == 1

    def test_expired_jobs_become_tombstones(self) -> None:
        job_id = self.accept(keep=0)
        self.publish(self.claim(), succeeded())
        time.sleep(1.05)  # the store's clock is asked in whole seconds
        assert list(self.store.expired(10)) == [job_id]
        self.store.bury([job_id])
        assert list(self.store.expired(10)) == []
        reading = self.store.read(job_id)
        assert reading is not None and reading.gone and reading.record is not None
        assert (reading.record.state, reading.record.result) == ("succeeded", "")
        assert self.store.exists(job_id) and not self.store.exists(new_id())

    def test_open_jobs_are_listed_until_they_end(self) -> None:
        ended, waiting = self.accept(), self.accept()
        self.publish(self.claim(), succeeded())
        assert [job for page in self.store.open_jobs() for job in page] == [(waiting, "1")]
        assert ended != waiting

    def test_a_job_that_is_where_it_should_be_needs_no_rescue(self) -> None:
        queued, delayed = self.accept(), self.accept(run_at=time.time_ns() // 1_000_000 + 60_000)
        assert self.store.rescue(queued, "1") == "fine"
        assert self.store.rescue(delayed, "1") == "fine"
        self.claim()
        assert self.store.rescue(queued, "1") == "fine"
        assert self.store.rescue(new_id(), "1") == "forgotten"

    def kinds(self, job_id: str, last: str = "") -> list[str]:
        found = self.store.events(job_id, last)
        assert found is not None
        return [event.kind for event in found[1]]

    def test_the_history_of_a_job_can_be_taken_up_where_it_was_left(self) -> None:
        job_id = self.accept()
        run = self.claim()
        self.store.progress(run, 50, "half")
        self.store.log(run, "a line")
        found = self.store.events(job_id, "")
        assert found is not None
        assert [event.kind for event in found[1]] == ["state", "progress", "log"]
        assert found[1][1].fields["percent"] == "50"
        assert self.kinds(job_id, found[1][1].id) == ["log"]
        self.publish(run, succeeded())
        assert self.kinds(job_id) == ["state", "progress", "log"]

    def test_a_retry_is_part_of_the_history(self) -> None:
        job_id = self.accept()
        self.claim()
        self.store.lose("w", "again")
        found = self.store.events(job_id, "")
        assert found is not None
        assert [event.fields["state"] for event in found[1]] == ["running", "queued"]

    def test_there_is_no_history_of_a_job_that_never_was(self) -> None:
        assert self.store.events(new_id(), "") is None
