"""The end of a load test in words: what became of the jobs, how long things took, and whether that is good."""

from collections.abc import Iterator, Sequence

from loadtests.figures import JOB, READ, RUN, SUBMIT, Figures, Jobs

PERCENTILES = (0.5, 0.95, 0.99)
MOST_PROBLEMS = 15
LEGEND = f"""\
  {SUBMIT:5} submitting one job
  {READ:5} one look at a job
  {JOB:5} from submitting a job until the client knows its result
  {RUN:5} from accepting a job until it is finished, by the platform's own clock

Each user has one job at a time and looks at it when Retry-After says so, which is a second or more; so
jobs/s says what these users asked for, not what the platform could do. More users ask for more.
"""


def verdict(figures: Figures, broken: Sequence[str]) -> list[str]:
    """Why the load test is not passed, a sentence each; empty when it is."""
    total, said = figures.total, list(broken)
    counts = {
        "failed or were cancelled": total.failed,
        "vanished": total.vanished,
        "could not be submitted": total.refused,
        "were still being followed when the test was cut off": total.unfinished,
    }
    said += [f"jobs that {end}: {count}" for end, count in counts.items() if count]
    return said or ([] if total.succeeded else ["no job was submitted"])


def summary(title: str, figures: Figures, against: Sequence[str]) -> str:
    """The summary as text."""
    lines = [f"{title}: {figures.seconds:.1f} s", "", *_job_table(figures), "", *_time_table(figures), ""]
    lines += [LEGEND, *_problems(figures)]
    passed = f"PASSED: all {figures.total.submitted} jobs came to their results; none failed, none vanished"
    lines += [f"FAILED: {reason}" for reason in against] or [passed]
    return "\n".join(lines)


def _job_table(figures: Figures) -> Iterator[str]:
    heads = "".join(f"{name:>10}" for name in ("submitted", "succeeded", "failed", "vanished", "refused", "cut off"))
    yield f"{'Jobs':22}{heads}{'jobs/s':>8}"
    for jobs in (*figures.jobs, figures.total):
        yield _job_line(jobs, figures.seconds)


def _job_line(jobs: Jobs, seconds: float) -> str:
    counts = (jobs.submitted, jobs.succeeded, jobs.failed, jobs.vanished, jobs.refused, jobs.unfinished)
    return f"{jobs.job_type:22}{''.join(f'{count:10}' for count in counts)}{jobs.succeeded / seconds:8.1f}"


def _time_table(figures: Figures) -> Iterator[str]:
    heads = "".join(f"{f'p{share * 100:g}':>8}" for share in PERCENTILES)
    yield f"{'Times in ms':28}{'count':>8}{'errors':>8}{heads}{'max':>8}"
    for row in figures.rows:
        found = "".join(f"{row.percentile(share):8.0f}" for share in PERCENTILES)
        yield f"{row.kind:5} {row.name:22}{row.count:8}{row.errors:8}{found}{row.slowest:8.0f}"


def _problems(figures: Figures) -> Iterator[str]:
    if not figures.problems:
        return
    yield "Errors"
    for count, text in figures.problems[:MOST_PROBLEMS]:
        yield f"{count:6} x {text}"
    if len(figures.problems) > MOST_PROBLEMS:
        yield f"         and {len(figures.problems) - MOST_PROBLEMS} other kinds"
    yield ""
