"""Replies to plain requests: one piece where they are short, gunicorn's own writing where they are not."""

from collections.abc import Iterable, Iterator

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidResponseHeader

from services.web.plain_reply import SHORT, Headers, PlainReply
from services.web.plain_request import PlainRequest


class Connection:
    """Keeps what was sent, piece by piece."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> int:
        """Take the beginning of a piece, as a socket may."""
        taken = data[:300]
        self.sent.append(taken)
        return len(taken)

    def sendall(self, data: bytes) -> None:
        """Take one piece."""
        self.sent.append(data)


def reply(status: str, headers: Headers, body: Iterable[bytes], method: str = "GET") -> tuple[list[bytes], bool]:
    """What is sent, and whether the connection closes after it."""
    connection, request = Connection(), PlainRequest({"REQUEST_METHOD": method})
    answer = PlainReply(request, connection, Config())
    answer.start(status, headers)
    answer.send(body)
    return connection.sent, request.should_close()


def content(sent: list[bytes]) -> bytes:
    return b"".join(sent).partition(b"\r\n\r\n")[2]


def test_a_short_reply_is_sent_in_one_piece() -> None:
    sent, closes = reply("200 OK", [("Content-Length", "4"), ("X-A", "b")], [b"ab", b"cd"])
    assert len(sent) == 1
    assert not closes
    head, _, body = sent[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {line.partition(":")[0] for line in lines[1:]} == {"Server", "Date", "Connection", "Content-Length", "X-A"}
    assert body == b"abcd"


@pytest.mark.parametrize(("status", "method"), [("304 NOT MODIFIED", "GET"), ("204 NO CONTENT", "GET")])
def test_a_reply_without_content_has_none(status: str, method: str) -> None:
    sent, closes = reply(status, [("ETag", '"a"')], [b""], method)
    assert (content(sent), closes) == (b"", False)


def test_the_reply_to_head_tells_the_length_and_sends_no_content() -> None:
    sent, closes = reply("200 OK", [("Content-Length", "4")], [b"abcd"], "HEAD")
    assert b"Content-Length: 4\r\n" in sent[0]
    assert (content(sent), closes) == (b"", False)


def test_a_reply_of_unknown_length_goes_out_chunk_by_chunk() -> None:
    def events() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    sent, closes = reply("200 OK", [("Content-Type", "text/event-stream")], events())
    assert content(sent) == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert (len(sent) > 2, closes) == (True, False)


def test_a_long_reply_is_not_put_together_in_memory() -> None:
    pieces = [b"a" * SHORT, b"b"]
    sent, closes = reply("200 OK", [("Content-Length", str(SHORT + 1))], pieces)
    assert sent[1:] == pieces
    assert not closes


def test_a_reply_that_falls_short_of_its_length_ends_its_connection() -> None:
    assert reply("200 OK", [("Content-Length", "5")], [b"abc"])[1]
    sent, closes = reply("200 OK", [("Content-Length", "2")], [b"abc"])
    assert (content(sent), closes) == (b"ab", False)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb"])
def test_no_header_can_smuggle_in_another(value: str) -> None:
    with pytest.raises(InvalidResponseHeader):
        reply("200 OK", [("Content-Length", "0"), ("X-A", value)], [])


def test_what_one_send_does_not_take_follows() -> None:
    content_sent = b"x" * 1_000
    sent, closes = reply("200 OK", [("Content-Length", "1000")], [content_sent])
    assert len(sent) == 2
    assert (content(sent), closes) == (content_sent, False)
