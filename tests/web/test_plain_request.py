"""Plain requests say the same as gunicorn's own parser makes of them, and what is not plain is left to it."""

import socket
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from hypothesis import example, given
from hypothesis import strategies as st

from services.web.plain_request import PlainRequest, Requests, read_plain

PEER = ("127.0.0.1", 50_000)
SERVERS_OWN = {"wsgi.input", "wsgi.errors", "wsgi.early_hints", "gunicorn.socket", "RAW_URI"}

PATHS = st.text('abc/.-~_:=?&%#[]"\\;é ', max_size=12).map(lambda text: f"/{text}")
KNOWN = ("Host", "host", "Accept", "X-Request-ID", "Content-Length", "Content-Type", "Connection", "Transfer-Encoding")
NAMES = st.sampled_from([*KNOWN, "Expect", "X-Forwarded-Proto", "X_Under", "Cookie", "A b", "", "Traceparent"])
VALUES = st.text(' \tabc,;="0129\x00\x7fé', max_size=8) | st.sampled_from(
    ["close", "keep-alive", "chunked", "3", "https"]
)
HEADS = st.builds(
    lambda method, path, version, headers, end: (
        f"{method} {path} {version}{end}" + "".join(f"{name}: {value}{end}" for name, value in headers) + end
    ).encode("latin-1"),
    st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT", "get", ""]),
    PATHS,
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "http/1.1"]),
    st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=5),
    st.sampled_from(["\r\n", "\r\n", "\r\n", "\n"]),
)


def gunicorn_reads(data: bytes) -> dict[str, Any]:
    """The environ that gunicorn makes of `data`."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        request = next(RequestParser(Config(), ours, PEER))
        environ: dict[str, Any] = wsgi.create(request, ours, PEER, ("127.0.0.1", 80), Config())[1]
        environ["body"] = request.body.read()
    return environ


def requests_of(data: bytes) -> list[Any]:
    """What the connection's parser makes of everything that a client sends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        found = []
        requests = Requests(Config(), ours, PEER)
        while True:
            try:
                found.append(next(requests))
            except Exception as end:
                assert type(end).__name__ == "NoMoreData", end
                return found


@given(HEADS, st.sampled_from([b"", b"abc"]))
@example(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"")
@example(b"POST /v1/jobs/x?a=%20b HTTP/1.1\r\nHost: a\r\nContent-Length:\t3 \r\n\r\n", b"abc")
def test_a_plain_request_says_what_gunicorn_makes_of_it(head: bytes, body: bytes) -> None:
    plain = read_plain(head + body)
    if plain is None:
        return
    theirs = gunicorn_reads(head + body)
    assert plain.pop("wsgi.input").read() == theirs.pop("body") == body
    assert plain == {name: theirs[name] for name in plain}
    added = {name for name in theirs if name.startswith(("HTTP_", "CONTENT_"))} - plain.keys()
    assert not added


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a?b=c&d=%C3%A4 HTTP/1.1\r\nHost: a:80\r\nConnection: Keep-Alive\r\n\r\n",
        b"POST /v1/jobs/simulate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
        b"DELETE /v1/jobs/a HTTP/1.1\r\nhost: a\r\nAuthorization: Bearer abc\r\n\r\n",
    ],
)
def test_everyday_requests_are_plain(data: bytes) -> None:
    assert read_plain(data) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET //a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%61 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a HTTP/1.1\nHost: a\n\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX_Y: b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: \xe4\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nab",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nab",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        b"GET /a HTTP/1.1\r\n" + b"X-A: b\r\n" * 2 + b"\r\n",
        b"GET /a HTTP/1.1\r\n" + b"".join(b"X-%d: b\r\n" % number for number in range(65)) + b"\r\n",
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\n",
    ],
)
def test_whatever_else_comes_is_left_to_the_server(data: bytes) -> None:
    assert read_plain(data) is None


def test_plain_and_other_requests_take_turns_on_one_connection() -> None:
    plain = b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"
    chunked = b"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    found = requests_of(chunked + plain)
    assert [isinstance(one, PlainRequest) for one in found] == [False, True]
    assert len(requests_of(plain * 3)) == 3
    assert len(requests_of(plain + chunked + plain)) == 3


def test_a_reply_that_was_the_last_of_its_connection_ends_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
        requests = Requests(Config(), ours, PEER)
        next(requests).force_close()
        theirs.sendall(b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises(StopIteration):
            next(requests)
