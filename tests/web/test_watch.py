"""What all who wait for one job share, and what ends their waiting."""

import threading

import pytest

from services.jobs.connection import StoreError
from services.web import watch as module
from services.web.ending import Ending
from services.web.watch import MOST_KEPT, Topic, Watch


class Counted:
    """Something to read that says how often it was read."""

    def __init__(self) -> None:
        self.reads, self.error = 0, ""

    def __call__(self) -> int:
        self.reads += 1
        if self.error:
            raise StoreError(self.error)
        return self.reads


def test_what_many_ask_for_is_read_once_until_the_job_changes() -> None:
    topic, read = Topic(), Counted()
    assert [topic.shared("a", read) for _ in range(5)] == [1] * 5
    topic.change()
    assert [topic.shared("a", read) for _ in range(5)] == [2] * 5


def test_who_asks_for_something_else_gets_something_else() -> None:
    topic, first, second = Topic(), Counted(), Counted()
    second.reads = 40
    assert (topic.shared(("1-0", "here"), first), topic.shared(("2-0", "here"), second)) == (1, 41)


def test_many_who_ask_at_the_same_moment_wait_for_one_read() -> None:
    topic, read, begun, go_on = Topic(), Counted(), threading.Event(), threading.Event()

    def slowly() -> int:
        begun.set()
        go_on.wait(20)
        return read()

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(topic.shared("a", slowly))) for _ in range(10)]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert (found, read.reads) == ([1] * 10, 1)


def test_what_was_read_while_the_job_changed_is_not_kept() -> None:
    topic, read = Topic(), Counted()

    def meanwhile() -> int:
        topic.change()
        return read()

    assert topic.shared("a", meanwhile) == 1
    assert topic.shared("a", read) == 2


def test_without_any_news_it_is_read_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALE_S", 0.0)
    topic, read = Topic(), Counted()
    assert [topic.shared("a", read) for _ in range(3)] == [1, 2, 3]


def test_a_store_that_failed_is_not_asked_again_by_each_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    topic, read = Topic(), Counted()
    read.error = "out of reach"
    for _ in range(5):
        with pytest.raises(StoreError):
            topic.shared("a", read)
    assert read.reads == 1
    monkeypatch.setattr(module, "FAILED_S", 0.0)
    read.error = ""
    assert topic.shared("a", read) == 2


def test_not_more_is_kept_than_may_be() -> None:
    topic, read = Topic(), Counted()
    for key in range(3 * MOST_KEPT):
        topic.shared(key, read)
    assert len(topic._kept) <= MOST_KEPT


def test_an_ended_watch_is_woken_and_over() -> None:
    watch = Watch(Ending())
    assert not watch.over
    watch.end()
    assert watch.wait(0) and watch.over
