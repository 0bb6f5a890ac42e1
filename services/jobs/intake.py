"""Taking jobs in: what the gateway writes to the store."""

from dataclasses import dataclass
from typing import Protocol

from redis import Redis

from services.jobs.clock import rq_time
from services.jobs.estimate import Pace
from services.jobs.record import Record, from_reply
from services.jobs.scripts import Script

ACCEPT, CANCEL = Script("accept", grows=True), Script("cancel")


class QueueFull(Exception):
    """The queue holds as many jobs as it may; `retry_after` is in seconds."""

    def __init__(self, depth: int, retry_after: int) -> None:
        super().__init__(f"{depth} jobs wait already")
        self.retry_after = retry_after


class KeyReused(Exception):
    """The idempotency key belongs to a request with another payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job that asks to be accepted. `input` is JSON; times are seconds, `run_at` is milliseconds since 1970."""

    id: str
    type: str
    input: str
    max_attempts: int
    timeout: int
    keep: int
    queue: str = "default"
    owner: str = ""
    trace: str = ""
    run_at: int = 0
    idempotency_key: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted job as it stands. `replayed`: an earlier request with the same key made it."""

    record: Record
    now: int
    replayed: bool
    pace: Pace | None


class Intake(Protocol):
    """Whoever can take jobs in and cancel them."""

    def accept(self, submission: Submission, max_depth: int) -> Accepted:
        """Accept a job, or raise QueueFull or KeyReused."""

    def cancel(self, job_id: str, owner: str = "") -> tuple[str, Record, int] | None:
        """Cancel a job: its state before, its record now, and the time; None if there is none."""


class JobIntake:
    """Takes jobs into the store, one atomic round trip each; repeating a call changes nothing."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def accept(self, submission: Submission, max_depth: int) -> Accepted:
        """Accept a job, or raise QueueFull or KeyReused. When this returns, the job is the platform's to keep."""
        job = submission
        scope = f"{job.owner}:{job.type}:{job.idempotency_key}" if job.idempotency_key else ""
        reply = ACCEPT(
            self._client,
            *(job.id, job.type, job.queue, job.input, job.owner, scope, job.fingerprint),
            *(job.max_attempts, job.timeout, job.keep, job.trace, max_depth, job.run_at, rq_time()),
        )
        match reply[0]:
            case b"mismatch":
                raise KeyReused
            case b"full":
                depth = int(reply[1])
                raise QueueFull(depth, max(1, min(60, depth * int(reply[2]) // 10_000)))
        now = int(reply[2])
        if reply[3]:
            record = from_reply(reply[1].decode(), reply[3])
            return Accepted(record, now, reply[0] == b"replayed", None)
        return Accepted(_fresh(job, now, int(reply[4])), now, False, Pace.from_reply(reply[5]))

    def cancel(self, job_id: str, owner: str = "") -> tuple[str, Record, int] | None:
        """Cancel a job: its state before, its record now, and the time; None if there is none."""
        reply = CANCEL(self._client, job_id, owner)
        if not reply:
            return None
        return reply[0].decode(), from_reply(job_id, reply[2]), int(reply[1])


def _fresh(job: Submission, now: int, place: int) -> Record:
    return Record(
        id=job.id,
        type=job.type,
        state="queued",
        run=1,
        attempt=1,
        max_attempts=job.max_attempts,
        queue=job.queue,
        created_at=now,
        run_at=job.run_at,
        place=place,
        trace=job.trace,
        owner=job.owner,
    )
