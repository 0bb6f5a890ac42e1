"""Raw sockets for tests of what no HTTP client would send."""

import json
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 60.0


@dataclass
class Answer:
    """What came back: its status, headers and body, whatever followed, and whether the connection ended in order."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes
    closed: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port), timeout=PATIENCE_S)


def send(url: str, data: bytes | Iterable[bytes]) -> Answer:
    """Send it all, as simple clients do, and only then read, until the server closes."""
    with connect(url) as sock:
        for piece in [data] if isinstance(data, bytes) else data:
            sock.sendall(piece)
        return read(sock)


def read(sock: socket.socket, *, one: bool = False) -> Answer:
    """The first final answer on a connection, with what follows unless only `one` is wanted; a reset is an error."""
    received = b""
    while part := sock.recv(65_536):
        received = _without_continue(received + part)
        if one and whole(received):
            return parse(received, closed=False)
    return parse(received, closed=True)


def drip(url: str, head: bytes, piece: bytes) -> Answer:
    """Send `head`, and `piece` five times a second until an answer comes; an empty piece is silence."""
    with connect(url) as sock:
        sock.sendall(head)
        answered = threading.Event()

        def go_on() -> None:
            while piece and not answered.wait(0.2):
                try:
                    sock.sendall(piece)
                except OSError:
                    return

        dripping = threading.Thread(target=go_on)
        dripping.start()
        try:
            return read(sock, one=True)
        finally:
            answered.set()
            dripping.join()


def whole(received: bytes) -> bool:
    head, blank, body = received.partition(b"\r\n\r\n")
    return bool(blank) and len(body) >= int(_headers(head).get("content-length", 0))


def parse(received: bytes, *, closed: bool) -> Answer:
    head, blank, body = received.partition(b"\r\n\r\n")
    assert blank and head.startswith(b"HTTP/1."), f"no answer, but {received[:200]!r}"
    headers = _headers(head)
    length = int(headers.get("content-length", len(body)))
    return Answer(int(head.split(b" ")[1]), headers, body[:length], body[length:], closed)


def _without_continue(received: bytes) -> bytes:
    return received.partition(b"\r\n\r\n")[2] if received.startswith(b"HTTP/1.1 100 ") else received


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}
