"""Taking jobs in: what the gateway writes to the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.jobs.clock import rq_time
from services.jobs.connection import Store
from services.jobs.dispatch import LEASE_MS
from services.jobs.estimate import Pace
from services.jobs.quota import Allowance, Quota, allowance
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


class RateLimited(Exception):
    """The client has used up its quota; `allowance` says when it is whole again."""

    def __init__(self, left: Allowance) -> None:
        super().__init__(f"{left.quota.requests} jobs in {left.quota.seconds} seconds are what one client may submit")
        self.allowance = left


@dataclass(slots=True, kw_only=True)
class Submission:
    """A job that asks to be accepted. `input` is JSON; times are seconds, `run_at` is milliseconds since 1970.

    `stranger`: its owner is new with this very request, so that its idempotency key is looked for among those of
    all who had no name yet. `client` is whose quota counts. `callback` is a URL that is told of the job's end, and
    `origins` (gateway and status, as the client sees them) go into the links that it gets. `expected_ms` is how long
    it will probably run, 0 if its type can't say.
    """

    id: str
    type: str
    input: str
    max_attempts: int
    timeout: int
    keep: int
    queue: str = "default"
    owner: str = ""
    stranger: bool = False
    client: str = ""
    trace: str = ""
    run_at: int = 0
    idempotency_key: str = ""
    fingerprint: str = ""
    callback: str = ""
    origins: str = ""
    expected_ms: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted job as it stands. `replayed`: an earlier request with the same key made it."""

    record: Record
    now: int
    replayed: bool
    pace: Pace | None
    allowance: Allowance | None = None


class Intake(Protocol):
    """Whoever can take jobs in and cancel them."""

    def accept(self, submission: Submission, max_depth: int, quota: Quota | None = None) -> Accepted:
        """Accept a job, or raise KeyReused, RateLimited or QueueFull."""

    def cancel(self, job_id: str, owner: str = "", *, purge: bool = False) -> tuple[str, Record, int] | None:
        """Cancel a job: its state before (`gone` if its time was up), its record now, and the time; or None."""

    def forget(self, owner: str) -> None:
        """Drop the list of an owner's jobs; the jobs stay."""


class JobIntake:
    """Takes jobs into the store, one atomic round trip each; repeating a call changes nothing."""

    def __init__(self, client: Store) -> None:
        self._client = client

    def accept(self, submission: Submission, max_depth: int, quota: Quota | None = None) -> Accepted:
        """Accept a job, or raise KeyReused, RateLimited or QueueFull. Once it returns, the job is the platform's."""
        job = submission
        scope, shared = scopes(job)
        reply = ACCEPT(
            self._client,
            *(job.id, job.type, job.queue, job.input, job.owner, scope, shared, job.fingerprint),
            *(job.max_attempts, job.timeout, job.keep, job.trace, max_depth, job.run_at, rq_time()),
            *(job.client, quota.requests if quota else "", quota.seconds if quota else ""),
            *(job.callback, job.origins, job.expected_ms, LEASE_MS),
        )
        match reply[0]:
            case b"mismatch":
                raise KeyReused
            case b"limited" if quota:
                raise RateLimited(allowance(quota, *reply[1]))
            case b"full":
                depth = int(reply[1])
                raise QueueFull(depth, max(1, min(60, int(reply[2]) // 10_000)))
        now, left = int(reply[2]), allowance(quota, *reply[6]) if quota else None
        if reply[3]:
            record = from_reply(reply[1].decode(), reply[3])
            return Accepted(record, now, reply[0] == b"replayed", _pace(reply[5]), left)
        return Accepted(_fresh(job, now, *map(int, reply[4])), now, False, _pace(reply[5]), left)

    def cancel(self, job_id: str, owner: str = "", *, purge: bool = False) -> tuple[str, Record, int] | None:
        """Cancel a job: its state before (`gone` if its time was up), its record now, and the time; or None.

        With `purge` its result and history go too, at once or when it has stopped; its files are swept soon after.
        """
        reply = CANCEL(self._client, job_id, owner, "1" if purge else "")
        if not reply:
            return None
        return reply[0].decode(), from_reply(job_id, reply[2]), int(reply[1])

    def forget(self, owner: str) -> None:
        """Drop the list of an owner's jobs; the jobs stay."""
        self._client.delete(f"cc:owner:{owner}")


def scopes(job: Submission) -> tuple[str, str]:
    """Where the idempotency key stands: the client's own place, and the one shared by all who have no name yet.

    A client that sends its first request again comes with the session which that request's reply gave it: its key
    is then found in the shared place, and counts there because the job is its own.
    """
    if not job.idempotency_key:
        return "", ""
    key = f"{job.type}:{job.idempotency_key}"
    return (f":{key}", "") if job.stranger else (f"{job.owner}:{key}", f":{key}" if job.owner else "")


def _pace(stats: Sequence[bytes | int | None] | None) -> Pace | None:
    return Pace.from_reply(stats) if stats else None


def _fresh(job: Submission, now: int, place: int, starts_at: int) -> Record:
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
        starts_at=starts_at,
        expected_ms=job.expected_ms,
        trace=job.trace,
        owner=job.owner,
        callback=job.callback,
        origins=job.origins,
    )
