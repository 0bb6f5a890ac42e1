"""The everyday request under gunicorn, taken apart in one step; whatever is not plainly one goes gunicorn's own way."""

import re
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

HEAD = re.compile(
    rb"(GET|HEAD|POST|DELETE|OPTIONS) (/(?!/)[\w/.~!$&'()*+,;=:@-]*+)(?:\?([\w/.~!$&'()*+,;=:@?%-]*+))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]++:[\t -~]*+\r\n){1,64})\r\n"
)
"""Method, path without escapes, query and header lines: all of it ASCII, no line folded, no name with an underscore."""
UNUSUAL = ("TRANSFER_ENCODING", "EXPECT", "UPGRADE", "X_FORWARDED_")


class PlainRequest:
    """A request that came whole: `environ` has what its head says (PEP 3333), its body is in memory."""

    version = (1, 1)
    scheme = "http"

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self._closing = False

    def force_close(self) -> None:
        """Make its reply the last on its connection."""
        self._closing = True

    def should_close(self) -> bool:
        """Whether its reply is the last on its connection."""
        return self._closing


class Requests(RequestParser):  # type: ignore[misc]
    """The requests of one connection: plain ones by way of `read_plain`, all others from gunicorn's parser."""

    def __next__(self) -> Any:
        if not self._at_start():
            raise StopIteration
        data = self.unreader.read()
        if not data:
            raise NoMoreData(b"")
        environ = read_plain(data)
        if environ is None:
            self.unreader.unread(data)
            return super().__next__()
        self.req_count += 1
        self.mesg: Any = PlainRequest(environ)
        return self.mesg

    def _at_start(self) -> bool:
        """Whether the connection goes on, and the next byte is the first of a request."""
        last = self.mesg
        if isinstance(last, PlainRequest):
            self.mesg = None  # its body has been taken with it
        return last is None or (not last.should_close() and bool(self.finish_body()))


def read_plain(data: bytes) -> dict[str, Any] | None:
    """What a request says, if `data` is exactly one plain request; else None, which says nothing about it."""
    found = HEAD.match(data)
    if found is None:
        return None
    method, path, query, lines = found.groups()
    environ = _headers(lines.decode("ascii"))
    body = data[found.end() :]
    if environ is None or environ.get("CONTENT_LENGTH", "0") != str(len(body)):
        return None
    environ["REQUEST_METHOD"] = method.decode()
    environ["PATH_INFO"] = path.decode()
    environ["QUERY_STRING"] = query.decode() if query else ""
    environ["wsgi.input"] = BytesIO(body)
    return environ


def _headers(lines: str) -> dict[str, Any] | None:
    """The header lines by their names in the environ; None if one comes twice, or asks for something unusual."""
    environ: dict[str, Any] = {}
    for line in lines[:-2].split("\r\n"):
        name, _, value = line.partition(":")
        key = _key(name)
        if not key or key in environ:
            return None
        environ[key] = value.strip(" \t")
    return environ if _stays_open(environ) else None


def _stays_open(environ: Mapping[str, Any]) -> bool:
    return bool(environ.get("HTTP_CONNECTION", "keep-alive").lower() == "keep-alive")


@lru_cache(512)
def _key(name: str) -> str:
    """What a header is called in the environ; nothing for one whose handling is gunicorn's."""
    key = name.upper().replace("-", "_")
    if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        return key
    return "" if key.startswith(UNUSUAL) else f"HTTP_{key}"
