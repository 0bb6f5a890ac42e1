"""The faults: what is done to which process, drawn from a seed."""

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

Finder = Callable[[str], list[psutil.Process]]


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `pause` is the longest time in seconds for which a process is stopped."""

    name: str
    target: str
    signal: signal.Signals
    pause: float = 0.0
    weight: int = 1


KINDS = (
    Kind("kill a worker", "worker", signal.SIGKILL, weight=4),
    Kind("kill a child", "child", signal.SIGKILL, weight=4),
    Kind("drain a worker", "worker", signal.SIGTERM, weight=2),
    Kind("stop and thaw a worker", "worker", signal.SIGSTOP, pause=6.0, weight=3),
    Kind("stop and thaw a child", "child", signal.SIGSTOP, pause=6.0, weight=2),
    Kind("kill the gateway", "gateway", signal.SIGKILL),
    Kind("kill a gateway process", "gateway-process", signal.SIGKILL),
    Kind("kill the status service", "status", signal.SIGKILL),
    Kind("kill the store", "valkey", signal.SIGKILL, weight=2),
    Kind("freeze the store", "valkey", signal.SIGSTOP, pause=4.0, weight=2),
)


@dataclass
class Fault:
    """A fault that was done: when (seconds since 1970), what, to which process, and the children it had then."""

    at: float
    kind: str
    pid: int
    until: float = 0.0
    children: tuple[int, ...] = ()

    def hits(self, pid: int) -> bool:
        """Whether it came upon process `pid`."""
        return pid == self.pid or pid in self.children


@dataclass
class Faults:
    """Does `count` faults at random, `gap` seconds apart on average, to the processes that `find` finds."""

    find: Finder
    seed: int
    count: int
    gap: float
    kinds: tuple[Kind, ...] = KINDS
    done: list[Fault] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Do them all, one after the other; a stopped process is thawed while others go on."""
        dice = random.Random(self.seed)
        thaws: list[threading.Timer] = []
        while len(self.done) < self.count and not stop.is_set():
            stop.wait(dice.uniform(0.3, 1.7) * self.gap)
            kind = dice.choices(self.kinds, [kind.weight for kind in self.kinds])[0]
            pause = dice.uniform(0.3, kind.pause) if kind.pause else 0.0
            found = self.find(kind.target)
            if found:
                thaws += self._do(kind, dice.choice(found), pause)
        for thaw in thaws:
            thaw.join()

    def _do(self, kind: Kind, process: psutil.Process, pause: float) -> Iterator[threading.Timer]:
        with contextlib.suppress(psutil.NoSuchProcess):
            children = tuple(child.pid for child in process.children()) if kind.target == "worker" else ()
            now = time.time()
            process.send_signal(kind.signal)
            self.done.append(Fault(now, kind.name, process.pid, now + pause, children))
            if pause:
                thaw = threading.Timer(pause, _thaw, [process])
                thaw.start()
                yield thaw


def _thaw(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)


def embedded_finder(data_dir: Path) -> Finder:
    """Finds the processes of an embedded platform by its pid files."""

    def find(target: str) -> list[psutil.Process]:
        name = {"child": "worker", "gateway-process": "gateway"}.get(target, target)
        parents = [_process(path) for path in (data_dir / "run").glob(f"{name}*.pid")]
        alive = [process for process in parents if process]
        if target not in ("child", "gateway-process"):
            return alive
        with contextlib.suppress(psutil.NoSuchProcess):
            return [child for process in alive for child in process.children()]
        return []

    return find


def _process(path: Path) -> psutil.Process | None:
    try:
        return psutil.Process(int(path.read_text()))
    except (psutil.NoSuchProcess, ValueError, FileNotFoundError):
        return None
