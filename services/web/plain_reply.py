"""The reply to a plain request under gunicorn: written in one piece where it is short and complete."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from gunicorn import util
from gunicorn.http import wsgi
from gunicorn.http.errors import InvalidResponseHeader

from services.web.plain_request import PlainRequest

SHORT = 65_536
"""Bytes of a body that are put together with the head; a longer one goes out as it comes."""
BODILESS = ("204", "304")

Headers = list[tuple[str, str]]


class PlainReply:
    """What the application answers to one request."""

    def __init__(self, request: PlainRequest, sock: Any, config: Any) -> None:
        self._request, self._sock, self._config = request, sock, config
        self._status = ""
        self._headers: Headers = []

    def start(self, status: str, headers: Headers, _exc_info: Any = None) -> Callable[[bytes], Any]:
        """`start_response` (PEP 3333)."""
        self._status, self._headers = status, headers
        return _refuse_to_write

    def send(self, body: Iterable[bytes]) -> None:
        """Write all of it; afterwards the request knows whether its connection has to be closed."""
        length = self._length()
        if length is None:
            self._stream(body)
            return
        content = b"".join(body)[:length] if length else b""
        if len(content) < length:
            self._request.force_close()
        self._send(self._head() + content)

    def _send(self, data: bytes) -> None:
        """gevent's sendall() asks for the size of a buffer first; nearly always one send() takes it all."""
        sent = self._sock.send(data)
        if sent < len(data):
            self._sock.sendall(data[sent:])

    def _length(self) -> int | None:
        """The body's length if it is short and all else is ordinary; None has gunicorn decide and write."""
        length = None
        for name, value in self._headers:
            if name == "Content-Length":
                length = int(value)
            elif _is_hoppish(name):
                return None
        if self._request.method == "HEAD":
            return 0
        if self._status[:3] in BODILESS:
            return 0 if length is None else None
        return length if length is not None and length <= SHORT else None

    def _head(self) -> bytes:
        last = "close" if self._request.should_close() else "keep-alive"
        lines = [f"HTTP/1.1 {self._status}\r\nServer: {wsgi.SERVER}\r\nDate: {_date(int(time.time()))}\r\n"]
        lines.append(f"Connection: {last}\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in self._headers]
        text = "".join(lines)
        if text.count("\n") != len(lines) + 2 or text.count("\r") != len(lines) + 2:
            raise InvalidResponseHeader("a line break in a header")
        return f"{text}\r\n".encode("latin-1")

    def _stream(self, body: Iterable[bytes]) -> None:
        response = wsgi.Response(self._request, self._sock, self._config)
        response.start_response(self._status, self._headers)
        if isinstance(body, wsgi.FileWrapper):
            response.write_file(body)
        else:
            for item in body:
                response.write(item)
        response.close()
        if response.should_close():
            self._request.force_close()


@lru_cache(256)
def _is_hoppish(name: str) -> bool:
    return bool(util.is_hoppish(name))


def _refuse_to_write(_: bytes) -> None:
    raise TypeError("this server takes bodies as they are returned, not through write()")


@lru_cache(1)
def _date(second: int) -> str:
    """The Date header of a second since 1970."""
    return str(util.http_date(second))
