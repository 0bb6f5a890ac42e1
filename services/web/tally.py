"""Numbers that all processes of a service add to, in memory that they share."""

import fcntl
import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Iterable

ROWS = 128
CELL = 8


class Tally:
    """An array of numbers, each the sum of what every process has added to it.

    Made before the server forks. Each process writes to a row of its own, so that none waits for
    another and no addition is lost; the row is held by a file lock, which the kernel gives back
    when the process ends. What stands in the row stays, and its next holder goes on from there, so
    sums never go down. Nothing is left to clean up: the file has no name.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._file, name = tempfile.mkstemp(prefix="tally-")
        os.unlink(name)
        size = (1 + width) * ROWS * CELL
        os.ftruncate(self._file, size)
        cells = memoryview(mmap.mmap(self._file, size)).cast("d")
        self._taken, self._cells = cells[:ROWS], cells[ROWS:]
        self._lock = threading.Lock()
        self._holder, self._start = 0, 0
        weakref.finalize(self, os.close, self._file)

    def add(self, changes: Iterable[tuple[int, float]]) -> None:
        """Add to some cells; each change is a cell's place and a number."""
        with self._lock:
            if self._holder != os.getpid():
                self._start, self._holder = self._take_row() * self._width, os.getpid()
            cells, start = self._cells, self._start
            for place, number in changes:
                cells[start + place] += number

    def sums(self) -> list[float]:
        """Every cell's sum over all processes, also those that have ended."""
        used = [self._cells[row * self._width : (row + 1) * self._width].tolist() for row in self._rows()]
        return [sum(column) for column in zip(*used, strict=True)] if used else [0.0] * self._width

    def _rows(self) -> list[int]:
        return [row for row in range(ROWS) if self._taken[row]]

    def _take_row(self) -> int:
        row = next((row for row in range(ROWS - 1) if self._is_free(row)), ROWS - 1)
        self._taken[row] = 1
        return row

    def _is_free(self, row: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
        except OSError:
            return False
        return True
