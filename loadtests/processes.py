"""What a service costs while it is under test: memory and sockets of its processes, connections at the store."""

import os
from pathlib import Path

from redis import Redis


class Processes:
    """A process and all that come from it, by what Linux tells of them under /proc."""

    def __init__(self, root: int) -> None:
        self._root = root

    @property
    def ids(self) -> list[int]:
        """Their process ids."""
        found = [self._root]
        for process in found:
            found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
        return found

    def memory_kb(self) -> int:
        """Proportional set size in kB: memory that several of them share is counted once."""
        return sum(self._field(process, "smaps_rollup", "Pss:") for process in self.ids)

    def resident_kb(self) -> int:
        """Resident set size in kB: memory that several of them share is counted for each."""
        return sum(self._field(process, "status", "VmRSS:") for process in self.ids)

    def sockets(self) -> int:
        """Open sockets."""
        return sum(self._sockets(process) for process in self.ids)

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        times = (Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in self.ids)
        return sum(int(parts[11]) + int(parts[12]) for parts in times) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _field(process: int, file: str, name: str) -> int:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    @staticmethod
    def _sockets(process: int) -> int:
        count = 0
        for entry in Path(f"/proc/{process}/fd").iterdir():
            try:
                count += os.readlink(entry).startswith("socket:")
            except FileNotFoundError:
                continue
        return count


def store_connections(url: str) -> int:
    """How many clients the store has, besides this one."""
    with Redis.from_url(url) as client:
        return len(client.client_list()) - 1
