"""A worker's scratch folder: files of the job that runs, gone when it ends."""

import shutil
import tempfile
from pathlib import Path


class Scratch:
    """A folder that exists only while something is in it."""

    def __init__(self, name: str) -> None:
        self._root = Path(tempfile.gettempdir()) / f"coatcheck-{name}"
        self._count = 0

    def new_file(self) -> Path:
        """The path of a new file."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        self._count += 1
        return self._root / str(self._count)

    def clear(self) -> None:
        """Remove everything."""
        if self._count:
            self.remove()
            self._count = 0

    def remove(self) -> None:
        """Remove everything, whoever made it."""
        shutil.rmtree(self._root, ignore_errors=True)
