import socket
from collections.abc import Callable
from typing import Any

import pytest

from services.web.hang_up import client_left


@pytest.fixture
def pair() -> Any:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_client_that_waits_has_not_left(pair: tuple[socket.socket, socket.socket]) -> None:
    left = client_left({"gunicorn.socket": pair[0]})
    assert not left()
    pair[1].sendall(b"GET / HTTP/1.1\r\n")
    assert not left()


@pytest.mark.parametrize("hang_up", [socket.socket.close, lambda theirs: theirs.shutdown(socket.SHUT_RDWR)])
def test_a_client_that_has_closed_its_connection_has_left(
    pair: tuple[socket.socket, socket.socket], hang_up: Callable[[socket.socket], None]
) -> None:
    ours, theirs = pair
    left = client_left({"gunicorn.socket": ours})
    theirs.sendall(b"unread")
    hang_up(theirs)
    assert left()
    assert ours.recv(6) == b"unread"


def test_a_connection_that_is_closed_here_has_nobody_at_its_end(pair: tuple[socket.socket, socket.socket]) -> None:
    left = client_left({"gunicorn.socket": pair[0]})
    pair[0].close()
    assert left()


def test_waitress_is_asked_in_its_own_way() -> None:
    assert client_left({"waitress.client_disconnected": lambda: True})()


def test_where_the_server_does_not_tell_nobody_is_thought_to_have_left() -> None:
    assert not client_left({})()
