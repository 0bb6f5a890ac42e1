"""What only something from outside can bring about: foreign, doubled, missing and outdated entries in the store."""

import os
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer, PickleSerializer

from services.jobs import dispatch as wire
from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch, Outcome, Run
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record
from services.worker.audit import Audit

DONE = Outcome(verdict="succeeded", result='{"a":1}')


class RealStore(JobIntake, JobDispatch, JobReader):
    """All that the services do with the store, in one object."""


@pytest.fixture
def store(client: Store) -> RealStore:
    return RealStore(client)


@pytest.fixture
def audit(store: RealStore, client: Store) -> Audit:
    return Audit(store, client)


def accept(store: RealStore, **changes: object) -> str:
    values = {"id": new_id(), "type": "t", "input": "{}", "max_attempts": 3, "timeout": 60, "keep": 60, **changes}
    return store.accept(Submission(**values), 100).record.id  # type: ignore[arg-type]


def claim(store: RealStore, worker: str = "w") -> Run:
    [run] = store.claim(worker)
    return run


def job_of(store: RealStore, job_id: str) -> Record:
    reading = store.read(job_id)
    assert reading is not None and reading.record is not None
    return reading.record


@pytest.mark.parametrize("serializer", [JSONSerializer, PickleSerializer])
def test_a_function_that_somebody_enqueues_with_rq_is_never_called(
    store: RealStore, client: Store, valkey_url: str, tmp_path: Path, serializer: type[JSONSerializer]
) -> None:
    trace = tmp_path / "called"
    with Redis.from_url(valkey_url) as foreign:
        queue = Queue("default", connection=foreign, serializer=serializer)
        job = queue.enqueue(os.system, f"touch {trace}", job_id="evil-1")
    mine = accept(store)
    assert claim(store).id == mine
    assert store.claim("other") == []
    assert not client.exists(job.key)
    assert not trace.exists()


def test_a_record_that_names_no_job_type_of_the_catalogue_is_only_a_name(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    client.hset(f"rq:job:{job_id}-1", "data", '["os.system", null, ["false"], {}]')
    run = claim(store)
    assert (run.id, run.type, run.input) == (job_id, "t", "{}")


@pytest.mark.parametrize("entry", ["", "x", "x-1", "-1", "a b c", "\x00\xff", "9" * 500])
def test_an_entry_that_is_no_job_holds_up_nobody(store: RealStore, client: Store, entry: str) -> None:
    client.rpush("rq:queue:default", entry)
    job_id = accept(store)
    assert claim(store).id == job_id


def test_a_doubled_entry_is_run_once(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    client.rpush("rq:queue:default", f"{job_id}-1", f"{job_id}-1")
    store.publish("w", claim(store), DONE)
    assert store.claim("w") == []
    assert job_of(store, job_id).state == "succeeded"


def test_an_entry_of_an_earlier_run_is_dropped(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    claim(store)
    store.lose("w", "again")
    client.lpush("rq:queue:default", f"{job_id}-1")
    assert claim(store).number == "2"
    assert store.claim("other") == []


def test_a_queued_job_without_an_entry_is_put_back(store: RealStore, client: Store, audit: Audit) -> None:
    job_id = accept(store)
    client.delete("rq:queue:default", f"rq:job:{job_id}-1")
    assert audit.difference() == 1
    assert audit.look() == 1
    assert audit.difference() == 0
    assert claim(store).id == job_id


def test_a_delayed_job_without_an_entry_is_put_back_for_its_own_time(
    store: RealStore, client: Store, audit: Audit
) -> None:
    seconds, _ = client.time()
    due = (seconds + 3_600) * 1000
    job_id = accept(store, run_at=due)
    client.delete("rq:scheduled:default")
    assert (audit.difference(), audit.look(), audit.difference()) == (1, 1, 0)
    assert store.claim("w") == []
    assert job_of(store, job_id).run_at == due
    assert client.zscore("rq:scheduled:default", f"{job_id}-1") == due / 1000


def test_a_delayed_job_without_an_entry_whose_time_has_come_is_queued(
    store: RealStore, client: Store, audit: Audit
) -> None:
    seconds, _ = client.time()
    job_id = accept(store, run_at=(seconds - 1) * 1000)
    client.delete("rq:scheduled:default")
    assert audit.look() == 1
    assert claim(store).id == job_id
    assert job_of(store, job_id).run_at == 0


def test_a_running_job_without_a_lease_gets_its_next_attempt(store: RealStore, client: Store, audit: Audit) -> None:
    job_id = accept(store)
    claim(store)
    client.zrem("cc:leases", job_id)
    assert (audit.difference(), audit.look()) == (1, 1)
    assert (job_of(store, job_id).state, job_of(store, job_id).attempt) == ("queued", 2)


def test_an_open_job_without_a_record_is_forgotten(store: RealStore, client: Store, audit: Audit) -> None:
    client.sadd("cc:open", new_id())
    assert audit.difference() == 1
    audit.look()
    assert (audit.difference(), client.scard("cc:open")) == (0, 0)


def test_the_audit_finds_nothing_amiss_with_jobs_in_every_state(store: RealStore, audit: Audit, client: Store) -> None:
    seconds, _ = client.time()
    for queue in ("high", "default", "low"):
        accept(store, queue=queue)
        accept(store, queue=queue, run_at=(seconds + 60) * 1000)
    claim(store)
    cancelling = claim(store, "other")
    store.cancel(cancelling.id)
    assert (audit.difference(), audit.look()) == (0, 0)


def test_the_audit_looks_only_when_the_counts_differ_twice(
    store: RealStore, client: Store, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.worker.audit.CHECK_EVERY_S", 0)
    job_id = accept(store)
    client.delete("rq:queue:default")
    audit.step()
    assert client.llen("rq:queue:default") == 0
    for _ in range(8):
        audit.step()
    assert client.lrange("rq:queue:default", 0, -1) == [f"{job_id}-1".encode()]


def test_a_thawed_workers_heartbeat_does_not_renew_what_another_holds(
    store: RealStore, client: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = accept(store)
    frozen = claim(store, "frozen")
    store.lose("frozen", "again")
    claim(store, "other")
    until = client.zscore("cc:leases", job_id)
    monkeypatch.setattr(wire, "LEASE_MS", 60_000)
    assert store.beat("frozen").held == {}
    assert client.zscore("cc:leases", job_id) == until
    assert not store.publish("frozen", frozen, DONE)[0]
    assert client.hget("cc:stats", "late_results") == b"1"


def test_a_worker_whose_data_outlived_its_hold_renews_nothing(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    run = claim(store, "frozen")
    store.publish("frozen", run, DONE)
    client.rpush("cc:held:frozen", f"{job_id}-1")
    beat = store.beat("frozen")
    assert (beat.held, client.zcard("cc:leases")) == ({}, 0)
    assert store.claim("frozen") == []
    assert not client.exists("cc:held:frozen")


def test_a_heartbeat_calls_an_idle_worker_while_jobs_wait(store: RealStore, client: Store) -> None:
    accept(store)
    assert client.blpop(["cc:wake"], timeout=1) is not None  # by one who was then killed
    store.beat("w")
    assert client.llen("cc:wake") == 1
    claim(store)
    client.delete("cc:wake")
    store.beat("w")
    assert client.llen("cc:wake") == 0


def test_while_rqs_queues_are_suspended_nothing_is_claimed_and_nobody_is_called(
    store: RealStore, client: Store
) -> None:
    job_id = accept(store)
    client.set("rq:suspended", 1)
    client.delete("cc:wake")
    store.beat("w")
    assert (store.claim("w"), client.llen("cc:wake")) == ([], 0)
    client.delete("rq:suspended")
    assert claim(store).id == job_id


def test_a_worker_that_the_store_has_forgotten_leaves_no_trace_for_ever(store: RealStore, client: Store) -> None:
    accept(store)
    claim(store, "unknown")
    assert 0 < client.ttl("rq:worker:unknown") <= 60


def test_what_a_late_run_reports_after_the_job_expired_changes_nothing(store: RealStore, client: Store) -> None:
    job_id = accept(store, keep=0)
    late = claim(store, "frozen")
    store.lose("frozen", "again")
    store.publish("w", claim(store), DONE)
    store.bury([job_id])
    assert not store.publish("frozen", late, DONE)[0]
    assert store.progress(late, 50, "late") == "lost"
    job = job_of(store, job_id)
    assert (job.state, job.result, job.percent, job.buried) == ("succeeded", "", "", 1)


def test_what_a_late_run_publishes_to_an_empty_store_makes_no_job(store: RealStore, client: Store) -> None:
    job_id = accept(store)
    run = claim(store)
    client.flushall()
    assert not store.publish("w", run, DONE, then_claim=1)[0]
    assert store.lose("w", "retry") == "none"
    assert not store.exists(job_id)
    assert client.scard("cc:open") == 0
