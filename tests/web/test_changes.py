"""Waiting for changes that the store announces: on a real one."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from services.jobs.connection import Store
from services.jobs.ids import new_id
from services.web.changes import Changes
from services.web.ending import Ending

LONG = 20.0
"""Seconds in which what is waited for has come for certain."""


class Told(Ending):
    """An ending that the test brings about."""

    def __init__(self) -> None:
        super().__init__()
        self.stopping = False
        self.follow(lambda: self.stopping)


@pytest.fixture
def ending() -> Told:
    return Told()


@pytest.fixture
def changes(client: Store, ending: Told) -> Iterator[Changes]:
    """One that listens as long as the test goes on: its thread, which lives as long as its process, is put to sleep."""
    made = Changes(client, ending)
    yield made

    asleep = threading.Event()

    def sleep() -> None:
        asleep.set()
        threading.Event().wait()

    made._connect = sleep  # type: ignore[method-assign]
    for kind in ("pubsub", "normal"):
        client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    assert asleep.wait(LONG)


def announce(client: Store, job_id: str) -> None:
    client.publish(f"cc:changed:{job_id}", "1")


def test_a_change_wakes_whoever_watches_the_job(changes: Changes, client: Store) -> None:
    job_id = new_id()
    with changes.watch(job_id) as watch:
        watch.settle()
        watch.wait(0.0)
        announce(client, job_id)
        assert watch.wait(LONG)


def test_all_who_watch_are_woken_and_nobody_else(changes: Changes, client: Store) -> None:
    job_id = new_id()
    with changes.watch(job_id) as first, changes.watch(job_id) as second, changes.watch(new_id()) as other:
        for watch in (first, second, other):
            assert watch.ready.wait(LONG)
            watch.wait(0.0)
        announce(client, job_id)
        assert first.wait(LONG) and second.wait(LONG)
        assert not other.wait(0.05)


def test_nobody_is_left_subscribed_when_all_have_gone(changes: Changes, client: Store) -> None:
    job_id = new_id()
    for _ in range(3):
        with changes.watch(job_id) as watch:
            assert watch.ready.wait(LONG)
    for _ in range(1_000):
        if not client.execute_command("PUBSUB", "CHANNELS", "cc:changed:*"):
            break
    assert client.execute_command("PUBSUB", "CHANNELS", "cc:changed:*") == []


def test_after_a_broken_connection_watching_goes_on(changes: Changes, client: Store) -> None:
    job_id = new_id()
    with changes.watch(job_id) as watch:
        assert watch.ready.wait(LONG)
        watch.ready.clear()
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert watch.ready.wait(LONG)
        watch.wait(0.0)
        announce(client, job_id)
        assert watch.wait(LONG)


def test_whoever_watches_a_job_misses_nothing_once_the_watch_is_settled(changes: Changes) -> None:
    with changes.watch(new_id()) as watch:
        watch.settle()
        assert watch.ready.is_set()
        assert not watch.wait(0.05)


def test_whoever_watched_while_the_connection_was_broken_looks_for_what_was_missed(
    changes: Changes, client: Store
) -> None:
    with changes.watch(new_id()) as watch:
        assert watch.ready.wait(LONG)
        client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert watch.wait(LONG)


def test_whoever_waits_is_woken_when_the_process_is_about_to_end(changes: Changes, ending: Told) -> None:
    with changes.watch(new_id()) as watch:
        watch.wait(0.0)
        threading.Timer(0.05, lambda: setattr(ending, "stopping", True)).start()
        assert watch.wait(LONG)
        assert watch.over


def test_a_watch_ends_when_its_client_has_hung_up(changes: Changes) -> None:
    gone = threading.Event()
    with changes.watch(new_id(), gone.is_set) as watch, changes.watch(new_id()) as other:
        for each in (watch, other):
            assert each.ready.wait(LONG)
            each.wait(0.0)
        gone.set()
        assert watch.wait(LONG)
        assert watch.over and not other.over


def test_many_who_watch_one_job_subscribe_to_it_once(changes: Changes, client: Store) -> None:
    job_id = new_id()
    with ExitStack() as stack:
        watches = [stack.enter_context(changes.watch(job_id)) for _ in range(50)]
        assert all(watch.ready.wait(LONG) for watch in watches)
        assert client.execute_command("PUBSUB", "NUMSUB", f"cc:changed:{job_id}")[1] == 1
        for watch in watches:
            watch.wait(0.0)
        announce(client, job_id)
        assert all(watch.wait(LONG) for watch in watches)
