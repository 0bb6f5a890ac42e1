"""A connection to one of the addresses that were checked, with one deadline for all that happens on it."""

import io
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

from services.jobs.callback_url import Callback
from services.jobs.public_address import Address

MOST_ADDRESSES = 4


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def shorten(self, seconds: float) -> None:
        """Let it come in `seconds`, unless it comes sooner."""
        self._at = min(self._at, time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds that are left; raises TimeoutError when none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Incoming(io.RawIOBase):
    """What comes in on a socket. Each read gets only the time that is left, so dripping gains nothing."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connected, deadline

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read at least one byte, or none at the end."""
        self._socket.settimeout(self._deadline.remaining())
        return self._socket.recv_into(buffer)


class Wire:
    """A connected socket under a deadline, in the form that http.client works with."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket, self._deadline = connected, deadline

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.settimeout(self._deadline.remaining())
        self._socket.sendall(data)

    def shorten(self, seconds: float) -> None:
        """Have all that follows done within `seconds`."""
        self._deadline.shorten(seconds)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """The incoming bytes as a file."""
        return io.BufferedReader(Incoming(self._socket, self._deadline))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def connect(target: Callback, addresses: Sequence[Address], deadline: Deadline, trust: ssl.SSLContext) -> socket.socket:
    """A socket to one of `addresses`, under TLS for https; the last address's OSError if none can be reached.

    The name is not looked up again: what was checked is what is connected to. It serves for TLS only.
    """
    choice = addresses[:MOST_ADDRESSES]
    for number, address in enumerate(choice, start=1):
        share = deadline.remaining() / (len(choice) - number + 1)
        try:
            plain = socket.create_connection((str(address), target.port), timeout=share)
        except OSError:
            if number == len(choice):
                raise
            continue
        return plain if target.scheme == "http" else _secured(plain, target.host, deadline, trust)
    raise OSError("no address")


def _secured(plain: socket.socket, host: str, deadline: Deadline, trust: ssl.SSLContext) -> socket.socket:
    try:
        plain.settimeout(deadline.remaining())
        return trust.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
