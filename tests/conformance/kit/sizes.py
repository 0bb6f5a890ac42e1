"""What is too large is refused with the code that says so: 411, 413, 414, 431."""

import re
from collections.abc import Iterator

from tests.conformance.kit.checks import problem
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped
from tests.conformance.kit.wire import BODY, answered, chunked, json_head, request_head

UNITS = {
    "": 1,
    "bytes": 1,
    "b": 1,
    "kb": 1000,
    "kib": 1024,
    "mb": 1000**2,
    "mib": 1024**2,
    "gb": 1000**3,
    "gib": 1024**3,
}
MOST = 128 << 20
"""The largest body in bytes that the kit sends to find a limit exceeded."""


@rule("A declared length past the limit is refused with 413 at once, and the reply names the limit.")
def declared_too_large(client: Client) -> None:
    reply = answered(client.raw(client.gateway, json_head(client, "Content-Length: 1000000000000") + BODY), 413)
    problem(reply, 413)
    assert limit_of(reply) > 0


def limit_of(reply: Reply) -> int:
    """The limit in bytes that a 413 names: in a member of the problem, or in its sentence."""
    value = problem(reply, 413)
    for name, member in value.items():
        if name != "status" and isinstance(member, int) and not isinstance(member, bool):
            return member
    found = re.search(r"(\d[\d,_]*(?:\.\d+)?)\s*(bytes|[kmg]i?b|b)?\b", value["detail"], re.IGNORECASE)
    assert found, f"the 413 names no limit: {value}"
    return int(float(re.sub("[,_]", "", found[1])) * UNITS[(found[2] or "").lower()])


@rule("A chunked body that grows past the limit is refused with 413, not cut short and taken.")
def chunked_too_large(client: Client) -> None:
    declared = client.raw(client.gateway, json_head(client, "Content-Length: 1000000000000"))
    limit = limit_of(answered(declared, 413))
    if limit > MOST:
        raise Skipped(f"the limit of {limit} bytes is more than the kit sends")
    piece = b"a" * (1 << 16)

    def body() -> Iterator[bytes]:
        yield json_head(client, "Transfer-Encoding: chunked") + b'a\r\n{"text": "\r\n'
        yield from chunked(piece, limit // len(piece) + 2)

    problem(answered(client.raw(client.gateway, body(), most=30), 413), 413)


@rule("A file past its field's limit is refused with 413, which names the limit.")
def file_too_large(client: Client) -> None:
    head = request_head(
        client, "Content-Type: image/png", "Content-Length: 1000000000000", target="/v1/jobs/image-thumbnails"
    )
    reply = answered(client.raw(client.gateway, head + b"\x89PNG"), 413)
    assert limit_of(reply) > 0


@rule("A request target of 8,000 octets is read (RFC 9110, 4.1); one of 100,000 is refused with 414.")
def long_targets(client: Client) -> None:
    head = request_head(
        client,
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 0",
        target="/v1/jobs/text-report?validate=true&text=" + "a" * 7960,
    )
    answered(client.raw(client.gateway, head), 200)
    head = request_head(client, target="/livez?" + "a" * 100_000, method="GET")
    problem(answered(client.raw(client.gateway, head), 414), 414)


@rule("Header fields past the limit are refused with 431: one that is huge, and very many small ones.")
def large_headers(client: Client) -> None:
    many = [f"X-Filler-{number}: x" for number in range(2000)]
    for lines in (["X-Filler: " + "a" * 200_000], many):
        reply = client.raw(client.gateway, request_head(client, *lines, method="GET", target="/livez"))
        problem(answered(reply, 431), 431)
