"""Requests that no client library would send: wrong framing, sizes past the limits, bodies that never end."""

import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.conformance.kit import http
from tests.conformance.kit.checks import contains, gives_nothing_away, problem, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule

BODY = b'{"text": "to be or not to be"}'


def request_head(
    client: Client, *lines: str, target: str = "/v1/jobs/text-report?validate=true", method: str = "POST"
) -> bytes:
    own = [f"{method} {target} HTTP/1.1", f"Host: {urlsplit(client.gateway).netloc}", "Connection: close", *lines]
    if client.platform.api_key:
        own.append(f"Authorization: Bearer {client.platform.api_key}")
    return "\r\n".join(own).encode("latin-1") + b"\r\n\r\n"


def json_head(client: Client, *lines: str) -> bytes:
    return request_head(client, "Content-Type: application/json", *lines)


def answered(reply: Reply | None, *codes: int) -> Reply:
    assert reply is not None, f"the connection was closed or kept silent, without one of {codes}"
    return status_is(reply, *codes)


def _refused_or_closed(reply: Reply | None) -> None:
    if reply is not None:
        assert 400 <= reply.status < 500, f"expected a refusal or a closed connection: {reply}: {reply.text[:200]}"
        gives_nothing_away(reply)


def chunked(piece: bytes, times: int) -> Iterator[bytes]:
    for _ in range(times):
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


@rule("A chunked body is read like any other.")
def chunked_body(client: Client) -> None:
    data = json_head(client, "Transfer-Encoding: chunked") + b"".join(chunked(BODY, 1))
    reply = answered(client.raw(client.gateway, data), 200)
    assert contains(reply.json(), "to be or not to be"), f"the chunked text came through as {reply.text[:200]}"
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
    answered(client.raw(client.gateway, json_head(client, "Transfer-Encoding: chunked") + pieces), 200)


@rule("Expect: 100-continue is answered before the body is sent.")
def expect_continue(client: Client) -> None:
    sock = http.connect(client.gateway, client.left())
    with sock:
        sock.sendall(json_head(client, f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
        first = sock.recv(4096)
        assert first.startswith((b"HTTP/1.1 100", b"HTTP/1.1 4")), f"no 100 Continue came, but {first[:60]!r}"


@rule("A body without Content-Length and without chunks is refused with 411.")
def length_required(client: Client) -> None:
    problem(answered(client.raw(client.gateway, json_head(client)), 411), 411)


@rule("A body that is cut off is refused or the connection closed; it is never taken for a whole one.")
def truncated_body(client: Client) -> None:
    text = request_head(client, "Content-Type: text/plain", f"Content-Length: {len(BODY) + 10}")
    for head in (json_head(client, f"Content-Length: {len(BODY) + 10}"), text):
        _refused_or_closed(client.raw(client.gateway, head + BODY, half_close=True))
    for tail in (b"%x\r\n%s\r\n" % (len(BODY), BODY), b"%x\r\n%s" % (len(BODY) + 9, BODY)):
        _refused_or_closed(
            client.raw(client.gateway, json_head(client, "Transfer-Encoding: chunked") + tail, half_close=True)
        )


@rule("Chunks with nonsense for a size are refused.")
def bad_chunks(client: Client) -> None:
    for tail in (
        b"zz\r\n" + BODY,
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nx",
        b"5\r\nhelloworld\r\n0\r\n\r\n",
    ):
        data = json_head(client, "Transfer-Encoding: chunked") + tail
        _refused_or_closed(client.raw(client.gateway, data, half_close=True))


@rule("Content-Length that is no number, negative or said twice differently is refused with 400.")
def bad_lengths(client: Client) -> None:
    for lines in (
        ["Content-Length: abc"],
        ["Content-Length: -1"],
        ["Content-Length: 5", "Content-Length: 30"],
        ["Content-Length: +30"],
    ):
        answered(client.raw(client.gateway, json_head(client, *lines) + BODY, half_close=True), 400)


@rule("Transfer-Encoding beside Content-Length can't smuggle a second request (RFC 9112, 6.3).")
def no_smuggling(client: Client) -> None:
    inner = f"GET /smuggled HTTP/1.1\r\nHost: {urlsplit(client.gateway).netloc}\r\n\r\n".encode()
    lines = ["Content-Type: application/json", "Content-Length: 5", "Transfer-Encoding: chunked"]
    data = request_head(client, *lines).replace(b"Connection: close\r\n", b"") + b"0\r\n\r\n" + inner
    _, received = http.raw(client.gateway, data, half_close=True, timeout=client.left(5))
    assert received.count(b"HTTP/1.1 ") <= 1, "the bytes after the body were answered as a second request"


@rule("A transfer coding other than chunked is refused.")
def unknown_transfer_coding(client: Client) -> None:
    answered(
        client.raw(client.gateway, json_head(client, "Transfer-Encoding: x-secret") + BODY, half_close=True),
        400,
        411,
        501,
    )


@rule("A request that is no HTTP is refused with 400 or the connection closed, and gives nothing away.")
def not_http(client: Client) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 3,
        b"GET\r\n\r\n",
        b"HELLO WORLD AGAIN X\r\n\r\n",
        b"\0" * 64 + b"\r\n\r\n",
    ):
        for base in (client.gateway, client.status):
            _refused_or_closed(client.raw(base, data, half_close=True))


@rule("HTTP/1.1 without Host, or with two, is refused with 400 (RFC 9112, 3.2).")
def host_exactly_once(client: Client) -> None:
    for lines in (b"", b"Host: a.example\r\nHost: b.example\r\n"):
        data = b"GET /livez HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n"
        answered(client.raw(client.gateway, data), 400)


@rule("A header name with a space, or a folded line, is refused with 400 (RFC 9112, 5).")
def header_syntax(client: Client) -> None:
    for line in ("X-Space : x", "X Y: x", "X-Fold: a\r\n b"):
        reply = client.raw(client.gateway, request_head(client, line, method="GET", target="/livez"))
        status_is(answered(reply, 400), 400)


@rule("A body that arrives slowly, byte by byte, is read as long as it keeps coming for a second or two.")
def slow_body(client: Client) -> None:
    def drip() -> Iterator[bytes]:
        yield json_head(client, f"Content-Length: {len(BODY)}")
        for start in range(0, len(BODY), 3):
            time.sleep(0.1)
            yield BODY[start : start + 3]

    answered(client.raw(client.gateway, drip()), 200)


@rule("Forty clients that drip their headers or bodies do not keep another client out.", when="alone")
def dripping_keeps_nobody_out(client: Client) -> None:
    stop = threading.Event()
    heads = (json_head(client, "Content-Length: 500000"), request_head(client)[:-4] + b"\r\nX-Slow: ")
    threads = [threading.Thread(target=_drip, args=(client, heads[n % 2], stop), daemon=True) for n in range(40)]
    for thread in threads:
        thread.start()
    try:
        client.pause(1.0)
        for _ in range(5):
            status_is(client.send("GET", f"{client.gateway}/livez", most=3), 200)
            status_is(client.submit(query="validate=true"), 200)
    finally:
        stop.set()
        for thread in threads:
            thread.join(5)


def _drip(client: Client, head: bytes, stop: threading.Event) -> None:
    with http.connect(client.gateway, 5) as sock:
        try:
            sock.sendall(head)
            while not stop.wait(0.2):
                sock.sendall(b"x")
        except OSError:
            return  # the server has had enough of this one, as it may
