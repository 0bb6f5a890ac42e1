"""Very short jobs are claimed several at a time, and only where that harms nobody."""

import time

import pytest

from services.jobs import dispatch as wire
from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch, Outcome
from tests.jobs.test_gaps import DONE, RealStore, accept, job_of

MOST = 16


@pytest.fixture
def store(client: Store) -> RealStore:
    """A store that knows from experience that jobs of type `t` are very short."""
    client.hset("cc:stats", mapping={"mean_ms:t": 1, "off:t": 0})
    return RealStore(client)


def claimed(store: RealStore, worker: str = "w", most: int = MOST) -> list[str]:
    return [run.id for run in store.claim(worker, most)]


def test_they_are_claimed_in_their_order_and_all_run(store: RealStore, client: Store) -> None:
    ids = [accept(store) for _ in range(5)]
    assert claimed(store) == ids
    assert {job_of(store, job_id).state for job_id in ids} == {"running"}
    assert client.zcard("cc:leases") == client.zcard("rq:wip:default") == 5
    assert client.hget("rq:worker:w", "current_job") == f"{ids[0]}-1".encode()


def test_no_more_are_claimed_than_were_asked_for(store: RealStore) -> None:
    ids = [accept(store) for _ in range(5)]
    assert claimed(store, most=1) == ids[:1]
    assert claimed(store, "other", most=3) == ids[1:4]


def test_the_other_workers_get_their_share(store: RealStore, client: Store) -> None:
    client.sadd("rq:workers", "rq:worker:a", "rq:worker:b", "rq:worker:c")
    ids = [accept(store) for _ in range(7)]
    assert claimed(store, "a") == ids[:3]
    assert claimed(store, "b") == ids[3:5]
    assert claimed(store, "c") == ids[5:6]


@pytest.mark.parametrize(("mean", "together"), [(0, 16), (1, 16), (2, 8), (5, 3), (8, 2), (9, 1), (500, 1)])
def test_together_they_are_not_expected_to_take_long(store: RealStore, client: Store, mean: int, together: int) -> None:
    client.hset("cc:stats", "mean_ms:t", mean)
    ids = [accept(store) for _ in range(20)]
    assert claimed(store) == ids[:together]


def test_of_a_type_that_was_wrong_lately_they_are_claimed_one_by_one(store: RealStore, client: Store) -> None:
    client.hset("cc:stats", "off:t", 51)
    first, _ = accept(store), accept(store)
    assert claimed(store) == [first]


def test_of_a_type_that_never_ran_they_are_claimed_one_by_one(store: RealStore) -> None:
    first, _ = accept(store, type="new"), accept(store, type="new")
    assert claimed(store) == [first]


def test_what_a_type_says_of_a_job_counts_for_more_than_what_others_took(store: RealStore) -> None:
    short, long, _ = accept(store, expected_ms=2), accept(store, expected_ms=5_000), accept(store, expected_ms=1)
    assert claimed(store) == [short]
    assert claimed(store, "other") == [long]


@pytest.mark.parametrize("change", [{"type": "u"}, {"max_attempts": 1}])
def test_they_end_where_a_job_does_not_go_with_them(store: RealStore, client: Store, change: dict[str, object]) -> None:
    client.hset("cc:stats", mapping={"mean_ms:u": 1, "off:u": 0})
    ids = [accept(store), accept(store), accept(store, **change), accept(store)]
    assert claimed(store) == ids[:2]
    assert claimed(store, "other")[0] == ids[2]


def test_a_job_that_was_tried_before_is_claimed_alone(store: RealStore) -> None:
    tried, other = accept(store), accept(store)
    store.publish("w", store.claim("w")[0], Outcome(verdict="retry", problem="{}"))
    last = accept(store)
    assert claimed(store) == [other]
    assert claimed(store, "x") == [tried]
    assert claimed(store, "y") == [last]


def test_a_cancelled_job_among_them_is_left_out(store: RealStore, client: Store) -> None:
    first, cancelled, last = accept(store), accept(store), accept(store)
    store.cancel(cancelled)
    client.linsert("rq:queue:default", "BEFORE", f"{last}-1", f"{cancelled}-1")
    assert claimed(store) == [first]
    assert claimed(store, "other") == [last]
    assert job_of(store, cancelled).state == "cancelled"


def test_whoever_claims_again_gets_those_that_it_still_holds(store: RealStore) -> None:
    ids = [accept(store) for _ in range(3)]
    runs = store.claim("w", MOST)
    assert store.claim("w", MOST) == runs
    store.publish("w", runs[0], DONE)
    assert claimed(store) == ids[1:]


def test_a_worker_is_idle_when_the_last_of_them_has_ended(store: RealStore, client: Store) -> None:
    accept(store), accept(store)
    first, last = store.claim("w", MOST)
    store.publish("w", first, DONE)
    assert client.hget("rq:worker:w", "state") == b"busy"
    store.publish("w", last, DONE)
    assert (client.hget("rq:worker:w", "state"), client.exists("cc:held:w")) == (b"idle", 0)


def test_words_sent_ahead_are_heard(store: RealStore, client: Store) -> None:
    ids, dispatch = [accept(store) for _ in range(3)], JobDispatch(client)
    runs = dispatch.claim("w", MOST)
    for run in runs:
        dispatch.publish_ahead("w", run, DONE)
    assert dispatch.all_heard()
    assert {job_of(store, job_id).state for job_id in ids} == {"succeeded"}
    dispatch.publish_ahead("w", runs[0], Outcome(verdict="failed", problem="{}"))
    assert not dispatch.all_heard(), "it came late"
    assert dispatch.all_heard(), "there is nothing left to hear"


def test_words_sent_ahead_to_a_store_that_has_forgotten_its_scripts_have_to_be_repeated(
    store: RealStore, client: Store
) -> None:
    job_id, dispatch = accept(store), JobDispatch(client)
    [run] = dispatch.claim("w")
    client.script_flush()
    dispatch.publish_ahead("w", run, DONE)
    assert not dispatch.all_heard()
    assert dispatch.publish("w", run, DONE)[0]
    assert job_of(store, job_id).state == "succeeded"


def test_of_what_a_lost_child_held_only_the_run_under_way_is_charged(store: RealStore) -> None:
    ids = [accept(store) for _ in range(4)]
    assert claimed(store) == ids
    assert store.lose("w", "retry", name=f"{ids[1]}-1") == "queued"
    assert [job_of(store, job_id).attempt for job_id in ids] == [1, 2, 1, 1]
    assert claimed(store) == [ids[0], ids[2], ids[3]], "in their order; the second pauses"


def test_without_a_name_the_first_is_charged(store: RealStore) -> None:
    ids = [accept(store) for _ in range(3)]
    claimed(store)
    store.lose("w", "failed")
    assert [job_of(store, job_id).state for job_id in ids] == ["failed", "queued", "queued"]


def test_a_cancelled_one_among_them_ends_with_its_worker(store: RealStore) -> None:
    ids = [accept(store) for _ in range(3)]
    claimed(store)
    store.cancel(ids[2])
    store.lose("w", "again")
    assert [job_of(store, job_id).state for job_id in ids] == ["queued", "queued", "cancelled"]


def test_of_what_a_vanished_worker_held_only_the_first_is_charged(
    store: RealStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LEASE_MS", 60)
    ids = [accept(store) for _ in range(4)]
    claimed(store)
    deadline = time.monotonic() + 5
    while job_of(store, ids[3]).state == "running":
        store.beat("other")
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [(job_of(store, job_id).state, job_of(store, job_id).attempt) for job_id in ids] == [
        ("queued", 2),
        *[("queued", 1)] * 3,
    ]


def test_a_heartbeat_renews_the_leases_of_all_of_them(store: RealStore, client: Store) -> None:
    ids = [accept(store) for _ in range(3)]
    claimed(store)
    before = client.zscore("cc:leases", ids[2])
    time.sleep(0.005)
    assert list(store.beat("w").held) == [f"{job_id}-1" for job_id in ids]
    after = client.zscore("cc:leases", ids[2])
    assert before is not None and after is not None and after > before


def test_all_but_one_can_be_given_to_others(store: RealStore, client: Store) -> None:
    ids = [accept(store) for _ in range(4)]
    claimed(store)
    assert store.spare("w", f"{ids[1]}-1") == 3
    assert job_of(store, ids[1]).state == "running"
    assert client.hget("rq:worker:w", "current_job") == f"{ids[1]}-1".encode(), "RQ's tools can stop it"
    assert claimed(store, "other") == [ids[0], *ids[2:]]
    assert [job_of(store, job_id).attempt for job_id in ids] == [1, 1, 1, 1]
    assert store.spare("w", f"{ids[1]}-1") == 0


def test_the_time_that_one_waited_for_the_others_is_not_taken_for_its_own(store: RealStore, client: Store) -> None:
    accept(store), accept(store)
    runs = store.claim("w", MOST)
    time.sleep(0.1)
    for run in runs:
        store.publish("w", run, Outcome(verdict="succeeded", result="1", ran_ms=2))
    assert client.hget("cc:stats", "ran_ms:t") == b"4"
    assert client.hget("cc:stats", "mean_ms:t") == b"1"
