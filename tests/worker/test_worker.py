"""The parent by itself: what it tells the store, and what a store that is away does to it."""

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from rq import Worker as RQWorker
from rq.command import send_command, send_kill_horse_command, send_stop_job_command
from rq.serializers import JSONSerializer

from scripts.embedded import valkey
from services.jobs.connection import Store, connect
from services.jobs.dispatch import JobDispatch
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record
from services.jobs.settings import Settings
from services.worker import worker as module
from services.worker.notes import Notes
from services.worker.process import Work
from services.worker.worker import Worker


class FakeChild:
    """A child that does what the test says: `work` is what it works on, `status` how it ended."""

    pid = 4_000_000

    def __init__(self, *_: object) -> None:
        self.notes, self.stopped_at = Notes(), 0.0
        self.work: Work | None = None
        self.status: int | None = None
        self.orders: list[str] = []

    def listen(self) -> None:
        """There is no pipe."""

    def reap(self) -> int | None:
        return self.status

    def ask_to_drain(self) -> None:
        self.orders.append("drain")

    def say_cancelled(self, name: str) -> None:
        self.orders.append(f"cancelled {name}")

    def kill(self) -> None:
        self.orders.append("kill")
        self.status = -signal.SIGKILL


@pytest.fixture
def worker(client: Store, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(module, "ChildProcess", FakeChild)
    monkeypatch.setattr(module, "memory_mb", lambda _: 0)
    for name in ("BEAT_S", "CANCEL_GRACE_S", "RESPAWN_PAUSE_S", "STORE_PAUSE_S"):
        monkeypatch.setattr(module, name, 0.0)
    return Worker("w", {}, Settings(), client)


@pytest.fixture
def nowhere() -> Iterator[Store]:
    """A client of a store that is not there."""
    client = connect(f"redis://127.0.0.1:{valkey.free_port()}/0")
    yield client
    client.close()


def accept(client: Store, **changes: object) -> str:
    values = {"id": new_id(), "type": "t", "input": "{}", "max_attempts": 3, "timeout": 60, "keep": 60, **changes}
    return JobIntake(client).accept(Submission(**values), 100).record.id  # type: ignore[arg-type]


def begin(client: Store, worker: Worker) -> tuple[str, Any]:
    """Have the worker's child begin a job: its id, and the child."""
    job_id = accept(client)
    worker._tick()
    [run] = JobDispatch(client).claim("w")
    child: Any = worker._child
    assert child is not None
    child.work = Work(f"{run.id}-{run.number}", time.monotonic(), run.timeout, 0)
    return job_id, child


def begin_three(client: Store, worker: Worker) -> tuple[str, str, str, Any]:
    """Have the worker's child claim three jobs together, and begin the first: their ids, and the child."""
    client.hset("cc:stats", mapping={"mean_ms:t": 1, "off:t": 0})
    first, second, third = (accept(client) for _ in range(3))
    worker._tick()
    child: Any = worker._child
    assert [run.id for run in JobDispatch(client).claim("w", 3)] == [first, second, third]
    child.work = Work(f"{first}-1", time.monotonic(), 60, 0)
    return first, second, third, child


def job_of(client: Store, job_id: str) -> Record:
    reading = JobReader(client).read(job_id)
    assert reading is not None and reading.record is not None
    return reading.record


def test_a_worker_registers_as_rqs_tools_expect_it(client: Store, worker: Worker) -> None:
    worker._tick()
    (seen,) = RQWorker.all(connection=client, serializer=JSONSerializer)
    assert (seen.name, seen.queue_names(), seen.get_state()) == ("w", ["high", "default", "low"], "idle")
    assert 0 < client.ttl("rq:worker:w") <= 60
    worker.leave()
    assert RQWorker.all(connection=client, serializer=JSONSerializer) == []


def test_registering_again_takes_no_job_from_the_worker(client: Store, worker: Worker) -> None:
    job_id, _ = begin(client, worker)
    client.hdel("rq:worker:w", "birth")
    worker._tick()
    assert client.hget("rq:worker:w", "birth") is not None
    assert client.hget("rq:worker:w", "current_job") == f"{job_id}-1".encode()


def test_workers_that_have_vanished_are_taken_off_the_list(client: Store, worker: Worker) -> None:
    client.sadd("rq:workers", "rq:worker:gone")
    client.sadd("rq:workers:default", "rq:worker:gone")
    worker._tick()
    assert client.smembers("rq:workers") == client.smembers("rq:workers:default") == {b"rq:worker:w"}


def test_a_store_that_is_away_ends_no_worker(nowhere: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ChildProcess", FakeChild)
    worker = Worker("w", {}, Settings(), nowhere)
    for _ in range(3):
        worker._store_at = 0.0
        worker._tick()
    assert worker.horse_pid == FakeChild.pid
    worker.leave()


def test_rq_sets_no_time_limits_of_its_own(client: Store, worker: Worker) -> None:
    assert client.connection_pool.connection_kwargs["socket_timeout"] == 1.5


def test_a_full_store_ends_no_worker(client: Store, worker: Worker) -> None:
    client.config_set("maxmemory", 1)
    try:
        worker._tick()
        assert not client.hexists("rq:worker:w", "birth")
        assert worker.horse_pid
    finally:
        client.config_set("maxmemory", 0)
    worker._tick()
    assert client.hexists("rq:worker:w", "birth")


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "null", "1", '"x"', "{}", '{"command": 1}', "\x00\xff"])
def test_a_command_that_is_none_ends_no_worker(client: Store, worker: Worker, rubbish: str) -> None:
    worker._tick()
    client.publish("rq:pubsub:w", rubbish)
    time.sleep(0.02)
    worker._tick()
    assert worker.horse_pid


def test_rqs_stop_job_command_cancels_that_job(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    send_stop_job_command(client, f"{job_id}-1", serializer=JSONSerializer)
    _ticks(worker)
    assert child.orders == [f"cancelled {job_id}-1", "kill"]
    assert job_of(client, job_id).state == "cancelled"


def test_rqs_stop_job_command_for_a_job_that_has_just_ended_stops_no_other(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    child.work = Work("another-1", time.monotonic(), 60, 0)
    send_stop_job_command(client, f"{job_id}-1", serializer=JSONSerializer)
    worker._beat_at = time.monotonic() + 60
    _ticks(worker)
    assert "kill" not in child.orders
    assert worker.horse_pid == FakeChild.pid


def test_rqs_kill_horse_command_costs_the_job_one_attempt(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    send_kill_horse_command(client, "w")
    _ticks(worker)
    assert child.orders == ["kill"]
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 2)


def test_rqs_shutdown_command_drains(client: Store, worker: Worker) -> None:
    worker._tick()
    before = signal.signal(signal.SIGINT, worker._on_stop_signal)
    try:
        send_command(client, "w", "shutdown")
        _ticks(worker)
    finally:
        signal.signal(signal.SIGINT, before)
    assert worker._stopping


def test_a_dead_child_is_answered_for_before_there_is_another(
    client: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch, nowhere: Store
) -> None:
    job_id, child = begin(client, worker)
    monkeypatch.setattr(worker, "_dispatch", JobDispatch(nowhere))
    child.status = -signal.SIGKILL
    _ticks(worker)
    assert worker.horse_pid == 0
    monkeypatch.setattr(worker, "_dispatch", JobDispatch(client))
    _ticks(worker)
    assert worker.horse_pid == FakeChild.pid
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 2)


def test_a_job_that_was_claimed_by_a_draining_child_and_not_begun_is_handed_back(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    child.work = None
    worker._on_stop_signal()
    child.status = 0
    _ticks(worker)
    assert worker._done()
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 1)


def test_what_a_dead_child_was_at_work_on_is_charged_and_what_it_had_not_begun_is_not(
    client: Store, worker: Worker
) -> None:
    first, second, third, child = begin_three(client, worker)
    child.work = Work(f"{second}-1", time.monotonic(), 60, 0)
    child.status = -signal.SIGKILL
    _ticks(worker)
    assert [job_of(client, job_id).attempt for job_id in (first, second, third)] == [1, 2, 1]


def test_others_are_spared_a_job_that_takes_long(client: Store, worker: Worker) -> None:
    first, second, third, child = begin_three(client, worker)
    _ticks(worker)
    assert {job_of(client, job_id).state for job_id in (first, second, third)} == {"running"}
    child.work = Work(f"{first}-1", time.monotonic() - module.LONG_S, 60, 0)
    _ticks(worker)
    assert [job_of(client, job_id).state for job_id in (first, second, third)] == ["running", "queued", "queued"]
    assert child.orders == []


def test_a_second_stop_signal_hands_the_job_back_at_once(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    worker._on_stop_signal()
    _ticks(worker)
    assert set(child.orders) == {"drain"}
    worker._on_stop_signal()
    _ticks(worker)
    assert child.orders[-1] == "kill"
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 1)


def test_a_stopping_worker_does_not_wait_for_the_store_for_ever(
    client: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch, nowhere: Store
) -> None:
    _, child = begin(client, worker)
    monkeypatch.setattr(worker, "_dispatch", JobDispatch(nowhere))
    for _ in range(2):
        worker._on_stop_signal()
    _ticks(worker)
    assert child.orders[-1] == "kill"
    assert not worker._done()
    worker._stop_at = time.monotonic() - module.STOPPED_GRACE_S - 1
    assert worker._done()


def test_a_draining_worker_still_holds_its_job_to_its_time_limit(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    child.work = Work(child.work.name, time.monotonic() - 100, 60, 0)
    worker._on_stop_signal()
    _ticks(worker)
    assert job_of(client, job_id).state == "failed"
    assert '"origin":"timeout"' in job_of(client, job_id).error


def test_a_child_that_works_on_what_another_has_taken_up_is_ended(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    _ticks(worker)
    assert child.orders == []
    JobDispatch(client).lose("w", "again")
    _ticks(worker)
    assert child.orders == ["kill"]
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 1)


def test_what_an_older_store_says_that_a_worker_holds_is_handed_back(client: Store, worker: Worker) -> None:
    job_id, child = begin(client, worker)
    child.work = Work("of-a-newer-store-1", time.monotonic(), 60, 0)
    _ticks(worker, 4)
    assert child.orders == ["kill"]
    assert (job_of(client, job_id).state, job_of(client, job_id).attempt) == ("queued", 1)


def test_an_error_that_nobody_foresaw_ends_the_worker_as_one_and_signs_it_off(
    client: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("unforeseen")

    worker._tick()
    monkeypatch.setattr(worker, "_tick", fail)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(RuntimeError, match="unforeseen"):
            worker.work()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert client.smembers("rq:workers") == set()


def test_a_parent_lets_its_child_know_that_it_is_at_work(client: Store, worker: Worker) -> None:
    worker._tick()
    child: Any = worker._child
    time.sleep(0.05)
    before = child.notes.silence
    worker._tick()
    assert child.notes.silence < before


def _ticks(worker: Worker, count: int = 3) -> None:
    for _ in range(count):
        time.sleep(0.01)
        worker._store_at = 0.0
        worker._tick()
