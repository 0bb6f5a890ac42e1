"""What a parent lets its child know without a word: a little memory that both share."""

import mmap
import struct
import time

NAME_AT = 8
LONGEST_NAME = 100


class Notes:
    """The parent writes, the child reads: when the parent was last at work, and which run was cancelled."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, NAME_AT + LONGEST_NAME)
        self.be_present()

    def be_present(self) -> None:
        """Note that the parent is at work now."""
        struct.pack_into("d", self._shared, 0, time.monotonic())

    @property
    def silence(self) -> float:
        """For how many seconds the parent has not been at work."""
        return float(time.monotonic() - struct.unpack_from("d", self._shared, 0)[0])

    @property
    def cancelled(self) -> str:
        """The name of the run that was cancelled last."""
        return self._shared[NAME_AT:].rstrip(b"\0").decode()

    @cancelled.setter
    def cancelled(self, name: str) -> None:
        self._shared[NAME_AT:] = name.encode()[:LONGEST_NAME].ljust(LONGEST_NAME, b"\0")
