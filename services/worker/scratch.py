"""A worker's scratch folder: files of the job that runs, gone when it ends."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "coatcheck-scratch-"
ABANDONED_S = 60.0
"""Younger folders are left alone: their locks may be about to be taken."""


class Scratch:
    """A folder that exists only while something is in it; whoever uses it holds a lock on it."""

    def __init__(self, name: str) -> None:
        self._root = Path(tempfile.gettempdir()) / f"{PREFIX}{name}"
        self._count, self._lock = 0, -1

    def new_file(self) -> Path:
        """The path of a new file."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        if self._lock < 0:
            self._lock = os.open(self._root, os.O_RDONLY)
            with contextlib.suppress(OSError):  # not every file system has locks
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        self._count += 1
        return self._root / str(self._count)

    def clear(self) -> None:
        """Remove everything."""
        if self._count:
            self.remove()

    def remove(self) -> None:
        """Remove everything, whoever made it."""
        shutil.rmtree(self._root, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
        self._count, self._lock = 0, -1


def sweep_scratch(age: float = ABANDONED_S) -> int:
    """Remove scratch folders older than `age` seconds whose processes have ended; how many."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another's, or gone meanwhile
            found = folder.stat()
            if found.st_uid == os.getuid() and time.time() - found.st_mtime >= age and _abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
    return swept


def _abandoned(folder: Path) -> bool:
    """Whether no living process holds the folder's lock."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
