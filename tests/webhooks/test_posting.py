"""One try at a delivery, against real sockets."""

import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scripts.embedded.receiver import Receiver, Reply
from services.jobs.public_address import Address, Allowed
from services.webhooks import posting
from services.webhooks.posting import Answer, Poster
from services.webhooks.signing import read_secrets
from tests.webhooks.notices import notice_for

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEYS = read_secrets(SECRET, "here")
HERE = Allowed.parse("127.0.0.1")
LOOPBACK: list[Address] = [ipaddress.ip_address("127.0.0.1")]

Talk = Callable[[socket.socket], None]


def post(url: str, trust: ssl.SSLContext | None = None, **changes: Any) -> Answer:
    return Poster(KEYS, HERE, lambda *_: LOOPBACK, trust)(notice_for(url, **changes))


@pytest.fixture(autouse=True)
def _in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TOTAL_S", 1.0)
    monkeypatch.setattr(posting, "CONNECT_S", 0.5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver([SECRET]) as listening:
        yield listening


@contextmanager
def raw_server(talk: Talk) -> Iterator[str]:
    """A server that does with its connections what `talk` does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connected, _ = listening.accept()
            with connected:
                try:
                    talk(connected)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            thread.join()


def take(connected: socket.socket) -> None:
    """Read a request to its end."""
    request = b""
    while not request.endswith(b"}}"):
        request += connected.recv(65_536)


def answering(text: bytes) -> Talk:
    def talk(connected: socket.socket) -> None:
        take(connected)
        connected.sendall(text)

    return talk


def test_a_message_arrives_whole_and_genuine(receiver: Receiver) -> None:
    assert post(f"{receiver.url}/hook?a=b") == Answer(204)
    (message,) = receiver.received
    assert (message.wrong, message.path) == ("", "/hook?a=b")
    assert message.event["type"] == "job.succeeded"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["user-agent"] == "Coatcheck"


def test_the_name_stays_in_the_host_header_though_an_address_is_connected_to(receiver: Receiver) -> None:
    post(f"http://hooks.example.org:{receiver.server_port}/")
    assert receiver.received[0].headers["host"] == f"hooks.example.org:{receiver.server_port}"


def test_with_several_addresses_the_next_is_tried_when_one_refuses(receiver: Receiver) -> None:
    addresses: list[Address] = [ipaddress.ip_address("127.0.0.9"), *LOOPBACK]
    poster = Poster(KEYS, Allowed.parse("127.0.0.0/8"), lambda *_: addresses)
    assert poster(notice_for(f"http://hooks.example.org:{receiver.server_port}/")).status == 204


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299, 400, 404, 410, 429, 500, 503])
def test_the_status_is_what_the_receiver_answers(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda _: Reply(status)
    assert post(receiver.url).status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_list_says_so(receiver: Receiver, status: int) -> None:
    with Receiver([SECRET]) as other:
        receiver.answer = lambda _: Reply(status, {"Location": f"{other.url}/elsewhere"})
        answer = post(receiver.url)
        assert (answer.status, "those are not followed" in answer.error) == (status, True)
        assert other.received == []


@pytest.mark.parametrize(("sent", "seconds"), [("7", 7), ("99999999999999999", 3600), ("soon", 0), ("-5", 0), ("", 0)])
def test_retry_after_is_read(receiver: Receiver, sent: str, seconds: float) -> None:
    receiver.answer = lambda _: Reply(503, {"Retry-After": sent})
    assert post(receiver.url) == Answer(503, "", seconds)


def test_nobody_listening_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/") == Answer(0, "the connection was refused")


def test_a_host_that_does_not_take_the_connection_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def connect(_: Any, timeout: float) -> Any:
        given.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert post("http://127.0.0.1/") == Answer(0, "no connection within 0.5 seconds")
    assert 0 < given[0] <= 0.5


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    def say_nothing(connected: socket.socket) -> None:
        take(connected)
        connected.recv(1)

    with raw_server(say_nothing) as url:
        assert post(url) == Answer(0, "no complete answer within 1 seconds")


def test_a_receiver_that_drips_gains_no_time() -> None:
    def drip(connected: socket.socket) -> None:
        take(connected)
        connected.settimeout(0.05)
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100:
            connected.sendall(bytes([byte]))
            try:
                if not connected.recv(1):
                    return
            except TimeoutError:
                continue

    with raw_server(drip) as url:
        assert post(url) == Answer(0, "no complete answer within 1 seconds")


def test_an_endless_body_is_not_read_to_its_end() -> None:
    sent = []

    def flood(connected: socket.socket) -> None:
        take(connected)
        connected.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connected.sendall(b"x" * 65_536)
            sent.append(65_536)

    with raw_server(flood) as url:
        assert post(url) == Answer(200)
    assert sum(sent) < 50_000_000


def test_a_body_that_does_not_come_takes_nothing_from_a_good_status() -> None:
    with raw_server(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")) as url:
        assert post(url) == Answer(200)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "the answer was not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "the answer was not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "the answer was not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "the answer was not HTTP"),
        (b"", "the connection broke before the answer was complete"),
    ],
)
def test_an_answer_that_is_none_is_said_in_a_sentence(text: bytes, error: str) -> None:
    with raw_server(answering(text)) as url:
        assert post(url) == Answer(0, error)


def test_a_continue_before_the_answer_is_passed_over() -> None:
    with raw_server(answering(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n")) as url:
        assert post(url) == Answer(202)


def test_a_proxy_in_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert post(receiver.url).status == 204


def test_the_body_says_its_length_and_is_json(receiver: Receiver) -> None:
    post(receiver.url, result=json.dumps("Füße ☃"))
    (message,) = receiver.received
    assert int(message.headers["content-length"]) == len(message.body)
    assert message.event["data"]["result"] == "Füße ☃"
