"""Reading jobs. This is all that the status service has of the store: it cannot write."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from services.jobs.connection import Store
from services.jobs.deliveries import Try, tries_from_reply
from services.jobs.estimate import Pace
from services.jobs.record import Record, from_reply
from services.jobs.scripts import Script

READ, EVENTS, LIST = (Script(name, reads_only=True) for name in ("read", "events", "list"))

LOOKED_AT = 1_000
"""How many jobs one page of a list looks at, at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a read found. Without a `record`, the client has the finished job with that ETag already."""

    now: int
    record: Record | None
    pace: Pace | None
    expires_at: int

    @property
    def gone(self) -> bool:
        """Whether the job has expired or was purged."""
        return bool(self.expires_at) and self.now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a job's history: `kind` is state, progress or log; `fields` says more."""

    id: str
    kind: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an owner's jobs, newest first and without their results. `cursor` leads on; "" after the last."""

    now: int
    jobs: list[tuple[Record, Pace | None]]
    cursor: str


class Reader(Protocol):
    """Whoever can read jobs."""

    def read(self, job_id: str, etag: str = "") -> Reading | None:
        """One job, or None if there never was one by that id."""

    def events(self, job_id: str, last: str) -> tuple[Reading, list[Event]] | None:
        """One job and what has happened after event `last` ("" for all), oldest first."""

    def list_jobs(
        self, owner: str, limit: int, cursor: str = "", states: Collection[str] = (), types: Collection[str] = ()
    ) -> Page:
        """A page of the owner's jobs from `cursor` on, of these states and types (none: all)."""

    def tries(self, job_id: str) -> list[Try]:
        """All tries at telling the job's callback of its end, in their order."""


class JobReader:
    """Reads jobs from the store, one round trip each."""

    def __init__(self, client: Store) -> None:
        self._client = client

    def read(self, job_id: str, etag: str = "") -> Reading | None:
        """One job; only its life span if it is finished and `etag` (of a finished job) still fits."""
        reply = READ(self._client, job_id, etag)
        if not reply:
            return None
        if reply[0] == b"same":
            return Reading(int(reply[2]), None, None, int(reply[1]))
        record = from_reply(job_id, reply[2])
        return Reading(int(reply[1]), record, Pace.from_reply(reply[3]) if reply[3] else None, record.expires_at)

    def events(self, job_id: str, last: str) -> tuple[Reading, list[Event]] | None:
        """One job and what has happened after event `last` ("" for all), oldest first, at most 500."""
        reply = EVENTS(self._client, job_id, last)
        if not reply:
            return None
        record = from_reply(job_id, reply[1])
        pace = None if record.done else Pace.from_reply(reply[2])
        history = [_event(name.decode(), fields) for name, fields in reply[3]]
        return Reading(int(reply[0]), record, pace, record.expires_at), history

    def list_jobs(
        self, owner: str, limit: int, cursor: str = "", states: Collection[str] = (), types: Collection[str] = ()
    ) -> Page:
        """A page of the owner's jobs from `cursor` on, of these states and types (none: all).

        It looks at LOOKED_AT jobs at most: with filters a page may hold fewer than `limit` although more follow.
        """
        score, _, last = cursor.partition("-")
        now, rows, following = LIST(
            self._client, owner, limit, score, last, ",".join(states), ",".join(types), LOOKED_AT
        )
        jobs = [
            (from_reply(name.decode(), values), Pace.from_reply(pace) if pace else None) for name, values, pace in rows
        ]
        return Page(int(now), jobs, following.decode())

    def tries(self, job_id: str) -> list[Try]:
        """All tries at telling the job's callback of its end, in their order."""
        return tries_from_reply(self._client.call("HGETALL", f"cc:tries:{job_id}"))


def _event(name: str, fields: list[bytes]) -> Event:
    texts = [field.decode() for field in fields]
    values = dict(zip(texts[::2], texts[1::2], strict=True))
    return Event(name, values.pop("kind"), values)
