"""Telling callbacks of a job's end: who is owed a notification, and every try at delivering one."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from services.jobs.connection import Store
from services.jobs.record import Record, from_reply
from services.jobs.scripts import Script

HOOKS_CLAIM, HOOKS_REPORT = Script("hooks_claim"), Script("hooks_report")

LEASE_MS = 90_000
"""How long a try may take before it is taken for lost: above the longest name lookup and exchange together."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try at a delivery. Times are milliseconds, `at` and `next_at` since 1970; 0 and "" where not known.

    With neither `status` nor `error` it is under way. Without `next_at` it was the last one.
    """

    at: int
    status: int = 0
    error: str = ""
    duration_ms: int = 0
    next_at: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that a sender has claimed, for its try `number`, at `at` (ms of the store's clock)."""

    job: Record
    receiver: str
    number: int
    at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What a claim gave. `wait` is in seconds: when the next one is due, or None if none is in sight."""

    notices: Sequence[Notice]
    wait: float | None


class Outbox(Protocol):
    """Whoever keeps the notifications that are owed."""

    def claim_notices(self, limit: int, most: int, full: Sequence[str]) -> Batch:
        """At most `limit` notifications that are due, one for each receiver that is not `full`."""

    def report_try(self, notice: Notice, made: Try) -> None:
        """Keep how a try went, and when the next one is due."""

    def wait_for_notices(self, seconds: float) -> bool:
        """Wait until there may be something to claim, at most `seconds`; whether there may be."""


class JobOutbox:
    """The store's notifications. Every method is one round trip, and may be repeated when it failed."""

    def __init__(self, client: Store, patient: Store | None = None) -> None:
        """`patient` is a client whose time limit lies above the longest wait; without it, waits must be short."""
        self._client, self._patient = client, patient or client
        self._name, self._turn = secrets.token_hex(8), 1

    def claim_notices(self, limit: int, most: int, full: Sequence[str]) -> Batch:
        """At most `limit` notifications that are due; one that has had `most` tries is given up.

        A claim whose reply was lost gives the same ones again. To be called by one thread at a time.
        """
        now, wait, taken = HOOKS_CLAIM(self._client, self._name, self._turn, LEASE_MS, limit, most, *full)
        self._turn += 1
        notices = [
            Notice(from_reply(job_id.decode(), record), receiver.decode(), int(number), int(now))
            for job_id, number, receiver, record in taken
        ]
        return Batch(notices, max(0, int(wait)) / 1000 if wait is not None else None)

    def report_try(self, notice: Notice, made: Try) -> None:
        """Keep how a try went; it sets what happens next only if no later try has begun."""
        HOOKS_REPORT(self._client, notice.job.id, notice.number, as_json(made), made.next_at)

    def wait_for_notices(self, seconds: float) -> bool:
        """Wait until there may be something to claim, at most `seconds`; whether there may be."""
        return self._patient.blpop(["cc:notify"], timeout=max(0.01, seconds)) is not None


def message_id(job: Record) -> str:
    """The webhook-id of the job's notification: one for all tries, so that a receiver can tell a repeat."""
    return f"msg_{job.id}"


def tries_from_reply(reply: Sequence[bytes]) -> list[Try]:
    """The tries in a HGETALL, in their order: number, try, number, try, …"""
    found = {int(number): json.loads(text) for number, text in zip(reply[::2], reply[1::2], strict=True)}
    return [Try(**found[number]) for number in sorted(found)]


def as_json(made: Try) -> str:
    """A try as the store keeps it."""
    return json.dumps({name: value for name, value in asdict(made).items() if value}, separators=(",", ":"))
