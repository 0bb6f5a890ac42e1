"""Reading a request's body under a limit and at a least speed, on any server."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from services.web.problems import Problem

GRACE_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 50_000


class BodyGuard:
    """The body as a stream that refuses (413, 400, 408) instead of cutting short, waiting or swelling.

    Servers differ in what they do with a chunked body past a limit, one that ends early, and one
    that drips; read through here, all come to the same answers. Slow is a body that, `grace`
    seconds aside, has come at fewer than SLOWEST_BYTES_PER_SECOND.
    """

    def __init__(self, environ: Mapping[str, Any], limit: int, grace: float = GRACE_SECONDS) -> None:
        self._stream: BinaryIO = environ["wsgi.input"]
        self._client = environ.get("gunicorn.socket")
        self._limit = limit
        self._expected = content_length(environ)
        self._deadline = time.monotonic() + grace
        self._count = 0
        self.ended = False
        if self._expected is not None and self._expected > limit:
            raise self._too_large()

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that remain if negative, b"" at the end."""
        if size < 0:
            return b"".join(self)
        if self.ended:
            return b""
        wanted = min(size, self._limit - self._count + 1)
        if self._expected is not None:
            wanted = min(wanted, self._expected - self._count)
        data = self._receive(wanted) if wanted else b""
        self._count += len(data)
        if self._count > self._limit:
            raise self._too_large()
        if not data and self._expected is not None and self._count < self._expected:
            raise Problem("bad-body", f"The body ended after {self._count} of {self._expected} bytes.")
        self.ended = not data or self._count == self._expected
        return data

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk

    def _receive(self, size: int) -> bytes:
        """Up to `size` bytes. Servers raise what they like where chunks are malformed, so all of it is caught."""
        if self._client is not None:
            self._client.deadline = self._deadline + self._count / SLOWEST_BYTES_PER_SECOND
        try:
            return self._stream.read(size)
        except TimeoutError:
            headers = {"Connection": "close"}
            raise Problem("request-timeout", "The body did not arrive in time.", headers=headers) from None
        except Exception as error:
            raise Problem("bad-body", "The body ended early, or its chunks are malformed.") from error
        finally:
            if self._client is not None:
                self._client.deadline = None

    def _too_large(self) -> Problem:
        return Problem("too-large", f"The body may have at most {self._limit} bytes here.", {"limit": self._limit})


def has_body(environ: Mapping[str, Any]) -> bool:
    """Whether a body comes with the request, as far as its headers tell."""
    return "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "0") not in ("0", "")


def content_length(environ: Mapping[str, Any]) -> int | None:
    """The body's length in bytes, if it is announced."""
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() and "HTTP_TRANSFER_ENCODING" not in environ else None
