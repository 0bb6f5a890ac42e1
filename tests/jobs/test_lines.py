"""The store client's own connections: no more of them than may be."""

import threading

from redis.exceptions import TimeoutError

from services.jobs.connection import Store, connect
from services.jobs.lines import MOST_LINES


def wait_all(store: Store, count: int, found: list[object]) -> list[threading.Thread]:
    """Begin `count` calls that each keep a connection busy for a fifth of a second."""

    def wait() -> None:
        try:
            found.append(store.call("BLPOP", "nothing", 0.2))
        except TimeoutError as error:
            found.append(error)

    threads = [threading.Thread(target=wait) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_burst_of_calls_shares_a_bounded_number_of_connections(client: Store, valkey_url: str) -> None:
    store, found = connect(valkey_url), list[object]()
    before = len(client.client_list())
    threads = wait_all(store, 3 * MOST_LINES, found)
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(client.client_list()) - before)
    assert found == [None] * 3 * MOST_LINES
    assert MOST_LINES // 2 <= most <= MOST_LINES
    store.close()


def test_whoever_finds_all_connections_busy_for_too_long_is_told_so(client: Store, valkey_url: str) -> None:
    store, found = connect(valkey_url, timeout=0.5), list[object]()
    store._lines._patience = 0.05
    for thread in wait_all(store, MOST_LINES + 5, found):
        thread.join()
    refused = [str(one) for one in found if one is not None]
    assert refused == ["all connections to the store are waiting for answers"] * 5
    assert store.call("PING") == b"PONG"
    store.close()
