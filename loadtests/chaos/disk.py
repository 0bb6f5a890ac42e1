"""The disk under the store, as a target of faults: kept busy, it makes every fsync of the store wait."""

import os
import subprocess
import sys
from pathlib import Path

from loadtests.chaos.target import Act


class Disk:
    """The disk that holds `folder`. Another process writes into the folder meanwhile, and removes what it wrote."""

    names: tuple[str, ...] = ()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: subprocess.Popen[bytes] | None = None

    @property
    def reachable(self) -> bool:
        """Whether this machine and user may write there."""
        return os.access(self._folder, os.W_OK)

    def begin(self, _: Act) -> None:
        """Start to write."""
        self._writer = subprocess.Popen([sys.executable, "-m", "loadtests.chaos.writer", str(self._folder)])

    def finish(self, _: Act) -> None:
        """Have the writer end; it does by itself in time, too."""
        if self._writer:
            self._writer.terminate()
            self._writer.wait()
