import io
import time
from typing import Any

import pytest
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader

from services.web.body_guard import SLOWEST_BYTES_PER_SECOND, BodyGuard, content_length, has_body
from services.web.problems import Problem


class Failing(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        raise self._error


def environ(body: Any, length: int | str | None = None, **more: Any) -> dict[str, Any]:
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    named = {} if length is None else {"CONTENT_LENGTH": str(length)}
    return {"wsgi.input": stream, **named, **more}


def chunked(raw: bytes, limit: int = 100) -> BodyGuard:
    """A guard over what gunicorn makes of a chunked body."""
    body = Body(ChunkedReader(None, IterUnreader(iter([raw]))))
    return BodyGuard(environ(body, HTTP_TRANSFER_ENCODING="chunked"), limit)


def refusal_of(guard: BodyGuard) -> Problem:
    with pytest.raises(Problem) as refusal:
        guard.read()
    return refusal.value


@pytest.mark.parametrize("length", [None, 10])
def test_a_body_within_its_limit_comes_through(length: int | None) -> None:
    guard = BodyGuard(environ(b"0123456789", length), 10)
    assert [guard.read(4), guard.read(4), guard.read(4), guard.read(4)] == [b"0123", b"4567", b"89", b""]
    assert BodyGuard(environ(b"0123456789", length), 10).read() == b"0123456789"
    assert b"".join(BodyGuard(environ(b"0123456789", length), 10)) == b"0123456789"


def test_nothing_is_read_beyond_the_announced_length() -> None:
    stream = io.BytesIO(b"0123456789 the next request")
    assert BodyGuard(environ(stream, 10), 100).read() == b"0123456789"
    assert stream.tell() == 10


def test_a_body_announced_as_too_large_is_refused_unread() -> None:
    stream = io.BytesIO(b"x" * 11)
    with pytest.raises(Problem) as refusal:
        BodyGuard(environ(stream, 11), 10)
    assert (refusal.value.slug, refusal.value.members) == ("too-large", {"limit": 10})
    assert "10 bytes" in refusal.value.detail
    assert stream.tell() == 0


def test_a_body_that_turns_out_too_large_is_refused_after_one_byte_too_many() -> None:
    stream = io.BytesIO(b"x" * 1000)
    refusal = refusal_of(BodyGuard(environ(stream, HTTP_TRANSFER_ENCODING="chunked"), 10))
    assert refusal.slug == "too-large"
    assert stream.tell() == 11


def test_a_body_cut_short_is_refused_and_not_taken_for_whole() -> None:
    refusal = refusal_of(BodyGuard(environ(b"01234", 10), 100))
    assert refusal.slug == "bad-body"
    assert refusal.detail == "The body ended after 5 of 10 bytes."


def test_a_chunked_body_has_no_announced_length() -> None:
    assert BodyGuard(environ(b"01234", 10, HTTP_TRANSFER_ENCODING="chunked"), 100).read() == b"01234"


@pytest.mark.parametrize("length", ["", "-1", "ten", "1.5"])
def test_a_length_that_is_none_is_left_to_the_limit(length: str) -> None:
    assert BodyGuard(environ(b"01234", length), 5).read() == b"01234"
    assert refusal_of(BodyGuard(environ(b"01234", length), 4)).slug == "too-large"


def test_an_empty_body_is_empty() -> None:
    assert BodyGuard(environ(b"", 0), 0).read() == b""
    assert BodyGuard(environ(b""), 0).read() == b""


def test_a_chunked_body_comes_through_gunicorn_whole() -> None:
    assert chunked(b"5\r\n01234\r\n3;a=b\r\n567\r\n0\r\n\r\n").read() == b"01234567"


@pytest.mark.parametrize(
    "raw",
    [
        b"zz\r\n01234\r\n0\r\n\r\n",
        b"-5\r\n01234\r\n0\r\n\r\n",
        b"0x5\r\n01234\r\n0\r\n\r\n",
        b"5\r\n0123456789\r\n0\r\n\r\n",
        b"5 \x00\r\n01234\r\n0\r\n\r\n",
        b"5\r\n01234\r\n",
        b"5\r\n012",
        b"5",
        b"0\r\n",
        b"",
    ],
)
def test_a_chunked_body_that_is_malformed_or_cut_short_is_refused(raw: bytes) -> None:
    assert refusal_of(chunked(raw)).slug == "bad-body"


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), OSError("broken"), ValueError("a bad chunk")])
def test_a_connection_that_breaks_is_a_bad_body(error: Exception) -> None:
    refusal = refusal_of(BodyGuard(environ(Failing(error), 10), 100))
    assert refusal.slug == "bad-body"
    assert str(error) not in refusal.detail


class Server:
    """A server's connection as the guard sees it: it remembers until when it was to read."""

    def __init__(self, body: Any = b"") -> None:
        self._body = io.BytesIO(body)
        self.deadline: float | None = None
        self.deadlines: list[float | None] = []

    def read(self, size: int) -> bytes:
        self.deadlines.append(self.deadline)
        return self._body.read(size)


def guard_of(server: Server, length: int, **grace: float) -> BodyGuard:
    return BodyGuard(environ(server, length, **{"gunicorn.socket": server}), length, **grace)


def test_a_body_that_does_not_come_in_time_is_refused() -> None:
    refusal = refusal_of(BodyGuard(environ(Failing(TimeoutError("timed out")), 10), 100))
    assert refusal.slug == "request-timeout"


def test_every_read_has_a_deadline_that_moves_with_what_has_come() -> None:
    server = Server(b"x" * 100_000)
    start = time.monotonic()
    guard_of(server, 100_000, grace=5.0).read()
    first, last = server.deadlines[0], server.deadlines[-1]
    assert first is not None and last is not None
    assert 5 <= first - start < 15
    assert last - first == pytest.approx(server.deadlines.index(last) and 65_536 / SLOWEST_BYTES_PER_SECOND)


def test_the_deadline_is_taken_off_again() -> None:
    server = Server(b"abc")
    assert guard_of(server, 3).read() == b"abc"
    assert server.deadline is None
    broken = Failing(TimeoutError("timed out"))
    with pytest.raises(Problem):
        BodyGuard(environ(broken, 10, **{"gunicorn.socket": server}), 10).read()
    assert server.deadline is None


def test_a_guard_knows_whether_the_body_was_read_to_its_end() -> None:
    announced, open_ended = BodyGuard(environ(b"abc", 3), 10), BodyGuard(environ(b"abc"), 10)
    for guard in (announced, open_ended):
        guard.read(2)
        assert not guard.ended
        guard.read(1)
    assert announced.ended and not open_ended.ended
    for guard in (announced, open_ended):
        assert guard.read(1) == b"" and guard.ended


@pytest.mark.parametrize(
    ("headers", "has", "length"),
    [
        ({}, False, None),
        ({"CONTENT_LENGTH": ""}, False, None),
        ({"CONTENT_LENGTH": "0"}, False, 0),
        ({"CONTENT_LENGTH": "5"}, True, 5),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, True, None),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}, True, None),
    ],
)
def test_the_headers_tell_whether_a_body_comes(headers: dict[str, str], has: bool, length: int | None) -> None:
    assert (has_body(headers), content_length(headers)) == (has, length)
