from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jobs.estimate import LONGEST_WAIT_S, NO_PACE, STEP, VAGUE, Pace, finish_at, position, retry_after
from services.jobs.record import STATES, Record

START = 1_700_000_000_000
JOB = Record(
    id="x",
    type="t",
    state="queued",
    run=1,
    attempt=1,
    max_attempts=3,
    queue="default",
    created_at=START,
    place=14,
    starts_at=START + 2_000,
)
RUNNING = replace(JOB, state="running", started_at=START, place=0, expected_ms=3_000)
UNKNOWN = replace(RUNNING, expected_ms=0)
PACE = Pace(head=10, late_ms=0, mean_ms=3_000, off=0.0, depth=8)


def waits(job: Record, pace: Pace, *seconds: float) -> list[int]:
    return [retry_after(job, pace, START + round(second * 1000)) for second in seconds]


def follow(job: Record, pace: Pace, run_ms: int, steps: int = 0) -> tuple[int, float]:
    """How often a client asks that obeys, from the job's start on, and how late (s) it learns of the end."""
    now, polls = START + retry_after(job, pace, START) * 1000, 1
    while now < START + run_ms:
        done = (now - START) * steps // run_ms if steps else 0
        news = {"percent": f"{100 * done / steps:g}", "reported_at": START + done * run_ms // steps} if done else {}
        now, polls = now + retry_after(replace(job, **news), pace, now) * 1000, polls + 1
    return polls, (now - START - run_ms) / 1000


def test_the_position_is_counted_from_the_last_job_taken() -> None:
    assert position(JOB, PACE) == 4
    assert position(replace(JOB, place=11), PACE) == 1


def test_a_position_is_never_below_one_nor_beyond_the_queue() -> None:
    assert position(replace(JOB, place=5), PACE) == 1
    assert position(replace(JOB, place=100), PACE) == 8
    assert position(replace(JOB, place=100), replace(PACE, depth=0)) == 1


def test_a_queued_job_ends_a_run_after_its_start_in_the_timetable() -> None:
    assert finish_at(JOB, PACE, START) == START + 2_000 + 3_000


def test_when_the_queue_runs_late_or_early_so_do_the_jobs_in_it() -> None:
    assert finish_at(JOB, replace(PACE, late_ms=4_000), START) == START + 9_000
    assert finish_at(JOB, replace(PACE, late_ms=-1_500), START) == START + 4_000


def test_no_job_was_to_start_before_it_was_there() -> None:
    assert finish_at(JOB, replace(PACE, late_ms=-3_600_000), START + 1) == START + 3_000
    assert retry_after(JOB, replace(PACE, late_ms=-3_600_000), START + 1_000) == 4


def test_a_delayed_job_ends_a_run_after_it_is_due() -> None:
    delayed = replace(JOB, run_at=START + 50_000, starts_at=0)
    assert finish_at(delayed, PACE, START) == START + 53_000
    assert retry_after(delayed, PACE, START) == 54


def test_what_a_type_says_of_an_input_counts_more_than_what_other_jobs_took() -> None:
    assert finish_at(replace(JOB, expected_ms=20_000), PACE, START) == START + 22_000
    assert finish_at(replace(RUNNING, expected_ms=20_000), PACE, START) == START + 20_000


def test_a_running_job_without_progress_takes_as_long_as_was_expected_when_it_started() -> None:
    for pace in (PACE, NO_PACE, replace(PACE, mean_ms=9_000, off=3.0)):
        assert finish_at(RUNNING, pace, START + 1_000) == START + 3_000
    assert finish_at(replace(RUNNING, percent="0", reported_at=START + 10), PACE, START + 1_000) == START + 3_000


def test_a_running_job_goes_on_as_fast_as_its_progress_says_if_nothing_else_is_known() -> None:
    job = replace(UNKNOWN, percent="25", reported_at=START + 1_000)
    assert finish_at(job, NO_PACE, START + 1_500) == START + 4_000
    assert retry_after(job, NO_PACE, START + 1_500) == 3


def test_where_expectations_are_often_wrong_a_client_comes_back_by_what_the_progress_says() -> None:
    job = replace(RUNNING, expected_ms=20_000, percent="25", reported_at=START + 1_000)
    assert [retry_after(job, replace(PACE, off=off), START + 1_500) for off in (0, 0.3, 3)] == [15, 3, 3]


def test_progress_counts_the_more_the_farther_it_is() -> None:
    job = replace(RUNNING, expected_ms=10_000, percent="10", reported_at=START + 3_000)
    assert finish_at(job, PACE, START) == START + 12_000
    assert finish_at(replace(job, percent="90", reported_at=START + 27_000), PACE, START) == START + 28_000


@pytest.mark.parametrize(
    ("job", "pace"),
    [
        (UNKNOWN, PACE),
        (JOB, NO_PACE),
        (JOB, replace(PACE, off=0.6)),
        (replace(RUNNING, state="cancelling"), PACE),
    ],
    ids=["that nothing was expected of", "of a type that never ran", "whose type's runs differ", "being stopped"],
)
def test_nothing_is_said_of_a_job(job: Record, pace: Pace) -> None:
    assert finish_at(job, pace, START) == 0


def test_nothing_is_said_of_a_job_past_its_estimate() -> None:
    assert finish_at(RUNNING, PACE, START + 2_999) == START + 3_000
    assert finish_at(RUNNING, PACE, START + 3_000) == 0


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from([JOB, RUNNING]))
def test_time_alone_only_takes_an_estimate_away(earlier: int, later: int, job: Record) -> None:
    first, second = (finish_at(job, PACE, START + now) for now in sorted((earlier, later)))
    assert second in (first, 0)


def test_a_client_is_told_to_come_back_when_the_job_should_be_done() -> None:
    assert waits(RUNNING, PACE, 0, 1, 2.5, 2.9) == [4, 3, 1, 1]
    assert waits(replace(RUNNING, expected_ms=20_000), PACE, 0, 19.5) == [21, 1]


def test_a_client_of_a_queued_job_comes_back_a_little_before_the_timetable_says() -> None:
    assert retry_after(replace(JOB, starts_at=START + 20_000), PACE, START) == 22
    assert retry_after(replace(JOB, starts_at=START + 20_000), replace(PACE, off=0.5), START) == 10


def test_a_job_that_has_not_started_is_not_done_before_a_run_is_over() -> None:
    assert waits(replace(JOB, expected_ms=20_000), PACE, 2, 3, 10) == [21, 21, 21]


def test_a_queued_job_past_its_time_to_start_is_asked_about_ever_more_rarely() -> None:
    short = replace(JOB, expected_ms=100)
    assert waits(short, PACE, 2, 12, 42, 102, 10_000) == [1, 1, 6, 15, LONGEST_WAIT_S]


def test_past_its_estimate_a_job_is_asked_about_ever_more_rarely() -> None:
    assert waits(RUNNING, PACE, 4, 20, 60, 200, 10_000) == [1, 3, 9, 30, LONGEST_WAIT_S]


def test_where_expectations_are_often_wrong_the_first_look_is_early() -> None:
    job = replace(RUNNING, expected_ms=20_000)
    assert [retry_after(job, replace(PACE, off=off), START) for off in (0.04, 0.1, 0.25, 0.5, 3)] == [21, 16, 10, 1, 1]


def test_a_job_that_is_being_stopped_is_asked_about_every_second() -> None:
    assert waits(replace(RUNNING, state="cancelling"), PACE, 1, 50) == [1, 1]


@pytest.mark.parametrize("run_ms", [100, 1_000, 5_000, 20_000, 59_000])
@pytest.mark.parametrize("steps", [0, 20])
@pytest.mark.parametrize("known", [True, False], ids=["from an estimate", "from earlier jobs"])
def test_an_expected_run_is_asked_about_at_most_thrice_and_its_end_learnt_within_a_second(
    run_ms: int, steps: int, known: bool
) -> None:
    took = run_ms + 6
    job = replace(RUNNING, expected_ms=run_ms if known else took)
    polls, lag = follow(job, replace(PACE, mean_ms=7_777 if known else took, off=0.004), took, steps)
    assert polls <= 3 and lag <= 1.0


@pytest.mark.parametrize("run_ms", [100, 1_000, 5_000, 20_000, 59_000])
def test_progress_alone_does_for_a_type_that_never_ran(run_ms: int) -> None:
    polls, lag = follow(UNKNOWN, NO_PACE, run_ms, 20)
    assert polls <= 4 and lag <= 1.0


@given(st.integers(0, 300_000), st.integers(0, 60_000), st.floats(0.3, 5))
def test_the_end_of_a_run_of_which_nothing_reliable_is_known_is_learnt_within_a_part_of_it(
    run_ms: int, mean: int, off: float
) -> None:
    job = replace(UNKNOWN, expected_ms=min(mean, run_ms) if off <= VAGUE else 0)
    polls, lag = follow(job, Pace(0, 0, mean, off, 0), run_ms)
    assert lag <= max(1.0, STEP * run_ms / 1000)
    assert polls <= 40


@given(
    st.sampled_from(STATES),
    st.integers(0, 10**9),
    st.integers(-(10**7), 10**7),
    st.integers(0, 10**10),
    st.sampled_from(["", "0", "0.1", "1e-05", "50", "100"]),
    st.floats(0, 100),
)
def test_a_wait_is_always_from_one_second_to_a_minute(
    state: str, ahead: int, late: int, later: int, done: str, off: float
) -> None:
    job = replace(JOB, state=state, starts_at=START + ahead, percent=done, reported_at=START + 5)
    job = replace(job, started_at=START if state == "running" else 0)
    assert 1 <= retry_after(job, Pace(0, late, 1_000, off, 10**6), START + later) <= LONGEST_WAIT_S


def test_a_pace_is_read_from_the_stores_reply_with_gaps() -> None:
    assert Pace.from_reply([b"3", b"-250", b"90", b"15", 7]) == Pace(3, -250, 90, 0.015, 7)
    assert Pace.from_reply([None, None, None, None, 0]) == NO_PACE
