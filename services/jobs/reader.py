"""Reading jobs. This is all that the status service has of the store: it cannot write."""

from dataclasses import dataclass
from typing import Protocol

from redis import Redis

from services.jobs.estimate import Pace
from services.jobs.record import Record, from_reply
from services.jobs.scripts import Script

READ, EVENTS = Script("read", reads_only=True), Script("events", reads_only=True)


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


class Reader(Protocol):
    """Whoever can read jobs."""

    def read(self, job_id: str, etag: str = "") -> Reading | None:
        """One job, or None if there never was one by that id."""

    def events(self, job_id: str, last: str) -> tuple[Reading, list[Event]] | None:
        """One job and what has happened after event `last` ("" for all), oldest first."""


class JobReader:
    """Reads jobs from the store, one round trip each."""

    def __init__(self, client: Redis) -> None:
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


def _event(name: str, fields: list[bytes]) -> Event:
    texts = [field.decode() for field in fields]
    values = dict(zip(texts[::2], texts[1::2], strict=True))
    return Event(name, values.pop("kind"), values)
