import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent import Timeout
from gunicorn.http import errors

from services.web import server_refusals
from services.web.gunicorn_worker import REFUSALS, SMALL, ClientSocket, Worker
from services.web.problem_types import PROBLEM_TYPES

Pair = tuple[ClientSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The server's end of a connection, and the client's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ClientSocket(ours), theirs


def test_without_a_deadline_a_read_is_a_plain_one(pair: Pair) -> None:
    server, client = pair
    client.sendall(b"abc")
    assert server.recv(10) == b"abc"


def test_a_read_ends_at_its_deadline(pair: Pair) -> None:
    server, _ = pair
    server.deadline = time.monotonic() + 0.05
    with pytest.raises(TimeoutError):
        server.recv(10)
    assert time.monotonic() >= server.deadline
    assert server.gettimeout() is None


def test_after_the_deadline_nothing_is_read_even_where_something_has_come(pair: Pair) -> None:
    server, client = pair
    client.sendall(b"abc")
    server.deadline = time.monotonic()
    with pytest.raises(TimeoutError):
        server.recv(10)


def test_a_body_that_drips_does_not_move_the_deadline(pair: Pair) -> None:
    server, client = pair
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.01):
            client.sendall(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    got = b""
    try:
        server.deadline = time.monotonic() + 0.2
        with pytest.raises(TimeoutError):
            while True:
                got += server.recv(1)
    finally:
        stop.set()
        thread.join()
    assert got.strip(b"x") == b"" and got


@pytest.mark.parametrize(("length", "closes"), [(0, 0), (SMALL, 0), (SMALL + 1, 1), (None, 1)])
def test_a_connection_is_kept_only_where_little_is_left_unread(pair: Pair, length: int | None, closes: int) -> None:
    server, closed = pair[0], []
    server.begin(lambda: closed.append(1))
    server.leave_body(length)
    assert len(closed) == closes


def test_a_client_that_goes_on_sending_is_heard_out_so_that_it_sees_its_answer(pair: Pair) -> None:
    server, client = pair
    server.begin(lambda: None)
    server.leave_body(None)
    server.sendall(b"413")
    sender = threading.Thread(target=lambda: (client.sendall(b"x" * 1_000_000), client.shutdown(socket.SHUT_WR)))
    sender.start()
    server.linger()
    sender.join()
    assert client.recv(10) == b"413"
    assert client.recv(10) == b""


def test_a_client_that_never_ends_is_not_listened_to_for_ever(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_refusals, "LINGER_SECONDS", 0.1)
    server, client = pair
    server.begin(lambda: None)
    server.leave_body(None)
    server.linger()
    assert client.recv(1) == b""


def test_whoever_left_no_body_behind_is_let_go_at_once(pair: Pair) -> None:
    server, client = pair
    server.begin(lambda: None)
    server.linger()
    server.sendall(b"still open")
    assert client.recv(20) == b"still open"


class Coming:
    """A connection whose next request is what `make` makes of it."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make

    def __next__(self) -> str:
        return self._make()


def next_of(make: Callable[[], Any], silence: Timeout) -> Any:
    requests: Any = Coming(make)
    return Worker.__new__(Worker)._next(requests, silence)


def test_a_client_that_is_silent_for_too_long_is_given_up_whenever_that_is() -> None:
    silence = Timeout(0.01, False)
    assert next_of(lambda: "first", silence) == "first"
    assert next_of(lambda: gevent.sleep(60), silence) is None
    assert next_of(lambda: "third", silence) == "third"
    assert next_of(lambda: gevent.sleep(60), silence) is None
    assert not silence.pending
    silence.close()


def test_another_time_limit_is_not_taken_for_the_clients_silence() -> None:
    silence = Timeout(60, False)
    with pytest.raises(Timeout) as other, Timeout(0.01):
        next_of(lambda: gevent.sleep(60), silence)
    assert other.value is not silence and not silence.pending
    silence.close()


ERRORS = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.ParseException)
]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_of_the_servers_parser_has_a_refusal(error: type[Exception]) -> None:
    problem = next(problem for kind, problem in REFUSALS if issubclass(error, kind))
    kind = PROBLEM_TYPES[problem.slug]
    name = error.__name__
    assert (kind.status >= 500) == (name.startswith(("InvalidResponse", "Configuration"))), name


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (errors.LimitRequestLine(9_000, 8_190), "uri-too-long"),
        (errors.LimitRequestHeaders("too many"), "headers-too-large"),
        (errors.InvalidChunkSize(b"zz"), "bad-body"),
        (errors.ChunkMissingTerminator(b"x"), "bad-body"),
        (errors.InvalidHeader("a"), "bad-request"),
        (errors.InvalidRequestLine("GET"), "bad-request"),
        (errors.UnsupportedTransferCoding("x"), "bad-request"),
        (errors.ExpectationFailed("x"), "bad-request"),
        (errors.InvalidResponseHeader("a"), "internal-error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_what_the_parser_meets_is_told_apart(error: Exception, slug: str) -> None:
    assert next(problem.slug for kind, problem in REFUSALS if isinstance(error, kind)) == slug


@pytest.mark.parametrize("problem", {id(problem): problem for _, problem in REFUSALS}.values(), ids=lambda p: p.detail)
def test_a_refusal_of_the_server_looks_like_one_of_the_app(problem: object) -> None:
    status, headers, body = server_refusals.refusal(problem)  # type: ignore[arg-type]
    named = dict(headers)
    assert status.split()[0].isdigit()
    assert named["Content-Type"] == "application/problem+json"
    assert named["Content-Length"] == str(len(body))
    assert named["X-Content-Type-Options"] == "nosniff" and named["X-Request-ID"]
