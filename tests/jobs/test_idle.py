"""A job that comes while a worker has nothing to do is started for that worker by whoever accepts it."""

import time

import pytest

from services.jobs import dispatch as wire
from services.jobs.connection import Store
from tests.jobs.test_gaps import DONE, RealStore, accept, job_of


@pytest.fixture
def store(client: Store) -> RealStore:
    """A store in which worker `w` has found nothing to do, and is heard of for as long as a test may take."""
    store = RealStore(client)
    assert store.claim("w") == []
    assert client.zscore("cc:idle", "w") is not None
    heard(client, in_seconds=60)
    return store


def heard(client: Store, in_seconds: float) -> None:
    """Let worker `w` be an idle one that was last heard of then."""
    client.zadd("cc:idle", {"w": (time.time() + in_seconds) * 1000})


def handed(store: RealStore, worker: str = "w") -> list[str]:
    """Ids of the jobs that were started for the worker."""
    return [run.id for run in store.wait_for_work(worker, 1)]


def test_it_is_started_at_once_and_its_worker_gets_all_that_a_claim_gives(store: RealStore, client: Store) -> None:
    job_id = accept(store, input='{"text":"\\u00e4 ä \\" \\\\ /"}', owner="o", timeout=7)
    job = job_of(store, job_id)
    assert (job.state, job.attempt, job.run) == ("running", 1, 1)
    assert (client.zcard("cc:leases"), client.llen("rq:queue:default"), client.exists("cc:wake")) == (1, 0, 0)
    assert client.hget("rq:worker:w", "current_job") == f"{job_id}-1".encode()
    [run] = store.wait_for_work("w", 1)
    assert store.claim("w") == [run], "it holds it like any other"
    assert (run.id, run.input, run.timeout) == (job_id, '{"text":"\\u00e4 ä \\" \\\\ /"}', 7)
    store.publish("w", run, DONE)
    assert job_of(store, job_id).state == "succeeded"


def test_one_job_is_handed_out_and_the_next_one_waits(store: RealStore) -> None:
    first, second = accept(store), accept(store)
    assert (job_of(store, first).state, job_of(store, second).state) == ("running", "queued")
    assert handed(store) == [first]


def test_each_idle_worker_gets_one(store: RealStore) -> None:
    store.claim("x")
    ids = {accept(store), accept(store)}
    assert {*handed(store), *handed(store, "x")} == ids


def test_a_worker_that_ends_a_job_and_finds_no_other_is_idle_again(store: RealStore) -> None:
    accept(store)
    [run] = store.wait_for_work("w", 1)
    store.publish("w", run, DONE, then_claim=1)
    second = accept(store)
    assert handed(store) == [second]


def test_a_worker_that_does_not_want_another_job_gets_none(store: RealStore) -> None:
    accept(store)
    [run] = store.wait_for_work("w", 1)
    store.publish("w", run, DONE)
    assert job_of(store, accept(store)).state == "queued"


def test_a_worker_that_has_claimed_is_not_idle(store: RealStore, client: Store) -> None:
    client.zrem("cc:idle", "w")
    first = accept(store)
    heard(client, in_seconds=60)
    assert [run.id for run in store.claim("w")] == [first]
    assert job_of(store, accept(store)).state == "queued"


def test_a_worker_that_was_not_heard_of_for_a_second_gets_none(store: RealStore, client: Store) -> None:
    heard(client, in_seconds=-1.1)
    assert job_of(store, accept(store)).state == "queued"
    assert client.llen("cc:wake") == 1


def test_a_heartbeat_is_heard(store: RealStore, client: Store) -> None:
    heard(client, in_seconds=-1.1)
    store.beat("w")
    assert job_of(store, accept(store)).state == "running"


def test_a_heartbeat_makes_nobody_idle_and_forgets_who_was_not_heard_of_for_a_minute(
    store: RealStore, client: Store
) -> None:
    heard(client, in_seconds=-61)
    store.beat("other")
    assert client.zcard("cc:idle") == 0


@pytest.mark.parametrize(
    "change", [{"input": '"' + "x" * 65_536 + '"'}, {"run_at": 4_000_000_000_000}, {"max_attempts": 1}]
)
def test_none_is_handed_out_whose_input_is_long_or_that_is_for_later_or_may_run_only_once(
    store: RealStore, change: dict[str, object]
) -> None:
    assert job_of(store, accept(store, **change)).state == "queued"


def test_while_rqs_queues_are_suspended_none_is_handed_out(store: RealStore, client: Store) -> None:
    client.set("rq:suspended", 1)
    assert job_of(store, accept(store)).state == "queued"


@pytest.mark.parametrize("queue", ["default", "low"])
def test_where_others_wait_their_order_stays(store: RealStore, client: Store, queue: str) -> None:
    client.zrem("cc:idle", "w")
    first = accept(store)
    heard(client, in_seconds=60)
    second = accept(store, queue=queue)
    assert [run.id for run in store.claim("w")] == [first]
    assert job_of(store, second).state == "queued"


def test_a_submission_that_is_repeated_is_not_handed_out_again(store: RealStore, client: Store) -> None:
    store.claim("x")
    job_id = accept(store)
    accept(store, id=job_id)
    assert client.llen("cc:hand:w") + client.llen("cc:hand:x") == 1
    assert client.zcard("cc:leases") == 1


def test_whoever_asks_instead_of_waiting_gets_it_once(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    assert [run.id for run in store.claim("w")] == [job_id]
    assert client.exists("cc:hand:w") == 0


def test_what_a_child_has_not_taken_from_its_hand_when_it_dies_costs_no_attempt(
    store: RealStore, client: Store
) -> None:
    job_id = accept(store, max_attempts=2)
    assert store.lose("w", "failed") == "queued"
    assert (job_of(store, job_id).attempt, client.exists("cc:hand:w", "cc:idle")) == (1, 0)
    assert [run.id for run in store.claim("other")] == [job_id]


def test_what_it_has_taken_from_its_hand_does(store: RealStore) -> None:
    job_id = accept(store)
    assert handed(store) == [job_id]
    assert store.lose("w", "retry") == "queued"
    assert job_of(store, job_id).attempt == 2


@pytest.mark.parametrize(("taken", "attempt"), [(False, 1), (True, 2)])
def test_what_lies_in_the_hand_of_a_vanished_worker_is_taken_up(
    store: RealStore, client: Store, monkeypatch: pytest.MonkeyPatch, taken: bool, attempt: int
) -> None:
    job_id = accept(store)
    if taken:
        handed(store)
    monkeypatch.setattr(wire, "LEASE_MS", 60)
    store.beat("w")
    deadline = time.monotonic() + 5
    while job_of(store, job_id).state == "running":
        store.beat("other")
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert (job_of(store, job_id).attempt, client.exists("cc:hand:w")) == (attempt, 0)
