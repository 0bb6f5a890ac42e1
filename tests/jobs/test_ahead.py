"""Commands sent ahead: each reply is there, in order, or an error says that nothing is known."""

from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError, ResponseError

from scripts.embedded import valkey
from services.jobs.ahead import Ahead
from services.jobs.connection import Store, connect


@pytest.fixture
def store(client: Store, valkey_url: str) -> Iterator[Store]:
    found = connect(valkey_url)
    yield found
    found.close()


@pytest.fixture
def ahead(store: Store) -> Ahead:
    return store.ahead()


def test_replies_come_in_the_order_of_the_commands(store: Store, ahead: Ahead) -> None:
    for number in range(100):
        ahead.send("ECHO", number)
    assert store.call("PING") == b"PONG", "another connection is not held up"
    assert ahead.replies() == [str(number).encode() for number in range(100)]
    assert ahead.replies() == []


def test_an_error_in_one_reply_is_that_replys_alone(ahead: Ahead) -> None:
    for command in (("PING",), ("NO-SUCH-COMMAND",), ("PING",)):
        ahead.send(*command)
    first, second, third = ahead.replies()
    assert (first, third) == (b"PONG", b"PONG")
    assert isinstance(second, ResponseError)


def test_after_a_broken_connection_nothing_is_known_and_the_next_ones_are_sent(client: Store, ahead: Ahead) -> None:
    ahead.send("PING")
    client.client_kill_filter(_type="normal", skipme=True)
    for _ in range(3):
        ahead.send("PING")
    with pytest.raises(ConnectionError):
        ahead.replies()
    ahead.send("PING")
    assert ahead.replies() == [b"PONG"]


def test_a_store_that_is_away_is_told_with_the_replies() -> None:
    nowhere = connect(f"redis://127.0.0.1:{valkey.free_port()}/0")
    ahead = nowhere.ahead()
    ahead.send("PING")
    ahead.send("PING")
    with pytest.raises(ConnectionError):
        ahead.replies()
    assert ahead.replies() == []


def test_its_connection_goes_back_to_the_others(client: Store, store: Store, ahead: Ahead) -> None:
    store.call("PING")
    before = len(client.client_list())
    for _ in range(5):
        ahead.send("PING")
        ahead.replies()
    assert len(client.client_list()) == before
