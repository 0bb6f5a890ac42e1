from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jobs.estimate import LONGEST_WAIT_S, NO_PACE, UNKNOWN_RUN_MS, Pace, finish_at, position, retry_after
from services.jobs.record import STATES, Record

START = 1_700_000_000_000
JOB = Record(
    id="x", type="t", state="queued", run=1, attempt=1, max_attempts=3, queue="default", created_at=START, place=14
)
RUNNING = replace(JOB, state="running", started_at=START, place=0)
PACE = Pace(head=10, gap_ms=500, claimed_at=START, mean_ms=3_000, depth=8)


def test_the_position_is_counted_from_the_last_job_taken() -> None:
    assert position(JOB, PACE) == 4
    assert position(replace(JOB, place=11), PACE) == 1


def test_a_position_is_never_below_one_nor_beyond_the_queue() -> None:
    assert position(replace(JOB, place=5), PACE) == 1
    assert position(replace(JOB, place=100), PACE) == 8
    assert position(replace(JOB, place=100), replace(PACE, depth=0)) == 1


def test_a_queued_job_ends_after_those_before_it_and_its_own_run() -> None:
    assert finish_at(JOB, PACE, START) == START + 4 * 500 + 3_000


def test_a_delayed_job_ends_a_run_after_it_is_due() -> None:
    assert finish_at(replace(JOB, run_at=START + 60_000), PACE, START) == START + 63_000


def test_a_running_job_goes_on_as_fast_as_its_progress_says() -> None:
    job = replace(RUNNING, percent="25", reported_at=START + 1_000)
    assert finish_at(job, PACE, START + 1_500) == START + 4_000


def test_a_running_job_without_progress_takes_as_long_as_others_of_its_type() -> None:
    assert finish_at(RUNNING, PACE, START + 1_000) == START + 3_000
    assert finish_at(replace(RUNNING, percent="0", reported_at=START + 10), PACE, START + 1_000) == START + 3_000


def test_nothing_is_said_of_a_job_past_its_estimate() -> None:
    assert finish_at(RUNNING, PACE, START + 3_000) == 0


def test_a_client_is_told_to_come_back_when_the_job_should_be_done() -> None:
    assert retry_after(JOB, PACE, START) == 5
    assert retry_after(JOB, PACE, START + 4_001) == 1


def test_past_its_estimate_a_job_is_asked_about_ever_more_rarely() -> None:
    waits = [retry_after(RUNNING, PACE, START + seconds * 1000) for seconds in (4, 20, 60, 200, 10_000)]
    assert waits == [1, 3, 9, 30, LONGEST_WAIT_S]


@given(
    st.sampled_from(STATES),
    st.integers(0, 10**9),
    st.integers(0, 10**7),
    st.integers(0, 10**10),
    st.sampled_from(["", "0", "0.1", "1e-05", "50", "100"]),
)
def test_a_wait_is_always_from_one_second_to_a_minute(state: str, place: int, gap: int, later: int, done: str) -> None:
    job = replace(JOB, state=state, place=place, percent=done, reported_at=START + 5, run_at=0)
    job = replace(job, started_at=START if state == "running" else 0)
    pace = Pace(0, gap, START, 1_000, 10**6)
    assert 1 <= retry_after(job, pace, START + later) <= LONGEST_WAIT_S


def test_a_pace_is_read_from_the_stores_reply_with_gaps() -> None:
    assert Pace.from_reply([b"3", b"250", b"1700000000000", b"90", 7]) == Pace(3, 250, START, 90, 7)
    assert Pace.from_reply([None, None, None, None, 0]) == Pace(0, 0, 0, UNKNOWN_RUN_MS, 0) == NO_PACE


@pytest.mark.parametrize("state", ["running", "cancelling"])
def test_a_running_job_is_estimated_without_a_queue(state: str) -> None:
    assert finish_at(replace(RUNNING, state=state), NO_PACE, START) == START + UNKNOWN_RUN_MS
