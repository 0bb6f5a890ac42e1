"""The job record: what the store keeps of one job, and the states it goes through."""

from collections.abc import Sequence
from dataclasses import dataclass

QUEUES = ("high", "default", "low")
TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
STATES = ("queued", "running", "cancelling", "succeeded", "failed", "cancelled")


@dataclass(slots=True, kw_only=True)
class Record:
    """One job. Times are milliseconds since 1970; 0 and "" stand for what is not known (yet).

    `result`, `error` and `files` are JSON texts, handed on without being parsed.
    `run` is the fencing number: only the newest run may speak for the job.
    """

    id: str
    type: str
    state: str
    run: int
    attempt: int
    max_attempts: int
    queue: str
    created_at: int
    started_at: int = 0
    finished_at: int = 0
    expires_at: int = 0
    run_at: int = 0
    reported_at: int = 0
    starts_at: int = 0
    expected_ms: int = 0
    buried: int = 0
    purged: int = 0
    place: int = 0
    percent: str = ""
    message: str = ""
    result: str = ""
    result_key: str = ""
    error: str = ""
    files: str = ""
    trace: str = ""
    owner: str = ""
    callback: str = ""
    origins: str = ""

    @property
    def done(self) -> bool:
        """Whether the job has reached its terminal state."""
        return self.state in TERMINAL


FIELDS = {name.encode(): (name, kind is int) for name, kind in Record.__annotations__.items()}
"""By its name in the store, what a field is called here and whether it is a number."""


def from_reply(job_id: str, reply: Sequence[bytes]) -> Record:
    """A record from a script's HGETALL: field, value, field, value, …"""
    values: dict[str, str | int] = {"id": job_id}
    for stored, value in zip(reply[::2], reply[1::2], strict=True):
        if stored in FIELDS:
            name, is_number = FIELDS[stored]
            values[name] = int(value) if is_number else value.decode()
    return Record(**values)  # type: ignore[arg-type]
