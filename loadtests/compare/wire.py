"""HTTP/1.1 messages (RFC 9112) as the bytes that go over the wire: only as much of it as the comparison needs."""

import re
from dataclasses import dataclass

NO_BODY = (b"204", b"304")
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


class UnreadableReplyError(Exception):
    """A reply that gives no Content-Length."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's status, its head in full and its body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """A header field's value, or nothing."""
        start = self.head.lower().find(f"\r\n{name.lower()}:".encode())
        if start < 0:
            return ""
        start += len(name) + 3
        return self.head[start : self.head.find(b"\r\n", start)].decode("latin-1").strip()


def post(address: Address, path: str, body: bytes, **headers: str) -> bytes:
    """A POST of JSON."""
    return request("POST", address, path, {"Content-Type": "application/json", **headers}, body)


def get(address: Address, path: str, **headers: str) -> bytes:
    """A GET."""
    return request("GET", address, path, headers)


def request(method: str, address: Address, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request that keeps its connection; header names are written with `_` for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address.host}:{address.port}", "Accept: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def whole_length(received: bytes | bytearray) -> int:
    """How many bytes the first reply in what was received takes; 0 if it is not all there."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 0
    if received[9:12] in NO_BODY:
        return end + 4
    length = CONTENT_LENGTH.search(received, 0, end + 2)
    if length is None:
        head = bytes(received[:end]).decode("latin-1")
        raise UnreadableReplyError(f"A reply without Content-Length can't be measured here:\n{head}")
    whole = end + 4 + int(length[1])
    return whole if len(received) >= whole else 0


def take_reply(received: bytes | bytearray) -> tuple[Reply, int] | None:
    """The first whole reply in what was received, and how many bytes it took; None if it is not all there."""
    whole = whole_length(received)
    if not whole:
        return None
    head, _, body = bytes(received[:whole]).partition(b"\r\n\r\n")
    return Reply(int(head[9:12]), head + b"\r\n", body), whole
