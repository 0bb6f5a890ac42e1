"""waitress's own parser and channel, held to the same answers as everything else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from waitress.adjustments import Adjustments
from waitress.utilities import InternalServerError

from services.web import server_refusals as said
from services.web import waitress_channel
from services.web.problems import Problem
from services.web.waitress_channel import CHUNKING, Parser, problem_of

LARGEST = 1_000
POST = b"POST /v1/jobs/x HTTP/1.1\r\nHost: a\r\n"


def adjustments(largest: int = LARGEST) -> Adjustments:
    return Adjustments(max_request_body_size=largest + CHUNKING, max_request_header_size=65_536)


Received = Callable[..., Parser]
Refusal = Callable[..., Problem]


@pytest.fixture
def received() -> Iterator[Received]:
    """A request after some bytes have come."""
    with ExitStack() as opened:

        def receive(*pieces: bytes, largest: int = LARGEST) -> Parser:
            parser = Parser(adjustments(largest))
            opened.callback(parser.close)
            for piece in pieces:
                while piece and not parser.completed:  # as a channel feeds it: the head and the body apart
                    piece = piece[parser.received(piece) :]
            return parser

        yield receive


@pytest.fixture
def refusal(received: Received) -> Refusal:
    """What is wrong with a request."""

    def refuse(*pieces: bytes) -> Problem:
        parser = received(*pieces)
        assert parser.completed and parser.error
        return problem_of(parser, adjustments())

    return refuse


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that the test moves."""
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(waitress_channel, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /?" + b"a" * 8_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 64 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 8_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \xe9\r\n\r\n",
        POST + b"Content-Length: 3\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_a_request_as_it_should_be_is_taken_however_it_is_cut(received: Received, request_bytes: bytes) -> None:
    pieces = (request_bytes[at : at + 7] for at in range(0, len(request_bytes), 7))
    for parser in (received(request_bytes), received(*pieces)):
        assert parser.completed and parser.error is None


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"GET /" + b"a" * 8_190 + b" HTTP/1.1\r\n\r\n", said.LINE_TOO_LONG),
        (b"GET /" + b"a" * 100_000, said.LINE_TOO_LONG),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 8_190 + b"\r\n\r\n", said.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000, said.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 65 + b"\r\n", said.HEADERS_TOO_LARGE),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", said.BAD_HEADER),
        (b"GET / HTTP/1.1\r\nX Y: a\r\n\r\n", said.BAD_HEADER),
        (b"GET / HTTP/1.1\r\nX : a\r\n\r\n", said.BAD_HEADER),
        (b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", said.BAD_HEADER),
        (b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", said.BAD_HEADER),
        (b"get / HTTP/1.1\r\n\r\n", said.BAD_HEADER),
        (b"GET http://[/ HTTP/1.1\r\n\r\n", said.BAD_HEADER),
        (b"GET /livez\r\n\r\n", said.BAD_LINE),
        (b"GET / HTTP/2.0\r\n\r\n", said.BAD_LINE),
        (b"GET / HTTP/1.2\r\n\r\n", said.BAD_LINE),
        (b"GET  / HTTP/1.1\r\n\r\n", said.BAD_LINE),
        (b"GET /\xff HTTP/1.1\r\n\r\n", said.BAD_LINE),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", said.BAD_LINE),
        (b"GET / HTTP/1.1\nHost: a\n\n", said.BAD_LINE),
        (POST + b"Content-Length: abc\r\n\r\n", said.BAD_HEADER),
        (POST + b"Content-Length: -1\r\n\r\n", said.BAD_HEADER),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", said.BAD_HEADER),
        (POST + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", said.BAD_HEADER),
        (POST + b"Transfer-Encoding: x-secret\r\n\r\n", said.BAD_CODING),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", said.BAD_CODING),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", said.BAD_CODING),
        (b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", said.BAD_CODING),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", said.BAD_CHUNKS),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello", said.BAD_CHUNKS),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", said.BAD_CHUNKS),
    ],
)
def test_what_can_not_be_read_is_refused_as_gunicorn_would(refusal: Refusal, head: bytes, problem: Problem) -> None:
    found = refusal(head)
    assert (found.slug, found.detail) == (problem.slug, problem.detail)


@pytest.mark.parametrize("length", [LARGEST + CHUNKING, 10**12])
def test_a_body_beyond_the_largest_is_refused_before_it_comes(refusal: Refusal, length: int) -> None:
    problem = refusal(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length)
    assert (problem.slug, problem.members) == ("too-large", {"limit": LARGEST})


def test_a_client_is_not_told_to_go_on_with_a_body_that_is_refused(received: Received) -> None:
    assert not received(POST + b"Expect: 100-continue\r\nContent-Length: 999999999\r\n\r\n").expect_continue
    assert received(POST + b"Expect: 100-continue\r\nContent-Length: 9\r\n\r\n").expect_continue


def test_a_chunked_body_that_swells_is_refused(refusal: Refusal) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    problem = refusal(POST + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 20)
    assert (problem.slug, problem.members) == ("too-large", {"limit": LARGEST})


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nX: ", POST + b"Content-Length: 900\r\n\r\n"])
def test_a_request_that_drips_is_ended(received: Received, clock: Any, head: bytes) -> None:
    parser = received(head)
    for _ in range(100):
        clock.now += 1.0
        parser.received(b"x")
    assert parser.completed
    assert problem_of(parser, adjustments()).slug == "request-timeout"


def test_a_body_that_comes_fast_enough_may_take_its_time(received: Received, clock: Any) -> None:
    parser = received(POST + b"Content-Length: 6000000\r\n\r\n", largest=10_000_000)
    for _ in range(100):
        clock.now += 1.0
        parser.received(b"x" * 60_000)
    assert parser.completed and parser.error is None


def test_an_error_of_ours_tells_nothing() -> None:
    parser = Parser(adjustments())
    parser.error = InternalServerError("Traceback")
    assert problem_of(parser, adjustments()) is said.INTERNAL
