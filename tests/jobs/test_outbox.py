"""What an outbox promises: every test here runs on the real store and on its in-memory twin."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.jobs import deliveries as wire
from services.jobs.connection import Store, StoreError
from services.jobs.deliveries import Notice, Try, message_id
from services.jobs.dispatch import Outcome
from services.jobs.record import Record
from tests.jobs.test_store import RealStore, submission
from tests.memory_store import MemoryStore

MOST = 8
URL = "https://example.org/hook"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(params=["real", "memory"])
def store(request: pytest.FixtureRequest) -> Iterator[RealStore | MemoryStore]:
    yield MemoryStore() if request.param == "memory" else RealStore(request.getfixturevalue("client"))


class TestOutbox:
    store: RealStore | MemoryStore

    @pytest.fixture(autouse=True)
    def _use(self, store: RealStore | MemoryStore) -> None:
        self.store = store

    def finished(self, callback: str = URL, **changes: object) -> str:
        asked = submission(callback=callback, origins="http://g http://s", **changes)
        self.store.accept(asked, 100)
        [run] = self.store.claim("w")
        self.store.publish("w", run, Outcome(verdict="succeeded", result="1"))
        return asked.id

    def claim(self, limit: int = 10, full: tuple[str, ...] = ()) -> list[Notice]:
        return list(self.store.claim_notices(limit, MOST, full).notices)

    def claim_soon(self) -> Notice:
        for _ in range(150):
            found = self.claim()
            if found:
                return found[0]
            time.sleep(0.02)
        raise AssertionError("nothing came due")

    def report(self, notice: Notice, *, status: int = 0, error: str = "", again_in: int = 0) -> None:
        next_at = now_ms() + again_in if again_in else 0
        self.store.report_try(notice, Try(notice.at, status, error, 5, next_at))

    def record(self, job_id: str) -> Record:
        reading = self.store.read(job_id)
        assert reading is not None and reading.record is not None
        return reading.record

    def test_a_job_without_a_callback_owes_nothing(self) -> None:
        self.finished(callback="")
        assert self.claim() == []

    def test_a_job_that_has_not_ended_owes_nothing(self) -> None:
        self.store.accept(submission(callback=URL), 100)
        assert self.claim() == []

    def test_a_jobs_end_is_owed_to_its_callback(self) -> None:
        job_id = self.finished()
        (notice,) = self.claim()
        assert (notice.job.id, notice.receiver, notice.number) == (job_id, "example.org", 1)
        assert (notice.job.callback, notice.job.origins, notice.job.state) == (URL, "http://g http://s", "succeeded")
        assert message_id(notice.job) == f"msg_{job_id}"

    def test_a_cancelled_and_a_lost_job_are_told_of_too(self) -> None:
        cancelled = submission(callback=URL)
        self.store.accept(cancelled, 100)
        self.store.cancel(cancelled.id)
        lost = submission(callback="https://other.example.org/", max_attempts=1)
        self.store.accept(lost, 100)
        self.store.claim("w")
        self.store.lose("w", "retry")
        assert {notice.job.state for notice in self.claim()} == {"cancelled", "failed"}

    def test_what_is_claimed_is_nobody_elses(self) -> None:
        self.finished()
        assert len(self.claim()) == 1
        assert self.claim() == []

    def test_a_delivered_notification_is_not_owed_any_more(self) -> None:
        job_id = self.finished()
        self.report(self.claim_soon(), status=204)
        time.sleep(0.05)
        assert self.claim() == []
        (made,) = self.store.tries(job_id)
        assert (made.status, made.duration_ms, made.next_at, made.delivered) == (204, 5, 0, True)

    def test_a_failed_one_comes_due_again_when_it_was_said_and_not_before(self) -> None:
        job_id = self.finished()
        self.report(self.claim_soon(), status=503, again_in=200)
        due = self.store.tries(job_id)[0].next_at
        assert self.claim() == []
        again = self.claim_soon()
        assert (again.number, again.at >= due) == (2, True)

    def test_a_claim_says_when_the_next_one_is_due(self) -> None:
        assert self.store.claim_notices(10, MOST, ()).wait is None
        self.finished()
        self.report(self.claim_soon(), status=503, again_in=5_000)
        wait = self.store.claim_notices(10, MOST, ()).wait
        assert wait is not None and 4 < wait <= 5

    def test_a_try_under_way_is_listed_as_begun(self) -> None:
        job_id = self.finished()
        (notice,) = self.claim()
        assert self.store.tries(job_id) == [Try(notice.at)]

    def test_a_try_whose_sender_ended_is_made_again_after_its_lease(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 150)
        job_id = self.finished()
        assert len(self.claim()) == 1
        again = self.claim_soon()
        assert again.number == 2
        first, second = self.store.tries(job_id)
        assert (first.error, bool(first.next_at)) == ("the sender ended during this try", True)
        assert (second.error, second.status) == ("", 0)

    def test_a_report_that_comes_late_is_kept_and_decides_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 150)
        job_id = self.finished()
        first = self.claim_soon()
        second = self.claim_soon()
        self.report(first, status=204)
        assert self.store.tries(job_id)[0].status == 204
        self.report(second, status=503, again_in=50)
        assert self.claim_soon().number == 3

    def test_a_report_made_twice_counts_once(self) -> None:
        job_id = self.finished()
        notice = self.claim_soon()
        self.report(notice, status=204)
        self.report(notice, status=204)
        assert len(self.store.tries(job_id)) == 1
        assert self.claim() == []

    def test_no_more_tries_are_made_than_there_may_be(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wire, "LEASE_MS", 1)
        job_id = self.finished()
        numbers = []
        for _ in range(40):
            numbers += [notice.number for notice in self.claim()]
            time.sleep(0.005)
        assert numbers == list(range(1, MOST + 1))
        tries = self.store.tries(job_id)
        assert all(made.error for made in tries) and not tries[-1].next_at

    def test_one_receiver_is_given_one_at_a_time_and_all_get_their_turn(self) -> None:
        many = {self.finished() for _ in range(3)}
        one = self.finished("https://other.example.org/x")
        first = self.claim()
        assert sorted(notice.receiver for notice in first) == ["example.org", "other.example.org"]
        rest = [notice.job.id for _ in range(2) for notice in self.claim()]
        assert {notice.job.id for notice in first} | set(rest) == many | {one}

    def test_a_receiver_that_was_served_goes_behind_those_that_wait(self) -> None:
        for _ in range(2):
            self.finished("https://a.example.org/")
        self.finished("https://b.example.org/")
        time.sleep(0.01)
        assert [self.claim(limit=1)[0].receiver for _ in range(3)] == [
            "a.example.org",
            "b.example.org",
            "a.example.org",
        ]

    def test_a_full_receiver_is_left_out_and_holds_up_nobody(self) -> None:
        for _ in range(3):
            self.finished("https://dead.example.org/")
        self.finished("https://alive.example.org/")
        (notice,) = self.claim(limit=1, full=("dead.example.org",))
        assert notice.receiver == "alive.example.org"
        assert self.claim(full=("dead.example.org",)) == []
        assert [notice.receiver for notice in self.claim()] == ["dead.example.org"]

    def test_ports_tell_receivers_apart_and_paths_do_not(self) -> None:
        for url in ("http://h.example.org/a", "http://h.example.org/b?c", "http://h.example.org:81/a"):
            self.finished(url)
        assert sorted(notice.receiver for notice in self.claim()) == ["h.example.org", "h.example.org:81"]

    def test_the_first_try_is_made_however_late_it_comes(self) -> None:
        job_id = self.finished(keep=0)
        time.sleep(0.01)
        notice = self.claim_soon()
        assert (notice.job.id, notice.number) == (job_id, 1)

    def test_no_further_try_is_made_once_the_job_has_expired(self) -> None:
        self.finished(keep=0)
        self.report(self.claim_soon(), status=503, again_in=20)
        time.sleep(0.1)
        assert self.claim() == []

    def test_what_is_owed_survives_the_jobs_burial_without_its_result(self) -> None:
        job_id = self.finished(keep=0)
        self.store.bury([job_id])
        notice = self.claim_soon()
        assert (notice.job.callback, notice.job.result, notice.job.state) == (URL, "", "succeeded")
        self.report(notice, status=200)
        assert (self.record(job_id).callback, self.store.tries(job_id)) == ("", [])

    def test_burial_removes_the_callback_and_its_tries(self) -> None:
        job_id = self.finished(keep=0)
        self.report(self.claim_soon(), status=200)
        assert self.record(job_id).callback == URL
        self.store.bury([job_id])
        assert (self.record(job_id).callback, self.store.tries(job_id)) == ("", [])

    def test_a_purged_job_is_told_of_once_and_leaves_nothing(self) -> None:
        job_id = self.finished()
        self.store.cancel(job_id, purge=True)
        notice = self.claim_soon()
        assert (notice.job.result, notice.job.state) == ("", "succeeded")
        self.report(notice, status=200)
        assert (self.record(job_id).callback, self.store.tries(job_id)) == ("", [])

    def test_a_job_purged_between_two_tries_is_not_tried_again(self) -> None:
        job_id = self.finished()
        self.report(self.claim_soon(), status=503, again_in=50)
        self.store.cancel(job_id, purge=True)
        time.sleep(0.1)
        assert self.claim() == []
        assert (self.record(job_id).callback, self.store.tries(job_id)) == ("", [])

    def test_whoever_waits_is_woken_by_a_jobs_end_and_by_a_report(self) -> None:
        assert not self.store.wait_for_notices(0.01)
        self.finished()
        assert self.store.wait_for_notices(1)
        self.report(self.claim_soon(), status=503, again_in=60_000)
        assert self.store.wait_for_notices(1)
        assert not self.store.wait_for_notices(0.01)


def test_a_claim_whose_reply_was_lost_gives_the_same_again(client: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RealStore(client)
    asked = [submission(callback=f"https://h{number}.example.org/") for number in range(2)]
    for job in asked:
        store.accept(job, 100)
        store.cancel(job.id)
    call = client.call

    def lose(*command: Any) -> Any:
        call(*command)
        raise StoreError("the reply was lost")

    with monkeypatch.context() as patched:
        patched.setattr(client, "call", lose)
        with pytest.raises(StoreError):
            store.claim_notices(10, MOST, ())
    notices = store.claim_notices(10, MOST, ()).notices
    assert {notice.job.id for notice in notices} == {job.id for job in asked}
    assert [notice.number for notice in notices] == [1, 1]
    assert not store.claim_notices(10, MOST, ()).notices


def test_the_store_forgets_receivers_and_tries_that_nobody_needs(client: Store) -> None:
    store = RealStore(client)
    asked = submission(callback=URL, keep=0)
    store.accept(asked, 100)
    store.cancel(asked.id)
    (notice,) = store.claim_notices(1, MOST, ()).notices
    assert client.pttl(f"cc:tries:{asked.id}") > 0
    store.report_try(notice, Try(notice.at, 204))
    store.bury([asked.id])
    left = {name.decode() for name in client.call("KEYS", "cc:*")}
    assert left & {"cc:receivers", "cc:owed:example.org", f"cc:tries:{asked.id}"} == set()
