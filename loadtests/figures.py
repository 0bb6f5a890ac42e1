"""The figures of a load test, taken from locust's statistics, which it also gathers from several processes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from loadtests.errors import JobFailed, JobRefused, JobVanished

SUBMIT, READ, JOB, RUN = "POST", "GET", "job", "done"
KINDS = (SUBMIT, READ, JOB, RUN)
"""Kinds of rows: a submission, a read, a job from submission to known result, and from acceptance to its end."""

VERDICTS = (JobFailed.verdict, JobVanished.verdict, JobRefused.verdict)


class Stats(Protocol):
    """What is used of locust's `RequestStats`."""

    @property
    def entries(self) -> Mapping[tuple[str, str], Any]:
        """The rows, by name and kind."""

    @property
    def errors(self) -> Mapping[str, Any]:
        """The errors, equal ones counted together."""

    @property
    def start_time(self) -> float:
        """Seconds since 1970."""

    @property
    def last_request_timestamp(self) -> float | None:
        """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Row:
    """The times of one kind of event. `percentile(0.95)` is in milliseconds, rounded as locust does."""

    kind: str
    name: str
    count: int
    errors: int
    slowest: float
    percentile: Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """How the jobs of one type ended."""

    job_type: str
    submitted: int
    succeeded: int
    failed: int = 0
    vanished: int = 0
    refused: int = 0

    @property
    def unfinished(self) -> int:
        """Jobs that were still being followed when the test was cut off."""
        return self.submitted - self.succeeded - self.failed - self.vanished


@dataclass(frozen=True, slots=True)
class Figures:
    """A whole load test; `seconds` is from its start to the last answer."""

    seconds: float
    jobs: list[Jobs]
    rows: list[Row]
    problems: list[tuple[int, str]]

    @property
    def total(self) -> Jobs:
        """All job types together."""
        names = ("submitted", "succeeded", "failed", "vanished", "refused")
        sums = {name: sum(getattr(each, name) for each in self.jobs) for name in names}
        return Jobs(job_type="all", **sums)


def take_figures(stats: Stats) -> Figures:
    """The figures as they stand."""
    rows = [
        Row(kind, name, entry.num_requests, entry.num_failures, entry.max_response_time, _percentile(entry))
        for (name, kind), entry in stats.entries.items()
    ]
    rows.sort(key=lambda row: (KINDS.index(row.kind) if row.kind in KINDS else len(KINDS), row.name))
    problems = sorted(((error.occurrences, error.to_name()) for error in stats.errors.values()), reverse=True)
    seconds = max((stats.last_request_timestamp or stats.start_time) - stats.start_time, 0.001)
    return Figures(seconds, _jobs(rows, _verdicts(stats)), rows, problems)


def _percentile(entry: Any) -> Callable[[float], float]:
    return lambda share: float(entry.get_response_time_percentile(share) or 0)


def _verdicts(stats: Stats) -> Counter[tuple[str, str]]:
    """How many jobs of a type came to which bad end; an error of another process is only its text."""
    found: Counter[tuple[str, str]] = Counter()
    for error in stats.errors.values():
        text = error.error if isinstance(error.error, str) else repr(error.error)
        if error.method == JOB:
            found[error.name, text.partition(":")[0]] += error.occurrences
    return found


def _jobs(rows: list[Row], verdicts: Counter[tuple[str, str]]) -> list[Jobs]:
    ended = {row.name: row for row in rows if row.kind == JOB}
    found = []
    for row in rows:
        if row.kind == SUBMIT:
            end = ended.get(row.name)
            succeeded = end.count - end.errors if end else 0
            bad = {verdict: verdicts[row.name, verdict] for verdict in VERDICTS}
            found.append(Jobs(job_type=row.name, submitted=row.count - row.errors, succeeded=succeeded, **bad))
    return found
