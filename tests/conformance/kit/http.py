"""A small HTTP client: ordinary requests, streams, and raw bytes for the requests that no client library would send."""

import http.client
import json
import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Pairs = Sequence[tuple[str, str | bytes]]
Fields = Mapping[str, str | bytes] | Pairs
CHUNK = 65536


class Headers:
    """Header fields: names without regard to case, a name may come several times."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = [(name.lower(), value) for name, value in pairs]

    def all(self, name: str) -> list[str]:
        """Every value of this field, in order."""
        return [value for key, value in self.pairs if key == name.lower()]

    def get(self, name: str, default: str = "") -> str:
        """All values of this field joined by commas, as RFC 9110 (5.3) allows."""
        return ", ".join(self.all(name)) or default

    def __contains__(self, name: str) -> bool:
        return bool(self.all(name))

    def tokens(self, name: str) -> set[str]:
        """The comma-separated members of this field, in lower case."""
        return {part.strip().lower() for part in self.get(name).split(",") if part.strip()}


@dataclass(frozen=True)
class Reply:
    """One HTTP reply, and the request that it answers."""

    method: str
    url: str
    status: int
    headers: Headers
    body: bytes

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case."""
        return self.headers.get("Content-Type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8, with what is not UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; an AssertionError says so when it is not."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise AssertionError(f"{self} has a body that is not JSON ({error}): {self.text[:200]!r}") from None

    def __str__(self) -> str:
        url = self.url if len(self.url) <= 160 else f"{self.url[:157]}…"
        return f"{self.method} {url} -> {self.status}"


def pairs(fields: Fields) -> list[tuple[str, str | bytes]]:
    """Header fields as a list, so that a name can come twice."""
    return list(fields.items()) if isinstance(fields, Mapping) else list(fields)


def send(method: str, url: str, fields: Fields = (), body: bytes | None = None, timeout: float = 10.0) -> Reply:
    """Send one request on a connection of its own and read the whole reply within `timeout` seconds."""
    with stream(method, url, fields, body, timeout) as (status, headers, response):
        reply = Reply(method, url, status, headers, _read_all(response, time.monotonic() + timeout))
    said = headers.get("Content-Length")
    bodiless = method == "HEAD" or status in (204, 304)
    if said and not bodiless and int(said) != len(reply.body):
        raise AssertionError(f"{reply}: Content-Length says {said}, the body has {len(reply.body)} bytes")
    return reply


@contextmanager
def stream(
    method: str, url: str, fields: Fields = (), body: bytes | None = None, timeout: float = 10.0
) -> Iterator[tuple[int, Headers, http.client.HTTPResponse]]:
    """Send one request and hand out the reply with its body still to be read."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        _write(connection, method, target, pairs(fields), body)
        response = connection.getresponse()
        yield response.status, Headers(response.getheaders()), response
    finally:
        connection.close()


def _write(connection: http.client.HTTPConnection, method: str, target: str, fields: Pairs, body: bytes | None) -> None:
    names = {name.lower() for name, _ in fields}
    connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
    for name, value in fields:
        connection.putheader(name, value)
    if body is not None or method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body or b"")))
    connection.endheaders(body or None)


def _read_all(response: http.client.HTTPResponse, deadline: float) -> bytes:
    parts = []
    while part := response.read1(CHUNK):
        parts.append(part)
        if time.monotonic() > deadline:
            raise AssertionError("the reply's body did not end in time")
    return b"".join(parts)


def connect(base: str, timeout: float) -> socket.socket:
    """A socket to the origin of `base`, with TLS where the scheme is https."""
    parts = urlsplit(base)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    plain = socket.create_connection((parts.hostname or "", port), timeout=timeout)
    if parts.scheme != "https":
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)


def raw(
    base: str, data: bytes | Iterable[bytes], *, half_close: bool = False, timeout: float = 10.0
) -> tuple[Reply | None, bytes]:
    """Send bytes as they are, and give the first final reply with the bytes that came in all.

    The reply is None when the server closes without one. Sending stops as soon as an answer comes.
    """
    with connect(base, timeout) as sock:
        pieces = [data] if isinstance(data, bytes) else data
        try:
            for piece in pieces:
                if select.select([sock], [], [], 0)[0]:
                    break
                sock.sendall(piece)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has said enough: what it said is read below
        received = _receive(sock, time.monotonic() + timeout)
    return parse(received, base), received


def _receive(sock: socket.socket, deadline: float) -> bytes:
    received = b""
    while (left := deadline - time.monotonic()) > 0 and not _complete(received):
        sock.settimeout(left)
        try:
            part = sock.recv(CHUNK)
        except (TimeoutError, ConnectionResetError):
            break
        if not part:
            break
        received += part
    return received


def _complete(received: bytes) -> bool:
    """Whether `received` holds a whole final reply, as far as a Content-Length tells."""
    head, blank, body = _final(received).partition(b"\r\n\r\n")
    if not blank:
        return False
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0])


def _final(received: bytes) -> bytes:
    """The received bytes without interim replies such as 100 Continue."""
    while received.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
        received = received.partition(b"\r\n\r\n")[2]
    return received


def parse(received: bytes, url: str, method: str = "RAW") -> Reply | None:
    """The first final reply among these bytes, or None when there is none."""
    head, blank, body = _final(received).partition(b"\r\n\r\n")
    if not blank or not head.startswith(b"HTTP/1."):
        return None
    lines = head.decode("latin-1").split("\r\n")
    fields = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    headers = Headers(fields)
    if "chunked" in headers.tokens("Transfer-Encoding"):
        body = _unchunk(body)
    elif length := headers.get("Content-Length"):
        body = body[: int(length)]
    return Reply(method, url, int(lines[0].split(" ")[1]), headers, body)


def _unchunk(body: bytes) -> bytes:
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0] or b"0", 16)
        if not length:
            break
        plain, body = plain + body[:length], body[length + 2 :]
    return plain
