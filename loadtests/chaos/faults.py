"""The faults: what is done to what, drawn from a seed."""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.chaos.target import Act, Finder, Gone, Target

SLOW_FSYNC = "slow the store's fsync"
STORE_BACK_S = 6.0
"""So long after the store was killed, stopped or frozen, things may be late because of it."""

SLACK_S = 0.2
"""A fault is over for what it hit within so long after its end: the end, too, has to be seen to."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `pause` is the longest time in seconds for which it lasts."""

    name: str
    target: str
    act: Act
    pause: float = 0.0
    weight: int = 1


KINDS = (
    Kind("kill a worker", "worker", Act.KILL, weight=4),
    Kind("kill a child", "child", Act.KILL, weight=4),
    Kind("drain a worker", "worker", Act.END, weight=2),
    Kind("stop and thaw a worker", "worker", Act.FREEZE, pause=6.0, weight=3),
    Kind("stop and thaw a child", "child", Act.FREEZE, pause=6.0, weight=2),
    Kind("kill the gateway", "gateway", Act.KILL),
    Kind("kill a gateway process", "gateway-process", Act.KILL),
    Kind("kill the status service", "status", Act.KILL),
    Kind("kill the store", "store", Act.KILL, weight=2),
    Kind("restart the store", "store", Act.RESTART),
    Kind("freeze the store", "store", Act.FREEZE, pause=4.0, weight=2),
    Kind(SLOW_FSYNC, "disk", Act.SLOW, pause=5.0, weight=2),
)
STORE_FAULTS = {kind.name for kind in KINDS if kind.target == "store"}


@dataclass
class Fault:
    """A fault that was done: from when until when (seconds since 1970), what, and what went with it, by its names."""

    at: float
    kind: str
    names: tuple[str, ...]
    until: float

    def __str__(self) -> str:
        """As a line of a log, like those of executions."""
        return f"{self.at:.3f} {self.until:.3f} {','.join(self.names) or '-'} {self.kind}"

    def hits(self, process: str, began: float, again: float) -> bool:
        """Whether it came upon what a process (HOST:PID) began, before that was begun again."""
        hit = process in self.names or process.split(":")[0] in self.names
        return hit and began <= self.until + SLACK_S and self.at < again


@dataclass
class Faults:
    """Does `count` faults at random, `gap` seconds apart on average, to what `find` finds."""

    find: Finder
    seed: int
    count: int
    gap: float
    kinds: tuple[Kind, ...] = KINDS
    done: list[Fault] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Begin them all, one after the other; what lasts is finished while others go on."""
        dice = random.Random(self.seed)
        ends: list[threading.Timer] = []
        while len(self.done) < self.count and not stop.is_set():
            stop.wait(dice.uniform(0.3, 1.7) * self.gap)
            kind = dice.choices(self.kinds, [kind.weight for kind in self.kinds])[0]
            pause = dice.uniform(0.3, kind.pause) if kind.pause else 0.0
            found = self.find(kind.target)
            if found:
                ends += self._do(kind, dice.choice(found), pause)
        for end in ends:
            end.join()

    def __str__(self) -> str:
        """How many of which kind were done."""
        kinds = Counter(fault.kind for fault in self.done)
        return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())

    def _do(self, kind: Kind, target: Target, pause: float) -> Iterator[threading.Timer]:
        with contextlib.suppress(Gone):
            names, at = target.names, time.time()
            target.begin(kind.act)
            self.done.append(Fault(at, kind.name, names, time.time() + pause))
            end = threading.Timer(pause, target.finish, [kind.act])
            end.start()
            yield end


def kinds_for(targets: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds of fault that are done to these targets."""
    return tuple(kind for kind in KINDS if kind.target in targets)


def store_away(faults: list[Fault], start: float, end: float) -> bool:
    """Whether the store, between two times, was away or frozen, or had been just before."""
    hits = [fault for fault in faults if fault.kind in STORE_FAULTS]
    return any(fault.at < end and max(fault.until, fault.at + STORE_BACK_S) > start for fault in hits)
