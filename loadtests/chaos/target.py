"""What a fault is done to, whatever it is made of."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol


class Act(Enum):
    """What can be done to a target."""

    KILL = "kill"
    END = "end"
    RESTART = "restart"
    FREEZE = "freeze"
    SLOW = "slow"


class Gone(Exception):
    """The target went away before anything could be done to it."""


class Target(Protocol):
    """Something that a fault can be done to."""

    @property
    def names(self) -> tuple[str, ...]:
        """What goes with it, as the log of executions writes it: HOST:PID for a process, HOST for all on a host."""
        ...

    def begin(self, act: Act) -> None:
        """Do it; raises Gone if that can't be done any more."""
        ...

    def finish(self, act: Act) -> None:
        """Undo what does not undo itself; may take its time."""
        ...


Finder = Callable[[str], Sequence[Target]]
"""Finds what there is of a kind of target right now, by its name in the faults."""
