"""What a job's function can say and ask while it runs."""

from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol, runtime_checkable


class JobError(Exception):
    """This input can't be worked on: the job fails at once, with this sentence for the client."""


@runtime_checkable
class RunningJob(Protocol):
    """The job that is running, handed to a function that asks for it."""

    id: str
    attempt: int

    @property
    def cancelled(self) -> bool:
        """Whether the client has asked to stop; the process is ended about a second later."""

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell the client how far the work is, from 0.0 to 1.0."""

    def log(self, message: str) -> None:
        """Add a line to the job's log, which the client can follow."""

    def save_file(self, name: str, media_type: str) -> AbstractContextManager[BinaryIO]:
        """A new result file to write bytes to; clients find it under `name` when the job is done."""
