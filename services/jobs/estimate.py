"""How long a job will still take, and so when a client should ask again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.jobs.record import Record

LONGEST_WAIT_S = 60
STEP = 0.15
"""The part of its run time after which a client should have learnt of a job's end."""

SURE, VAGUE = 0.05, 0.5
"""How far off the expectations of a type may be to be relied on, and to be told at all."""

QUEUE_DOUBT = (0.1, 0.5)
"""The part of its way through the queue that a job may save at least, and at most, against the timetable."""

HANDLING_MS = 20
"""What the platform adds to a run, so that nobody asks just before its end."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a queue and a job type have been moving lately. Times are milliseconds.

    `late_ms` is how far behind its timetable the queue is, `off` by which part the expected run times were wrong.
    """

    head: int
    late_ms: int
    mean_ms: int
    off: float
    depth: int

    @classmethod
    def from_reply(cls, reply: Sequence[bytes | int | None]) -> "Pace":
        """From a script's answer: head, lateness, mean run time, error in thousandths, depth."""
        head, late, mean, off, depth = (int(value or 0) for value in reply)
        return cls(head, late, mean, off / 1000, depth)


NO_PACE = Pace(0, 0, 0, 0.0, 0)
"""For a job whose queue was not looked at."""


def position(job: Record, pace: Pace) -> int:
    """The job's place in its queue, 1 being next; cancelled jobs ahead may make it a little too high."""
    return max(1, min(job.place - pace.head, max(pace.depth, 1)))


def finish_at(job: Record, pace: Pace, now: int) -> int:
    """When the job will probably be done, in milliseconds since 1970 and whole seconds; 0 where nothing can be said.

    It depends on what has been written about the job and its queue; time alone only takes it away once it is past.
    """
    run, off = _run(job, pace)
    if not run or off > VAGUE or job.state == "cancelling":
        return 0
    guess = math.ceil((_start(job, pace) + run) / 1000) * 1000
    return guess if guess > now else 0


def retry_after(job: Record, pace: Pace, now: int) -> int:
    """Whole seconds after which it is worth asking again, from 1 to 60.

    Before the earliest likely end it is the time until then. After that it is a part of the time that the job has
    been running, or should have been, so that its end is learnt within that part without many requests.
    """
    if job.state == "cancelling":
        return 1
    run, off = _run(job, pace)
    since = now - _start(job, pace)
    if job.started_at:
        left = _earliest(run, off) - since
    else:
        left = _earliest(run, off) + max(0, -since) * (1 - _queue_doubt(job, off))
    step = 0 if job.started_at and left > 0 else int(since * STEP / 1000)
    return max(1, min(max(math.ceil(left / 1000), step), LONGEST_WAIT_S))


def _run(job: Record, pace: Pace) -> tuple[float, float]:
    """How long the job is expected to run (ms, 0: unknown), and by which part that may be wrong.

    What the job reports of its progress counts the more, the farther it is.
    """
    run, off = float(job.expected_ms or pace.mean_ms), pace.off
    share = float(job.percent or 0) / 100
    if not job.started_at or share <= 0:
        return run, off
    told = (job.reported_at - job.started_at) / share
    return (told * share + run * (1 - share) if run and off <= SURE else told), 0.0


def _start(job: Record, pace: Pace) -> int:
    """When the job was started, or should be by its queue's timetable (ms)."""
    if job.started_at or job.run_at:
        return job.started_at or job.run_at
    return max(job.starts_at + pace.late_ms, job.created_at)


def _earliest(run: float, off: float) -> float:
    """After how much of its run (ms) it is worth asking: at its likely end if that is sure, else well before."""
    return run * (1 + off) + HANDLING_MS if off <= SURE else max(0.0, run * (1 - 2 * off))


def _queue_doubt(job: Record, off: float) -> float:
    least, most = QUEUE_DOUBT
    return 0.0 if job.run_at else max(least, min(2 * off, most))
