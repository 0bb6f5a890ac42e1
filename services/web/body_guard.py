"""Reading a request's body under a limit and a deadline, on any server."""

import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from gunicorn.http.errors import ParseException

from services.web.problems import Problem

BASE_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 50_000
DRAIN_BYTES = 4_000_000
DRAIN_SECONDS = 2.0


class BodyGuard:
    """The body as a stream that refuses (413, 400, 408) instead of cutting short, waiting or swelling.

    Servers differ in what they do with a chunked body past a limit, one that ends early, and one
    that drips; read through here, all come to the same answers.
    """

    def __init__(self, environ: dict[str, Any], limit: int, seconds: float | None = None) -> None:
        self._stream: BinaryIO = environ["wsgi.input"]
        self._socket = environ.get("gunicorn.socket")
        self._limit = limit
        self._expected = _content_length(environ)
        if seconds is None:
            seconds = BASE_SECONDS + limit / SLOWEST_BYTES_PER_SECOND
        self._deadline = time.monotonic() + seconds
        self._count = 0
        self._ended = False
        if self._expected is not None and self._expected > limit:
            raise self._too_large()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that remain if negative, b"" at the end."""
        if size < 0:
            return b"".join(self)
        if self._ended:
            return b""
        wanted = min(size, self._limit - self._count + 1)
        if self._expected is not None:
            wanted = min(wanted, self._expected - self._count)
        data = self._receive(wanted) if wanted else b""
        self._count += len(data)
        if self._count > self._limit:
            raise self._too_large()
        self._ended = not data
        if self._ended and self._expected is not None and self._count < self._expected:
            raise Problem("bad-body", f"The body ended after {self._count} of {self._expected} bytes.")
        return data

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk

    def _receive(self, size: int) -> bytes:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise self._too_slow()
        try:
            if self._socket is not None:
                self._socket.settimeout(remaining)
            return self._stream.read(size)
        except TimeoutError:
            raise self._too_slow() from None
        except (OSError, ValueError, ParseException) as error:
            raise Problem("bad-body", "The body ended early or its chunks are malformed.") from error
        finally:
            if self._socket is not None:
                self._socket.settimeout(None)

    def _too_large(self) -> Problem:
        return Problem("too-large", f"The body may have at most {self._limit} bytes here.", {"limit": self._limit})

    def _too_slow(self) -> Problem:
        return Problem("request-timeout", "The body did not arrive in time.", headers={"Connection": "close"})


def drain(environ: dict[str, Any]) -> bool:
    """Read what is left of a refused body, so that the client sees the answer; whether all of it was."""
    guard = BodyGuard({**environ, "CONTENT_LENGTH": ""}, DRAIN_BYTES, DRAIN_SECONDS)
    try:
        for _ in guard:
            pass
    except Problem:
        return False
    return True


def _content_length(environ: dict[str, Any]) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() and "HTTP_TRANSFER_ENCODING" not in environ else None
