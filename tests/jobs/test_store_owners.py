"""What a store promises about owners: their lists, keys, quotas and purged jobs; on the real store and on its twin."""

import time

import pytest
from redis import Redis

from services.jobs import reader
from services.jobs.dispatch import Outcome, Run
from services.jobs.intake import JobIntake, KeyReused, QueueFull, RateLimited
from services.jobs.quota import Quota
from services.jobs.reader import JobReader, Page, Reading
from tests.jobs.test_store import RealStore, submission, succeeded
from tests.jobs.test_store import store as store
from tests.memory_store import MemoryStore

QUOTA = Quota(2, 60)


def ids(page: Page) -> list[str]:
    return [job.id for job, _ in page.jobs]


class TestOwners:
    store: RealStore | MemoryStore

    @pytest.fixture(autouse=True)
    def _use(self, store: RealStore | MemoryStore) -> None:
        self.store = store

    def accept(self, **changes: object) -> str:
        return self.store.accept(submission(**{"owner": "o", **changes}), 1_000).record.id

    def accept_in_turn(self, count: int, **changes: object) -> list[str]:
        """Jobs accepted at different milliseconds, the newest first."""
        made = []
        for _ in range(count):
            made.append(self.accept(**changes))
            time.sleep(0.002)
        return made[::-1]

    def claim(self) -> Run:
        [run] = self.store.claim("w")
        return run

    def finish(self, outcome: Outcome | None = None) -> None:
        assert self.store.publish("w", self.claim(), outcome or succeeded())[0]

    def read(self, job_id: str) -> Reading:
        reading = self.store.read(job_id)
        assert reading is not None
        return reading

    # --- lists ------------------------------------------------------------------------------

    def test_an_owner_sees_his_own_jobs_newest_first(self) -> None:
        wanted = self.accept_in_turn(3)
        self.accept(owner="another")
        self.accept(owner="")
        page = self.store.list_jobs("o", 10)
        assert (ids(page), page.cursor) == (wanted, "")
        assert self.store.list_jobs("nobody", 10).jobs == []

    def test_a_cursor_leads_through_all_pages_while_new_jobs_come(self) -> None:
        wanted = self.accept_in_turn(7)
        page, seen = self.store.list_jobs("o", 3), list[str]()
        for number in range(3):
            seen += ids(page)
            self.accept()
            assert bool(page.cursor) == (number < 2)
            page = self.store.list_jobs("o", 3, page.cursor)
        assert seen == wanted

    def test_jobs_of_one_millisecond_are_each_listed_once(self) -> None:
        made = {self.accept() for _ in range(120)}
        page = self.store.list_jobs("o", 7)
        seen = ids(page)
        while page.cursor:
            page = self.store.list_jobs("o", 7, page.cursor)
            seen += ids(page)
        assert len(seen) == 120 and set(seen) == made

    def test_a_list_that_just_fills_its_page_has_no_next(self) -> None:
        self.accept_in_turn(2)
        assert self.store.list_jobs("o", 2).cursor == ""
        assert self.store.list_jobs("o", 1).cursor != ""

    def test_lists_can_be_filtered_by_several_states_and_types(self) -> None:
        done, running, other = self.accept(), self.accept(), self.accept(type="u")
        self.finish()
        self.claim()
        assert set(ids(self.store.list_jobs("o", 10, "", ["succeeded", "running"]))) == {done, running}
        assert ids(self.store.list_jobs("o", 10, "", (), ["u"])) == [other]
        assert ids(self.store.list_jobs("o", 10, "", ["queued"], ["t"])) == []
        assert set(ids(self.store.list_jobs("o", 10, "", ["queued", "running"], ["t", "u"]))) == {running, other}

    def test_a_filter_goes_on_across_pages(self) -> None:
        wanted = self.accept_in_turn(5, type="u")
        self.accept_in_turn(5)
        first = self.store.list_jobs("o", 3, "", (), ["u"])
        second = self.store.list_jobs("o", 3, first.cursor, (), ["u"])
        assert (ids(first), ids(second), second.cursor) == (wanted[:3], wanted[3:], "")

    def test_one_page_looks_at_a_bounded_number_of_jobs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reader, "LOOKED_AT", 4)
        [old] = self.accept_in_turn(1, type="u")
        self.accept_in_turn(5)
        first = self.store.list_jobs("o", 3, "", (), ["u"])
        assert ids(first) == [] and first.cursor
        assert ids(self.store.list_jobs("o", 3, first.cursor, (), ["u"])) == [old]

    def test_listed_jobs_say_how_their_queue_moves_and_leave_their_results_out(self) -> None:
        self.accept_in_turn(2)
        self.finish()
        (waiting, pace), (done, nothing) = self.store.list_jobs("o", 10).jobs
        assert (waiting.state, done.state) == ("queued", "succeeded")
        assert pace is not None and pace.depth == 1 and nothing is None
        assert done.result == "" and done.finished_at > 0 and self.read(done.id).record != done

    def test_expired_and_purged_jobs_leave_the_list(self) -> None:
        expired, purged = self.accept(keep=0), self.accept()
        self.finish()
        self.finish()
        kept = self.accept()
        self.store.cancel(purged, purge=True)
        time.sleep(0.002)
        assert ids(self.store.list_jobs("o", 10)) == [kept]
        assert self.read(expired).gone and self.read(purged).gone

    def test_a_forgotten_list_is_empty_and_its_jobs_are_still_there(self) -> None:
        job_id = self.accept()
        self.store.forget("o")
        assert self.store.list_jobs("o", 10).jobs == []
        assert self.read(job_id).record is not None
        later = self.accept()
        assert ids(self.store.list_jobs("o", 10)) == [later]

    # --- idempotency keys -------------------------------------------------------------------

    def key(self, **changes: object) -> tuple[str, bool]:
        asked = submission(**{"idempotency_key": "k", "fingerprint": "f", **changes})
        accepted = self.store.accept(asked, 100)
        return accepted.record.id, accepted.replayed

    def test_strangers_who_repeat_a_key_get_the_first_job_of_it(self) -> None:
        first, _ = self.key(owner="new-1", stranger=True)
        assert self.key(owner="new-2", stranger=True) == (first, True)
        assert ids(self.store.list_jobs("new-2", 10)) == []

    def test_a_stranger_who_has_a_name_by_now_gets_his_first_job_again(self) -> None:
        first, _ = self.key(owner="o", stranger=True)
        assert self.key(owner="o") == (first, True)
        assert self.key(owner="another")[1] is False

    def test_the_shared_place_of_a_key_is_nothing_to_those_who_have_a_name(self) -> None:
        named, _ = self.key(owner="o")
        stranger, replayed = self.key(owner="new", stranger=True)
        assert stranger != named and not replayed
        assert self.key(owner="o") == (named, True)

    def test_a_strangers_key_with_another_payload_is_refused_under_his_name_too(self) -> None:
        self.key(owner="o", stranger=True)
        with pytest.raises(KeyReused):
            self.key(owner="o", fingerprint="g")

    def test_a_replay_of_a_waiting_job_says_where_it_stands(self) -> None:
        self.accept()
        self.key()
        accepted = self.store.accept(submission(idempotency_key="k", fingerprint="f"), 100)
        assert accepted.replayed and accepted.pace is not None and accepted.pace.depth == 2
        self.finish()
        self.finish()
        assert self.store.accept(submission(idempotency_key="k", fingerprint="f"), 100).pace is None

    # --- quotas -----------------------------------------------------------------------------

    def take(self, **changes: object) -> int:
        accepted = self.store.accept(submission(**{"client": "c", **changes}), 100, QUOTA)
        assert accepted.allowance is not None and 1 <= accepted.allowance.reset <= 60
        return accepted.allowance.remaining

    def test_a_client_may_submit_as_much_as_its_quota_says(self) -> None:
        assert [self.take(), self.take()] == [1, 0]
        refused = submission(client="c", idempotency_key="k", fingerprint="f")
        with pytest.raises(RateLimited) as refusal:
            self.store.accept(refused, 100, QUOTA)
        assert 1 <= refusal.value.allowance.reset <= 60
        assert self.store.read(refused.id) is None
        assert self.take(client="another") == 1

    def test_a_refused_submission_is_not_remembered(self) -> None:
        asked = submission(client="c", idempotency_key="k", fingerprint="f")
        self.take(), self.take()
        with pytest.raises(RateLimited):
            self.store.accept(asked, 100, QUOTA)
        assert self.store.accept(asked, 100).replayed is False

    def test_a_replay_costs_nothing_and_is_never_limited(self) -> None:
        again = {"idempotency_key": "k", "fingerprint": "f"}
        assert [self.take(**again), self.take(**again), self.take(), self.take(**again)] == [1, 1, 0, 0]

    def test_the_same_submission_sent_again_after_a_lost_reply_costs_nothing(self) -> None:
        asked = submission(client="c")
        for _ in range(3):
            accepted = self.store.accept(asked, 100, QUOTA)
        assert accepted.allowance is not None and accepted.allowance.remaining == 1

    def test_what_a_full_queue_refuses_costs_nothing(self) -> None:
        self.accept()
        with pytest.raises(QueueFull):
            self.store.accept(submission(client="c"), 1, QUOTA)
        assert self.take() == 1

    def test_a_quota_is_whole_again_when_its_time_is_over(self) -> None:
        quota = Quota(1, 1)
        self.store.accept(submission(client="c"), 100, quota)
        for _ in range(150):
            try:
                self.store.accept(submission(client="c"), 100, quota)
                return
            except RateLimited:
                time.sleep(0.02)
        raise AssertionError("the quota did not come back")

    # --- purging ----------------------------------------------------------------------------

    def gone(self, job_id: str) -> tuple[str, str]:
        """How a job that is gone had ended, and the result that is left of it."""
        reading = self.read(job_id)
        assert reading.gone and reading.record is not None and reading.record.purged
        return reading.record.state, reading.record.result

    def test_a_finished_job_is_gone_once_it_is_purged(self) -> None:
        job_id = self.accept()
        self.finish()
        etag = f"{self.read(job_id).record.finished_at}-1"  # type: ignore[union-attr]
        found = self.store.cancel(job_id, purge=True)
        assert found is not None and found[0] == "succeeded"
        assert self.gone(job_id) == ("succeeded", "")
        same = self.store.read(job_id, etag)
        assert same is not None and same.gone
        again = self.store.cancel(job_id, purge=True)
        assert again is not None and again[0] == "gone"

    def test_a_purged_queued_job_never_starts(self) -> None:
        job_id = self.accept()
        found = self.store.cancel(job_id, purge=True)
        assert found is not None and (found[0], found[1].state) == ("queued", "cancelled")
        assert self.gone(job_id) == ("cancelled", "")
        assert self.store.claim("w") == []

    def test_a_running_job_is_purged_when_it_has_stopped(self) -> None:
        job_id = self.accept()
        self.claim()
        found = self.store.cancel(job_id, purge=True)
        assert found is not None and found[1].state == "cancelling"
        assert not self.read(job_id).gone
        assert self.store.lose("w", "cancelled") == "cancelled"
        assert self.gone(job_id) == ("cancelled", "")

    def test_a_running_job_that_ends_before_it_is_stopped_is_purged_with_its_result(self) -> None:
        job_id = self.accept()
        run = self.claim()
        self.store.cancel(job_id, purge=True)
        self.store.publish("w", run, succeeded())
        assert self.gone(job_id)[1] == ""

    def test_a_job_that_is_being_cancelled_can_still_be_purged(self) -> None:
        job_id = self.accept()
        self.claim()
        self.store.cancel(job_id)
        self.store.cancel(job_id, purge=True)
        self.store.lose("w", "retry")
        assert self.gone(job_id) == ("cancelled", "")

    def test_a_purged_jobs_files_are_swept_like_those_of_an_expired_one(self) -> None:
        job_id = self.accept()
        self.store.cancel(job_id, purge=True)
        time.sleep(1.05)  # the store's clock is asked in whole seconds
        assert list(self.store.expired(10)) == [job_id]
        self.store.bury([job_id])
        assert list(self.store.expired(10)) == []
        assert self.gone(job_id) == ("cancelled", "")

    def test_another_owners_job_can_neither_be_cancelled_nor_purged_nor_seen_to_be_gone(self) -> None:
        job_id = self.accept()
        assert self.store.cancel(job_id, "another", purge=True) is None
        assert not self.read(job_id).gone
        self.store.cancel(job_id, "o", purge=True)
        assert self.store.cancel(job_id, "another") is None
        found = self.store.cancel(job_id, "o")
        assert found is not None and found[0] == "gone"

    def test_the_key_of_a_purged_job_makes_no_second_job(self) -> None:
        first, _ = self.key(owner="o")
        self.store.cancel(first, purge=True)
        assert self.key(owner="o") == (first, True)


def test_what_has_expired_is_taken_off_its_owners_list(client: Redis) -> None:
    both = RealStore(client)  # type: ignore[arg-type]
    asked = submission(owner="o", keep=0)
    both.accept(asked, 100)
    both.cancel(asked.id)
    assert client.zcard("cc:owner:o") == 1
    both.bury([asked.id])
    assert client.zcard("cc:owner:o") == 0


def test_a_list_lasts_as_long_as_the_longest_of_its_jobs(client: Redis) -> None:
    intake = JobIntake(client)  # type: ignore[arg-type]
    intake.accept(submission(owner="o", keep=86_400), 100)
    longest = client.pttl("cc:owner:o")
    intake.accept(submission(owner="o", keep=1), 100)
    assert client.pttl("cc:owner:o") > 8 * 86_400_000 - 60_000  # type: ignore[operator]
    intake.accept(submission(owner="o", keep=86_400, run_at=time.time_ns() // 1_000_000 + 7_200_000), 100)
    assert client.pttl("cc:owner:o") > longest + 7_000_000  # type: ignore[operator]


def test_a_used_quota_leaves_nothing_behind_when_its_time_is_over(client: Redis) -> None:
    intake = JobIntake(client)  # type: ignore[arg-type]
    intake.accept(submission(client="c"), 100, Quota(1, 30))
    assert 0 < client.pttl("cc:rate:c") <= 30_000  # type: ignore[operator]


def test_every_step_of_an_owner_is_one_round_trip(client: Redis) -> None:
    intake, lists = JobIntake(client), JobReader(client)  # type: ignore[arg-type]
    asked = submission(owner="o", client="c", idempotency_key="k", fingerprint="f")
    steps = (
        lambda: intake.accept(asked, 100, QUOTA),
        lambda: lists.list_jobs("o", 10),
        lambda: intake.cancel(asked.id, "o", purge=True),
    )
    for step in steps:
        step()  # the first time, the script's text is sent as well
        before = _scripts_run(client)
        step()
        assert _scripts_run(client) == before + 1


def _scripts_run(client: Redis) -> int:
    stats = client.info("commandstats")
    assert isinstance(stats, dict)
    names = ("evalsha", "evalsha_ro", "eval", "eval_ro")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names)
