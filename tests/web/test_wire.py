"""Both servers at the socket: whatever comes in, what goes out is ours, whole, and ends the connection in order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scripts.embedded.platform import Platform
from services.web.problem_types import PROBLEM_TYPES
from tests.conftest import make_platform
from tests.web import wire

SERVERS = ("gunicorn", "waitress")
HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /v1/jobs/text-report?validate=true HTTP/1.1\r\n" + HOST
JSON = POST + b"Content-Type: application/json\r\n"
BLOCK = b"x" * 65_536


@pytest.fixture(scope="module")
def platforms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Platform]]:
    """A platform on each server."""
    folder = tmp_path_factory.mktemp("wire")
    with (
        make_platform(folder / "gunicorn", server="gunicorn", workers=1) as gunicorn,
        make_platform(folder / "waitress", server="waitress", workers=1) as waitress,
    ):
        yield {"gunicorn": gunicorn, "waitress": waitress}


@pytest.fixture(params=SERVERS)
def running(request: pytest.FixtureRequest, platforms: dict[str, Platform]) -> Platform:
    return platforms[request.param]


def check(answer: wire.Answer, slug: str) -> Any:
    """The problem in a refusal, which looks like every other and tells nothing of what runs here."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    problem, kind = answer.json, PROBLEM_TYPES[slug]
    assert (problem["type"], problem["title"], problem["status"]) == (kind.uri, kind.title, kind.status)
    assert answer.status == kind.status and problem["detail"]
    assert answer.headers["x-request-id"] and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    tells_nothing(answer)
    return problem


def tells_nothing(answer: wire.Answer) -> None:
    assert answer.headers.get("server", "coatcheck") == "coatcheck"
    text = answer.body + repr(answer.headers).encode()
    assert not any(word in text.lower() for word in (b"gunicorn", b"waitress", b"werkzeug", b"python", b"traceback"))


UNREADABLE = {
    "a long target": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", "uri-too-long"),
    "an endless target": (b"GET /" + b"a" * 2_000_000, "uri-too-long"),
    "a long header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9_000 + b"\r\n\r\n", "headers-too-large"),
    "an endless header": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2_000_000, "headers-too-large"),
    "many headers": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 2_000 + b"\r\n", "headers-too-large"),
    "no colon": (b"GET / HTTP/1.1\r\n" + HOST + b"bad header\r\n\r\n", "bad-request"),
    "a blank in a name": (b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n", "bad-request"),
    "a folded line": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", "bad-request"),
    "a zero byte": (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", "bad-request"),
    "no version": (b"GET /livez\r\n\r\n", "bad-request"),
    "another version": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", "bad-request"),
    "a target in no ASCII": (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", "bad-request"),
    "lines that end in LF": (b"GET / HTTP/1.1\nHost: a\n\n", "bad-request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 3 + b"\r\n\r\n", "bad-request"),
    "a length in words": (JSON + b"Content-Length: abc\r\n\r\n", "bad-request"),
    "a length of digits without end": (JSON + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", "bad-request"),
    "two lengths": (JSON + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "bad-request"),
    "an unknown coding": (JSON + b"Transfer-Encoding: x-secret\r\n\r\n", "bad-request"),
    "a length and chunks": (JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "bad-request"),
    "chunks of no size": (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", "bad-body"),
    "a chunk without its end": (JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n", "bad-body"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_can_not_be_read_is_refused_like_everything_else(running: Platform, name: str) -> None:
    data, slug = UNREADABLE[name]
    services = [running.gateway_url] if data.startswith(b"POST") else [running.gateway_url, running.status_url]
    for url in services:  # the status service takes no bodies
        answer = wire.send(url, data)
        check(answer, slug)
        assert answer.headers["connection"] == "close"
        assert answer.closed and answer.rest == b""


@pytest.mark.parametrize("lines", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host:\r\n"])
def test_a_request_names_one_host(running: Platform, lines: bytes) -> None:
    answer = wire.send(running.gateway_url, b"GET /livez HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n")
    by_parser = lines.count(b"Host") > 1 and answer.json["type"] == "/problems/bad-request"
    check(answer, "bad-request" if by_parser else "untrusted-host")


def test_what_stands_behind_an_unreadable_request_is_not_read_as_another(running: Platform) -> None:
    inner = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
    for head in (
        JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ):
        answer = wire.send(running.gateway_url, head + inner)
        assert answer.status == 400 and answer.closed
        assert b"smuggled" not in answer.body + answer.rest and answer.rest == b""


def upload(head: bytes, megabytes: int, *, chunked: bool) -> Iterator[bytes]:
    """An upload of so many megabytes."""
    yield head + (b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (megabytes << 20)) + b"\r\n\r\n"
    for _ in range(megabytes << 4):
        yield b"10000\r\n" + BLOCK + b"\r\n" if chunked else BLOCK
    if chunked:
        yield b"0\r\n\r\n"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("head", "slug"),
    [
        (JSON, "too-large"),
        (POST + b"Content-Type: text/plain\r\n", "too-large"),
        (POST + b"Content-Type: text/xml\r\n", "unsupported-media-type"),
        (b"POST /nowhere HTTP/1.1\r\n" + HOST, "not-found"),
        (b"PUT /v1/jobs/text-report HTTP/1.1\r\n" + HOST, "method-not-allowed"),
    ],
)
def test_a_client_that_sends_it_all_first_still_gets_its_refusal(
    running: Platform, head: bytes, slug: str, chunked: bool
) -> None:
    with wire.connect(running.gateway_url) as sock:
        for piece in upload(head, 16, chunked=chunked):
            sock.sendall(piece)
        answer = wire.read(sock, one=True)
    problem = check(answer, slug)
    assert slug != "too-large" or problem["limit"] > 0


def test_a_length_beyond_all_limits_is_refused_at_once(running: Platform) -> None:
    for expect in (b"", b"Expect: 100-continue\r\n"):
        with wire.connect(running.gateway_url) as sock:
            sock.sendall(POST + b"Content-Type: text/plain\r\n" + expect + b"Content-Length: 1000000000000\r\n\r\nabc")
            assert check(wire.read(sock, one=True), "too-large")["limit"] > 0


def test_after_a_small_refused_body_the_connection_goes_on(running: Platform) -> None:
    with wire.connect(running.gateway_url) as sock:
        for _ in range(3):
            sock.sendall(b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1_000)
            check(wire.read(sock, one=True), "not-found")
            sock.sendall(b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n")
            answer = wire.read(sock, one=True)
            assert (answer.status, answer.json) == (200, {"status": "alive"})
            tells_nothing(answer)


def test_a_chunked_body_is_read_like_any_other(running: Platform) -> None:
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in b'{"text": "words"}')
    head = JSON + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = wire.send(running.gateway_url, head + body + b"0\r\n\r\n")
    assert answer.status == 200 and answer.json["input"]["text"] == "words"


def test_a_body_has_a_length(running: Platform) -> None:
    check(wire.send(running.gateway_url, JSON + b"Connection: close\r\n\r\n"), "length-required")


@pytest.mark.parametrize("query", [b"text=%FF%FE", b"text=%C3%28", b"text=%ED%A0%80", b"%FF=a"])
def test_a_query_is_utf_8(running: Platform, query: bytes) -> None:
    head = b"POST /v1/jobs/text-report?" + query + b" HTTP/1.1\r\n" + HOST
    check(wire.send(running.gateway_url, head + b"Connection: close\r\n\r\n"), "bad-request")


PATHS = {
    "gateway_url": ["/", "/livez", "/readyz", "/metrics", "/problems/", "/v1/job-types", "/v1/job-types/simulate"],
    "status_url": ["/", "/livez", "/readyz", "/metrics", "/problems/not-found", "/v1/jobs"],
}


@pytest.mark.parametrize("service", PATHS)
def test_head_and_options_work_everywhere(running: Platform, service: str) -> None:
    url = getattr(running, service)
    for path in PATHS[service]:
        line = f" {path} HTTP/1.1\r\n".encode() + HOST + b"Connection: close\r\n\r\n"
        get, head, options = (wire.send(url, method + line) for method in (b"GET", b"HEAD", b"OPTIONS"))
        assert get.status == head.status == 200 and get.body and head.body == head.rest == b"", path
        assert get.headers["content-type"] == head.headers["content-type"]
        assert {"GET", "HEAD", "OPTIONS"} <= set(options.headers["allow"].split(", "))
        assert get.headers.get("server", "coatcheck") == "coatcheck"


SLOW = {
    "a body that stops": (JSON + b"Content-Length: 500\r\n\r\n{", b""),
    "a body that drips": (JSON + b"Content-Length: 500000\r\n\r\n", b"x"),
    "chunks that stop": (JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b""),
    "chunks that drip": (JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


def test_a_body_that_comes_too_slowly_is_refused_in_the_end(platforms: dict[str, Platform]) -> None:
    """All at once, since each takes the time that a body is given; waitress closes on who is silent, unanswered."""
    cases = [(server, name) for server in SERVERS for name in SLOW if server == "gunicorn" or SLOW[name][1]]
    with ThreadPoolExecutor(len(cases)) as pool:
        going = [(case, pool.submit(wire.drip, platforms[case[0]].gateway_url, *SLOW[case[1]])) for case in cases]
        for case, answer in going:
            check(answer.result(), "request-timeout")
            assert answer.result().headers["connection"] == "close", case
