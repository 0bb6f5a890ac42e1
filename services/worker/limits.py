"""What keeps a child within bounds: it dies with its parent, and memory and file sizes are limited."""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

LARGEST_FILE = 2 << 30
PR_SET_PDEATHSIG = 1
PAGE = resource.getpagesize()
ON_LINUX = sys.platform == "linux"


def die_with_parent(parent: int) -> None:
    """End this process when process `parent` does, whatever it is doing then."""
    if ON_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def protect() -> None:
    """Bound the size of files that this process writes, and leave no core dumps."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory_mb(process: int | str = "self") -> int:
    """A process's resident memory in megabytes; elsewhere than on Linux, this process's largest so far."""
    if ON_LINUX:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE >> 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20


class MemoryLimit:
    """Makes an allocation fail that would take this process `mb` beyond what it had at the start."""

    def __init__(self) -> None:
        self._base = _data_bytes()
        self._mb = -1

    def set(self, mb: int) -> None:
        """Set the limit in megabytes; 0 lifts it. Python sees a MemoryError past it (Linux only)."""
        if mb == self._mb or not ON_LINUX:
            return
        self._mb = mb
        soft = self._base + (mb << 20) if mb else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_DATA, (soft, resource.RLIM_INFINITY))


def _data_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[5]) * PAGE if ON_LINUX else 0
