"""Refusals that a server gives itself, before the app has seen a request: they look like the app's own."""

import secrets

from services.web.problems import Problem, response
from services.web.response import SECURITY

LONGEST_LINE = 8_190
"""Bytes of a request line, and of any one header."""
MOST_HEADERS = 64
LINGER_SECONDS = 2.0
LINGER_BYTES = 100_000_000
"""How long, and for how much, a client that goes on sending is listened to after its refusal (RFC 9112, 9.6)."""

LINE_TOO_LONG = Problem("uri-too-long", f"The first line of a request may have at most {LONGEST_LINE} bytes.")
HEADERS_TOO_LARGE = Problem(
    "headers-too-large", f"A request may have at most {MOST_HEADERS} headers of at most {LONGEST_LINE} bytes each."
)
BAD_LINE = Problem("bad-request", "The first line is not that of a request in HTTP version 1.")
BAD_HEADER = Problem("bad-request", "A header is malformed, or contradicts another one.")
BAD_CODING = Problem("bad-request", "Of transfer codings only chunked is taken here, and that without Content-Length.")
BAD_CHUNKS = Problem("bad-body", "The body's chunks are malformed.")
TOO_SLOW = Problem("request-timeout", "The request did not arrive in time.")
BAD_EXPECTATION = Problem("bad-request", "Of expectations only 100-continue is met here.")
INTERNAL = Problem("internal-error", "The service met an error of its own; nothing was enqueued.")


def refusal(problem: Problem) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status, the headers with Content-Length, and the body."""
    reply = response(problem)
    named = [*reply.headers.items(), ("X-Request-ID", secrets.token_hex(8)), *SECURITY]
    return reply.status, named, reply.get_data()
