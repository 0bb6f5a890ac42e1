import io
import time
from typing import Any

import pytest
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader

from services.web import body_guard
from services.web.body_guard import BodyGuard, drain
from services.web.problems import Problem


class Dripping:
    """A body that brings one byte at a time, and a socket that remembers its time limits."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.limits: list[float | None] = []

    def settimeout(self, seconds: float | None) -> None:
        self.limits.append(seconds)

    def read(self, size: int) -> bytes:
        limit = self.limits[-1]
        assert limit is not None
        if self._seconds >= limit:
            time.sleep(limit)
            raise TimeoutError("timed out")
        time.sleep(self._seconds)
        return b"x"


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


def test_a_body_that_drips_is_refused_at_its_deadline() -> None:
    client = Dripping(0.02)
    guard = BodyGuard(environ(client, 1000, **{"gunicorn.socket": client}), 1000, seconds=0.1)
    refusal = refusal_of(guard)
    assert (refusal.slug, refusal.headers) == ("request-timeout", {"Connection": "close"})
    given = [limit for limit in client.limits if limit is not None]
    assert given == sorted(given, reverse=True) and given[0] <= 0.1


def test_a_body_that_stops_coming_is_refused_at_its_deadline() -> None:
    client = Dripping(3600)
    refusal = refusal_of(BodyGuard(environ(client, 10, **{"gunicorn.socket": client}), 10, seconds=0.05))
    assert refusal.slug == "request-timeout"


def test_the_socket_gets_its_own_time_limit_back() -> None:
    for client in (Dripping(0.0), Dripping(3600)):
        guard = BodyGuard(environ(client, 10, **{"gunicorn.socket": client}), 10, seconds=0.05)
        try:
            guard.read(1)
        except Problem:
            pass
        assert client.limits[-1] is None


def test_a_larger_body_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []
    for limit in (0, 50_000_000):
        client = Dripping(0.0)
        BodyGuard(environ(client, 1, **{"gunicorn.socket": client}), limit or 1).read(1)
        limits.append(client.limits[0])
    small, large = limits
    assert small is not None and large is not None
    assert 19 < small < 21 and 1019 < large < 1021


def test_the_rest_of_a_refused_body_is_taken_in() -> None:
    stream = io.BytesIO(b"x" * 100_000)
    assert drain(environ(stream, 100_000))
    assert stream.read() == b""


def test_what_is_too_long_slow_or_broken_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_guard, "DRAIN_BYTES", 1000)
    monkeypatch.setattr(body_guard, "DRAIN_SECONDS", 0.05)
    assert not drain(environ(b"x" * 2000))
    assert not drain(environ(Failing(ConnectionResetError("gone"))))
    slow = Dripping(3600)
    assert not drain(environ(slow, **{"gunicorn.socket": slow}))
