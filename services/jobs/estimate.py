"""How long a job will still take, and so when a client should ask again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.jobs.record import Record

UNKNOWN_RUN_MS = 1_000
LONGEST_WAIT_S = 60


@dataclass(frozen=True, slots=True)
class Pace:
    """How a queue and a job type have been moving lately. Times are milliseconds."""

    head: int
    gap_ms: int
    claimed_at: int
    mean_ms: int
    depth: int

    @classmethod
    def from_reply(cls, reply: Sequence[bytes | int | None]) -> "Pace":
        """From a script's answer: head, gap, last claim, mean run time, depth."""
        head, gap, claimed, mean, depth = (int(value or 0) for value in reply)
        return cls(head, gap, claimed, mean or UNKNOWN_RUN_MS, depth)


NO_PACE = Pace(0, 0, 0, UNKNOWN_RUN_MS, 0)
"""For a job whose queue was not looked at."""


def position(job: Record, pace: Pace) -> int:
    """The job's place in its queue, 1 being next; cancelled jobs ahead may make it a little too high."""
    return max(1, min(job.place - pace.head, max(pace.depth, 1)))


def finish_at(job: Record, pace: Pace, now: int) -> int:
    """When the job will probably be done, in milliseconds since 1970; 0 where nothing can be said."""
    if job.run_at:
        return job.run_at + pace.mean_ms
    if job.state == "queued":
        since = max(job.created_at, pace.claimed_at)
        guess = since + position(job, pace) * pace.gap_ms + pace.mean_ms
    elif job.percent and float(job.percent) > 0:
        guess = job.started_at + round((job.reported_at - job.started_at) * 100 / float(job.percent))
    else:
        guess = job.started_at + pace.mean_ms
    return guess if guess > now else 0


def retry_after(job: Record, pace: Pace, now: int) -> int:
    """Whole seconds after which it is worth asking again, from 1 to 60.

    Past its estimate a job is asked about at intervals of a seventh of its age, so that the end is
    learnt within about 15 % of the run time without many polls.
    """
    expected = finish_at(job, pace, now)
    overdue = (now - (job.started_at or job.created_at)) * 0.15
    wait = expected - now if expected else overdue
    return max(1, min(math.ceil(wait / 1000), LONGEST_WAIT_S))
