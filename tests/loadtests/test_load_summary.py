"""The figures, the verdict and the summary of a load test."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from loadtests.errors import JobFailed, JobRefused, JobVanished
from loadtests.figures import Figures, take_figures
from loadtests.summary import MOST_PROBLEMS, summary, verdict


@dataclass
class Entry:
    """A row as locust keeps it."""

    num_requests: int
    num_failures: int = 0
    max_response_time: float = 30.0

    def get_response_time_percentile(self, share: float) -> float | None:
        return 30 * share if self.num_requests else None


@dataclass
class Error:
    """An error as locust keeps it: the exception itself, or its text when it comes from another process."""

    method: str
    name: str
    error: Exception | str
    occurrences: int

    def to_name(self) -> str:
        return f"{self.method} {self.name}: {self.error!r}"


@dataclass
class Stats:
    """Locust's statistics of a run of ten seconds."""

    entries: dict[tuple[str, str], Any]
    errors: dict[str, Any] = field(default_factory=dict)
    start_time: float = 100.0
    last_request_timestamp: float | None = 110.0


def figures(submitted: int, ended: int, *errors: Error, post_errors: int = 0) -> Figures:
    bad = sum(error.occurrences for error in errors)
    entries = {
        ("a", "job"): Entry(ended, bad),
        ("job", "GET"): Entry(3 * ended),
        ("a", "POST"): Entry(submitted + post_errors, post_errors),
    }
    return take_figures(Stats(entries, {str(number): error for number, error in enumerate(errors)}))


def test_a_run_without_trouble_passes() -> None:
    found = figures(20, 20)
    assert verdict(found, []) == []
    assert "PASSED: all 20 jobs came to their results" in summary("Load", found, [])
    assert (found.total.submitted, found.total.succeeded, found.total.unfinished) == (20, 20, 0)


def test_submissions_that_were_put_off_and_sent_again_count_once() -> None:
    assert figures(20, 20, post_errors=5).total.submitted == 20


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("problem", "counted", "said"),
    [
        (JobFailed("it raised"), "failed", "jobs that failed or were cancelled: 3"),
        (JobVanished("404"), "vanished", "jobs that vanished: 3"),
    ],
)
def test_a_job_with_a_bad_end_is_counted_and_fails_the_run(
    problem: Exception, counted: str, said: str, elsewhere: bool
) -> None:
    error = Error("job", "a", repr(problem) if elsewhere else problem, 3)
    found = figures(20, 20, error)
    assert getattr(found.total, counted) == 3
    assert found.total.succeeded == 17
    assert verdict(found, []) == [said]
    assert f"FAILED: {said}" in summary("Load", found, [said])


def test_a_job_that_could_not_be_submitted_fails_the_run() -> None:
    found = figures(19, 20, Error("job", "a", JobRefused("422"), 1), post_errors=1)
    assert (found.total.submitted, found.total.refused, found.total.unfinished) == (19, 1, 0)
    assert verdict(found, []) == ["jobs that could not be submitted: 1"]


def test_a_job_whose_end_was_not_awaited_fails_the_run() -> None:
    found = figures(20, 18)
    assert found.total.unfinished == 2
    assert verdict(found, []) == ["jobs that were still being followed when the test was cut off: 2"]


def test_a_run_without_jobs_does_not_pass() -> None:
    assert verdict(take_figures(Stats({}, last_request_timestamp=None)), []) == ["no job was submitted"]


def test_a_broken_threshold_fails_the_run() -> None:
    assert verdict(figures(20, 20), ["POST a: too slow"]) == ["POST a: too slow"]


def test_the_summary_shows_the_rate_and_each_row_with_its_percentiles() -> None:
    lines = summary("Load", figures(20, 20), []).splitlines()
    assert lines[0] == "Load: 10.0 s"
    job_types = [line.split() for line in lines if line.startswith(("a ", "all "))]
    assert job_types == [[name, "20", "20", "0", "0", "0", "0", "2.0"] for name in ("a", "all")]
    rows = [line.split() for line in lines if line.startswith(("POST ", "GET ", "job "))]
    assert rows == [
        ["POST", "a", "20", "0", "15", "28", "30", "30"],
        ["GET", "job", "60", "0", "15", "28", "30", "30"],
        ["job", "a", "20", "0", "15", "28", "30", "30"],
    ]


def test_the_most_frequent_errors_are_shown_first_and_only_so_many() -> None:
    errors = [Error("GET", "job", f"kind {number}", number) for number in range(1, MOST_PROBLEMS + 3)]
    text = summary("Load", take_figures(Stats({}, {error.to_name(): error for error in errors})), [])
    shown = [line.split() for line in text.splitlines() if " x " in line]
    assert [int(words[0]) for words in shown] == list(range(MOST_PROBLEMS + 2, 2, -1))
    assert "and 2 other kinds" in text
