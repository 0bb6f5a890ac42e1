"""The processes of one role: what they cost in processor time and memory. Linux only: it reads /proc (proc(5))."""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def fields_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; nothing if the process has gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def children_by_parent() -> dict[int, list[int]]:
    """Every process of the machine under its parent."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := fields_of(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children


def command_of(pid: int) -> str:
    """The command line of a process, with spaces between its words."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Processes:
    """A role's processes: the ones that `roots` names when asked, and everything below them."""

    def __init__(self, roots: Callable[[], Iterable[int]]) -> None:
        self.roots = roots

    def pids(self) -> list[int]:
        """Every process of the role that is there now, parents first."""
        children = children_by_parent()
        found: list[int] = []
        waiting = list(self.roots())
        while waiting:
            pid = waiting.pop(0)
            if pid not in found:
                found.append(pid)
                waiting += children.get(pid, [])
        return found

    def cpu_seconds(self) -> float:
        """Processor time so far, with that of children which have ended: a fork per job is paid for too."""
        ticks = (sum(int(value) for value in fields_of(pid)[11:15]) for pid in self.pids())
        return sum(ticks) / TICKS_PER_SECOND

    def busy_seconds(self) -> dict[int, float]:
        """Processor time of each process by itself."""
        return {pid: sum(map(int, fields_of(pid)[11:13])) / TICKS_PER_SECOND for pid in self.pids()}

    def memory_bytes(self) -> int:
        """Proportional set size: shared pages are split among those that share them."""
        total = 0
        for pid in self.pids():
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
        return total

    def signal(self, number: signal.Signals) -> None:
        """Send every process of the role a signal."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def pause(self) -> None:
        """Hold every process where it is, warm and connected."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let every process go on."""
        self.signal(signal.SIGCONT)
