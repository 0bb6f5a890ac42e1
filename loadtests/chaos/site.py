"""Where a chaos run takes place: the platform, wherever it runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from loadtests.chaos.target import Target


class Site(Protocol):
    """A platform that is up, with the jobs of work.py among its job types, and the ways to its parts."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of what faults can be done to here."""
        ...

    @property
    def log(self) -> Path:
        """The log of executions."""
        ...

    @property
    def gateway_url(self) -> str:
        """Where jobs are handed in."""
        ...

    @property
    def redis_url(self) -> str:
        """The store, for somebody who may see everything in it."""
        ...

    def find(self, target: str) -> Sequence[Target]:
        """What there is of a target at this moment."""
        ...

    def watch(self) -> None:
        """Start again what has ended, where nobody else does."""
        ...

    def job_folders(self) -> list[str]:
        """Ids of jobs that have files."""
        ...
