"""Keeps a disk busy: `python -m loadtests.chaos.writer FOLDER` writes small pieces, each one followed by an fsync.

Every fsync has the file system commit its journal, for which the fsyncs of other processes have to wait as well.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

LONGEST_S = 5.0
MOST_BYTES = 64 * 1024 * 1024
THREADS = 32
PIECE = os.urandom(512)
"""Small, so that the bytes allowed last for many fsyncs: these cost more than what they write."""


class Writer:
    """Writes into files of its own in a folder until told to stop, for at most `seconds` and at most `size` bytes."""

    def __init__(self, folder: Path, seconds: float = LONGEST_S, size: int = MOST_BYTES) -> None:
        self._folder, self._pieces_each = folder, size // len(PIECE) // THREADS
        self._until = time.monotonic() + seconds
        self._stop = threading.Event()
        self.written = 0
        """Bytes, known when `run` has ended."""

    def run(self) -> None:
        """Write, and leave nothing behind."""
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(self._write())) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.written = sum(counts) * len(PIECE)

    def stop(self) -> None:
        """Have it end after the pieces that are being written."""
        self._stop.set()

    def _write(self) -> int:
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="busy-", buffering=0) as file:
            for number in range(self._pieces_each):
                if self._stop.is_set() or time.monotonic() > self._until:
                    return number
                file.write(PIECE)
                os.fsync(file.fileno())
        return self._pieces_each


def main() -> None:
    """Write until SIGTERM, or until the time or the bytes are used up."""
    writer = Writer(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, lambda *_: writer.stop())
    writer.run()


if __name__ == "__main__":
    main()
