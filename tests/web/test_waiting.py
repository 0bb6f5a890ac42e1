import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from services.jobs.dispatch import Outcome
from services.jobs.ids import new_id
from services.jobs.intake import Submission
from services.jobs.reader import Reading
from services.web.ending import Ending
from services.web.waiting import Waiting, is_done
from services.web.watch import Watch
from tests.memory_store import MemoryStore, Polling


class Counting(MemoryStore):
    """A store that finishes its job when it has been read often enough."""

    def __init__(self, reads: int = 10**9) -> None:
        super().__init__()
        self.left = reads
        values: dict[str, Any] = {"max_attempts": 1, "timeout": 60, "keep": 60}
        self.job_id = self.accept(Submission(id=new_id(), type="t", input="{}", **values), 10).record.id

    def read(self, job_id: str, etag: str = "") -> Reading | None:
        self.left -= 1
        if self.left == 0:
            [run] = self.claim("w")
            self.publish("w", run, Outcome(verdict="succeeded", result="1"))
        return super().read(job_id, etag)


class Stopping:
    """Watches in a process that is about to end."""

    @contextmanager
    def watch(self, job_id: str, left: Callable[[], bool] = bool) -> Iterator[Watch]:
        ending = Ending()
        ending.follow(lambda: True)
        watch = Watch(ending)
        watch.ready.set()
        yield watch


def test_it_waits_until_the_job_is_done() -> None:
    store = Counting(reads=4)
    reading, waited = Waiting(store, Polling(), 1).until(store.job_id, 20, is_done)
    assert reading is not None and reading.record is not None
    assert (reading.record.state, waited, store.left) == ("succeeded", True, 0)


def test_it_gives_the_job_as_it_is_when_the_time_is_up() -> None:
    store = Counting()
    reading, waited = Waiting(store, Polling(), 1).until(store.job_id, 0.05, is_done)
    assert reading is not None and reading.record is not None
    assert (reading.record.state, waited) == ("queued", True)


def test_a_job_that_never_was_is_not_waited_for() -> None:
    assert Waiting(Counting(), Polling(), 1).until(new_id(), 20, is_done) == (None, True)


def test_nobody_waits_in_a_process_that_is_about_to_end() -> None:
    store = Counting()
    reading, waited = Waiting(store, Stopping(), 1).until(store.job_id, 20, is_done)
    assert reading is not None and waited


def test_whoever_finds_no_place_is_answered_at_once() -> None:
    store = Counting()
    waiting = Waiting(store, Polling(), 1)
    with waiting.place(store.job_id) as watch:
        assert watch is not None
        reading, waited = waiting.until(store.job_id, 20, is_done)
        assert reading is not None and not waited


def test_a_place_is_given_back_however_the_waiting_ends() -> None:
    store = Counting()
    waiting = Waiting(store, Polling(), 1)
    for _ in range(3):
        try:
            with waiting.place(store.job_id) as watch:
                assert watch is not None
                raise KeyError
        except KeyError:
            pass
    with waiting.place(store.job_id) as watch:
        assert watch is not None


def test_a_watch_is_woken_once_for_each_change() -> None:
    watch = Watch(Ending())
    threading.Timer(0.01, watch.wake).start()
    assert watch.wait(20)
    assert not watch.wait(0.01)


def test_an_ending_is_near_when_the_server_says_so() -> None:
    ending = Ending()
    watch = Watch(ending)
    assert not ending.near and not watch.over
    ending.follow(lambda: True)
    assert ending.near and watch.over
