"""All requests of a gevent process on one connection: each gets its own reply, and no error that is another's."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import gevent
import hiredis
import pytest
from redis import exceptions

from services.jobs.connection import Store, connect
from services.jobs.lines import Line
from services.web.shared_line import SharedLine, share_line

Serve = Callable[[socket.socket], None]


@contextmanager
def shared(url: str, timeout: float = 5.0) -> Iterator[Store]:
    store = connect(url, timeout=timeout)
    share_line(store)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def store(client: Store, valkey_url: str) -> Iterator[Store]:
    """A client of the store whose calls share a connection."""
    with shared(valkey_url) as found:
        assert found.call("PING") == b"PONG"
        yield found


@contextmanager
def fake(serve: Serve) -> Iterator[str]:
    """A store that has one thread for each connection, which greets as a store does and then does what is asked."""

    def greet(client: socket.socket) -> None:
        with suppress(OSError), client:
            reader = hiredis.Reader()
            for _ in range(2):  # the client tells its name and version
                while reader.gets() is False:
                    reader.feed(client.recv(4_096))
                client.sendall(b"+OK\r\n")
            serve(client)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=greet, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def outcomes(*calls: Callable[[], object]) -> list[object]:
    """What calls that are made at the same time give: replies, or errors."""

    def outcome(call: Callable[[], object]) -> object:
        try:
            return call()
        except Exception as error:
            return error

    greenlets = [gevent.spawn(outcome, call) for call in calls]
    assert len(gevent.joinall(greenlets, timeout=20)) == len(greenlets)
    return [greenlet.value for greenlet in greenlets]


def reads(client: Store) -> int:
    stats = client.info("stats")
    assert isinstance(stats, dict)
    return int(stats["total_reads_processed"])


def test_each_gets_the_reply_to_its_own_command_and_the_store_reads_all_of_them_at_once(
    store: Store, client: Store
) -> None:
    before = reads(client)
    found = outcomes(*(lambda number=number: store.call("ECHO", number) for number in range(200)))
    assert found == [str(number).encode() for number in range(200)]
    assert reads(client) - before < 10


def test_calls_follow_each_other_while_others_are_under_way(store: Store) -> None:
    def ask(number: int) -> list[object]:
        return [store.call("ECHO", f"{number}-{turn}") for turn in range(20)]

    found = outcomes(*(lambda number=number: ask(number) for number in range(20)))
    assert found == [[f"{number}-{turn}".encode() for turn in range(20)] for number in range(20)]


def test_an_error_is_for_whoever_has_made_it(store: Store) -> None:
    good, bad, other = outcomes(
        lambda: store.call("PING"), lambda: store.call("NOSUCH"), lambda: store.call("ECHO", "x")
    )
    assert (good, other) == (b"PONG", b"x")
    assert isinstance(bad, exceptions.ResponseError)


@pytest.mark.parametrize("size", [0, 70_000, 6_000_000])
def test_commands_and_replies_of_any_size_pass(store: Store, size: int) -> None:
    text = b"x" * size
    found = outcomes(*(lambda: store.call("ECHO", text),) * 3, lambda: store.call("ECHO", "short"))
    assert found == [text, text, text, b"short"]


def test_all_use_the_same_connection_also_when_it_is_being_opened(client: Store, valkey_url: str) -> None:
    before = len(client.client_list())
    with shared(valkey_url) as store:
        outcomes(*(lambda: store.call("PING"),) * 50)
        assert len(client.client_list()) == before + 1


def test_a_connection_that_the_store_has_closed_costs_nobody_a_reply(store: Store, client: Store) -> None:
    client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert outcomes(*(lambda: store.call("PING"),) * 20) == [b"PONG"] * 20


def test_when_the_connection_breaks_all_who_wait_ask_again_on_another_one(valkey_url: str) -> None:
    connections: list[int] = []

    def serve(client: socket.socket) -> None:
        connections.append(len(connections))
        reader, answered = hiredis.Reader(), 0
        while data := client.recv(65_536):
            reader.feed(data)
            while (command := reader.gets()) is not False:
                assert isinstance(command, list)
                client.sendall(b"$%d\r\n%s\r\n" % (len(command[1]), command[1]))
                answered += 1
                if connections == [0] and answered == 3:
                    return

    with fake(serve) as url, shared(url) as store:
        found = outcomes(*(lambda number=number: store.call("ECHO", number) for number in range(8)))
    assert found == [str(number).encode() for number in range(8)]
    assert connections == [0, 1]


def test_a_store_that_is_away_is_tried_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []

    def refuse(self: Line, pool: object) -> None:
        tried.append(pool)
        gevent.sleep(0.05)
        raise exceptions.ConnectionError("refused")

    monkeypatch.setattr(Line, "__init__", refuse)
    with shared("redis://127.0.0.1:1/0") as store:
        found = outcomes(*(lambda: store.call("PING"),) * 30)
    assert {str(error) for error in found} == {"refused"} and len(found) == 30
    assert len(tried) == 2, "once, and once more for those who repeat their call"


def test_a_store_that_gives_no_answer_is_waited_for_only_so_long_and_not_asked_on_that_connection_again() -> None:
    silent = threading.Event()
    connections: list[bytes] = []

    def serve(client: socket.socket) -> None:
        first = not connections
        connections.append(b"")
        while data := client.recv(65_536):
            connections[0 if first else -1] += data
            if first:
                silent.wait(20)
            client.sendall(b"+PONG\r\n")

    with fake(serve) as url, shared(url, timeout=0.3) as store:
        begin = time.monotonic()
        found = outcomes(*(lambda: store.call("PING"),) * 5)
        assert {type(error) for error in found} == {exceptions.TimeoutError}
        assert time.monotonic() - begin < 5
        assert store.call("PING") == b"PONG"
        silent.set()
    assert len(connections) == 2


def test_a_reply_that_comes_too_late_is_given_to_nobody_else() -> None:
    def serve(client: socket.socket) -> None:
        reader = hiredis.Reader()
        while data := client.recv(65_536):
            reader.feed(data)
            while (command := reader.gets()) is not False:
                assert isinstance(command, list)
                time.sleep(1.0 if command[1] == b"slow" else 0)
                client.sendall(b"$%d\r\n%s\r\n" % (len(command[1]), command[1]))

    with fake(serve) as url, shared(url, timeout=0.6) as store:

        def later() -> object:
            gevent.sleep(0.5)
            return store.call("ECHO", "later")

        late, on_time = outcomes(lambda: store.call("ECHO", "slow"), later)
        assert isinstance(late, exceptions.TimeoutError)
        assert on_time == b"later"
        assert store.call("ECHO", "next") == b"next"


def test_whoever_is_interrupted_while_it_waits_leaves_its_reply_to_nobody(store: Store) -> None:
    def interrupted() -> object:
        with gevent.Timeout(0.001, False):
            return store.call("EVAL", "for i = 1, 3000000 do end return 'mine'", 0)
        return "interrupted"

    assert outcomes(interrupted, lambda: store.call("ECHO", "x"))[1] == b"x"
    assert store.call("ECHO", "y") == b"y"


def test_an_encrypted_connection_is_not_shared() -> None:
    store = connect("rediss://127.0.0.1:1/0")
    share_line(store)
    assert not isinstance(store._exchange, SharedLine)
