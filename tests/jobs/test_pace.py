"""The timetable of a queue and what is learnt from runs, as the store keeps them: what estimates are made from."""

import time

import pytest

from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch, Outcome, Run
from services.jobs.estimate import Pace
from services.jobs.ids import new_id
from services.jobs.intake import Accepted, JobIntake, QueueFull, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record


def accept(client: Store, expected_ms: int = 0, kind: str = "t", **changes: object) -> Accepted:
    values: dict[str, object] = {"id": new_id(), "type": kind, "input": "{}", "max_attempts": 3, "timeout": 60}
    values |= {"keep": 60, "expected_ms": expected_ms, **changes}
    return JobIntake(client).accept(Submission(**values), 1_000)  # type: ignore[arg-type]


def starts(client: Store, *expected_ms: int) -> list[float]:
    """After how many seconds, from the first submission on, each of several jobs is to start."""
    taken = [accept(client, ms) for ms in expected_ms]
    return [round((one.record.starts_at - taken[0].now) / 1000, 1) for one in taken]


def register(client: Store, *names: str) -> None:
    client.sadd("rq:workers", *(f"rq:worker:{name}" for name in names))


def claim(client: Store, worker: str = "w") -> Run:
    [run] = JobDispatch(client).claim(worker)
    return run


def end(client: Store, run: Run, worker: str = "w", verdict: str = "succeeded") -> None:
    JobDispatch(client).publish(worker, run, Outcome(verdict=verdict, result="1"))


def work(client: Store, seconds: float) -> None:
    run = claim(client)
    time.sleep(seconds)
    end(client, run)


def read(client: Store, job_id: str) -> tuple[Record, Pace]:
    reading = JobReader(client).read(job_id)
    assert reading is not None and reading.record is not None and reading.pace is not None
    return reading.record, reading.pace


def pace(client: Store) -> Pace:
    found = accept(client, run_at=time.time_ns() // 1_000_000 + 60_000).pace
    assert found is not None
    return found


def test_one_worker_takes_jobs_one_after_another(client: Store) -> None:
    register(client, "a")
    assert starts(client, 2_000, 5_000, 1_000, 1_000) == [0, 2, 7, 8]


def test_two_workers_take_each_the_next_job_when_they_are_free(client: Store) -> None:
    register(client, "a", "b")
    assert starts(client, 2_000, 5_000, 1_000, 3_000, 1_000, 1_000) == [0, 0, 2, 3, 5, 6]


def test_without_a_worker_the_timetable_is_made_for_the_one_that_may_come(client: Store) -> None:
    assert starts(client, 2_000, 5_000, 1_000) == [0, 2, 7]


def test_what_is_read_later_says_the_same_as_the_reply_to_the_submission(client: Store) -> None:
    accept(client, 4_000)
    taken = accept(client, 3_000)
    assert taken.pace is not None
    record, seen = read(client, taken.record.id)
    assert (record.starts_at, record.expected_ms) == (taken.record.starts_at, 3_000)
    assert seen == taken.pace


def test_a_free_worker_takes_a_job_at_once_whatever_was_expected_of_those_before(client: Store) -> None:
    register(client, "a", "b")
    starts(client, 60_000, 60_000)
    for worker in ("a", "b"):
        end(client, claim(client, worker), worker)
    assert starts(client, 1_000, 1_000, 1_000) == [0, 0, 1]


def test_a_worker_that_is_busy_is_counted_on_when_its_job_should_end(client: Store) -> None:
    register(client, "a", "b")
    starts(client, 10_000, 60_000)
    claim(client, "a")
    end(client, claim(client, "b"), "b")
    first, second = accept(client, 5_000), accept(client, 5_000)
    assert (first.record.starts_at - first.now, round(second.record.starts_at - first.now, -3)) == (0, 5_000)


def wait_s(taken: Accepted) -> int:
    """After how many seconds, rounded, a job that was just accepted is to start."""
    return round((taken.record.starts_at - taken.now) / 1000)


def test_what_runs_for_another_queue_keeps_its_worker_busy_too(client: Store) -> None:
    register(client, "a", "b")
    starts(client, 10_000, 60_000)
    for worker in ("a", "b"):
        claim(client, worker)
    assert [wait_s(accept(client, 5_000, queue="high")) for _ in range(3)] == [10, 15, 20]


def test_a_job_that_is_being_stopped_keeps_no_worker_busy(client: Store) -> None:
    register(client, "a", "b")
    starts(client, 10_000, 60_000)
    JobIntake(client).cancel(claim(client, "a").id)
    claim(client, "b")
    assert [wait_s(accept(client, 5_000)) for _ in range(2)] == [0, 5]


def test_cancelled_jobs_are_forgotten_when_the_queue_was_empty(client: Store) -> None:
    register(client, "a")
    accept(client, 10_000)
    claim(client, "a")
    waiting = [accept(client, 60_000) for _ in range(5)]
    assert [wait_s(one) for one in waiting] == [10, 70, 130, 190, 250]
    for one in waiting:
        JobIntake(client).cancel(one.record.id)
    assert wait_s(accept(client, 1_000)) == 10


def test_how_late_the_queue_runs_is_known_from_its_last_claim(client: Store) -> None:
    register(client, "a")
    ids = [accept(client, 200).record.id for _ in range(3)]
    work(client, 0.5)
    claim(client)
    record, seen = read(client, ids[2])
    assert 250 <= seen.late_ms <= 1_500
    assert record.starts_at + seen.late_ms > record.created_at + 600


def test_a_queue_may_run_early(client: Store) -> None:
    register(client, "a")
    last = [accept(client, 5_000).record.id for _ in range(3)][-1]
    work(client, 0)
    claim(client)
    assert -5_000 <= read(client, last)[1].late_ms <= -4_000


def test_a_job_that_comes_while_the_queue_runs_late_is_not_to_start_before_it_came(client: Store) -> None:
    register(client, "a")
    for _ in range(2):
        accept(client, 1)
    work(client, 0.3)
    claim(client)
    taken = accept(client, 1)
    assert taken.pace is not None
    assert taken.record.starts_at + taken.pace.late_ms >= taken.now


def test_lateness_is_forgotten_when_a_worker_is_idle(client: Store) -> None:
    register(client, "a")
    for _ in range(2):
        accept(client, 1)
    work(client, 0.3)
    work(client, 0)
    assert pace(client).late_ms >= 200
    accept(client, 1)
    assert pace(client).late_ms == 0


def test_what_runs_take_is_learnt_by_type(client: Store) -> None:
    accept(client, kind="t")
    accept(client, kind="u")
    work(client, 0.2)
    work(client, 0)
    assert 200 <= pace(client).mean_ms <= 1_000


def test_a_job_without_an_estimate_is_expected_to_take_what_others_of_its_type_took(client: Store) -> None:
    accept(client)
    work(client, 0.3)
    job_id = accept(client).record.id
    assert read(client, job_id)[0].expected_ms == 0
    claim(client)
    assert 300 <= read(client, job_id)[0].expected_ms <= 1_000


def test_what_is_expected_of_a_running_job_stays_whatever_others_take(client: Store) -> None:
    accept(client)
    work(client, 0.1)
    job_id = accept(client).record.id
    claim(client, "first")
    before = read(client, job_id)[0]
    accept(client)
    work(client, 0.4)
    assert read(client, job_id)[0] == before


def test_how_far_off_expectations_are_is_learnt_in_thousandths(client: Store) -> None:
    accept(client, 2_000)
    work(client, 0)
    assert 0.9 <= pace(client).off <= 1.0
    for _ in range(12):
        accept(client, 1)
        work(client, 0)
    assert pace(client).off <= 0.1


def test_what_others_took_is_not_expected_of_a_job_if_their_times_differ_greatly(client: Store) -> None:
    for seconds in (0, 0.5, 0):
        accept(client)
        work(client, seconds)
    client.hset("cc:stats", "off:t", 501)
    job_id = accept(client).record.id
    run = claim(client)
    assert read(client, job_id)[0].expected_ms == 0
    end(client, run)
    assert pace(client).off < 0.501  # or it would never be trusted again


def test_one_surprise_is_enough_to_rely_on_expectations_no_more(client: Store) -> None:
    for expected_ms in (1, 1, 1, 20_000):
        accept(client, expected_ms)
        work(client, 0)
    assert pace(client).off >= 0.45


def test_nothing_is_learnt_from_a_run_that_failed(client: Store) -> None:
    accept(client, 2_000)
    end(client, claim(client), verdict="failed")
    seen = pace(client)
    assert (seen.mean_ms, seen.off) == (0, 0)


def test_an_ended_job_keeps_nothing_of_what_was_expected(client: Store) -> None:
    job_id = accept(client, 2_000).record.id
    work(client, 0)
    assert not client.hexists(f"cc:job:{job_id}", "starts_at") and not client.hexists(f"cc:job:{job_id}", "expected_ms")


def test_a_full_queue_is_worth_another_try_after_a_tenth_of_the_time_in_which_it_drains(client: Store) -> None:
    register(client, "a")
    starts(client, *[20_000] * 10)
    with pytest.raises(QueueFull) as refusal:
        JobIntake(client).accept(Submission(id=new_id(), type="t", input="{}", max_attempts=1, timeout=1, keep=1), 10)
    assert refusal.value.retry_after in (19, 20)
