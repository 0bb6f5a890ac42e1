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
        head, late, mean, off, depth = [int(value or 0) for value in reply]
        return cls(head, late, mean, off / 1000, depth)


NO_PACE = Pace(0, 0, 0, 0.0, 0)
"""For a job whose queue was not looked at."""


def position(job: Record, pace: Pace) -> int:
    """The job's place in its queue, 1 being next; cancelled jobs ahead may make it a little too high."""
    return max(1, min(job.place - pace.head, max(pace.depth, 1)))


def finish_at(job: Record, pace: Pace, now: int) -> int:
    """When the job will probably be done, in milliseconds since 1970 and whole seconds; 0 where nothing can be said.

    It depends on what has been written of the job and, until it runs, of its queue. Time alone only takes it away.
    """
    run = _with_progress(job, _expected(job, pace))
    if not run or job.state == "cancelling":
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
    since = now - _start(job, pace)
    in_queue = 0.0 if job.started_at else max(0, -since) * (1 - _queue_doubt(job, pace))
    left = in_queue + _earliest(job, pace) - (since if job.started_at else 0)
    step = 0 if job.started_at and left > 0 else int(since * STEP / 1000)
    return max(1, min(max(math.ceil(left / 1000), step), LONGEST_WAIT_S))


def _expected(job: Record, pace: Pace) -> float:
    """How long the job is expected to run (ms), 0 if nothing can be said; when it starts, that is written down."""
    if job.expected_ms or job.started_at or pace.off > VAGUE:
        return job.expected_ms
    return pace.mean_ms


def _with_progress(job: Record, expected: float) -> float:
    """How long the job runs (ms) by what it has told of its progress, which counts the more the farther it is."""
    share = float(job.percent or 0) / 100
    if not job.started_at or share <= 0:
        return expected
    told = (job.reported_at - job.started_at) / share
    return told * share + expected * (1 - share) if expected else told


def _earliest(job: Record, pace: Pace) -> float:
    """After how much of its run (ms) it is worth asking: at its likely end if that is sure, else well before."""
    expected = _expected(job, pace)
    if pace.off > SURE:
        told = _with_progress(job, 0)
        return told + HANDLING_MS if told else max(0.0, expected * (1 - 2 * pace.off))
    return _with_progress(job, expected) * (1 + pace.off) + HANDLING_MS


def _start(job: Record, pace: Pace) -> int:
    """When the job was started, or should be by its queue's timetable (ms)."""
    if job.started_at or job.run_at:
        return job.started_at or job.run_at
    return max(job.starts_at + pace.late_ms, job.created_at)


def _queue_doubt(job: Record, pace: Pace) -> float:
    least, most = QUEUE_DOUBT
    return 0.0 if job.run_at else max(least, min(2 * pace.off, most))
