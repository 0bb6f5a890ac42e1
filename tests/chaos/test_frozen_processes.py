"""Processes that are stopped and thawed: their jobs run elsewhere, and what they still say is not heard."""

import os
import signal
import time
from pathlib import Path

import pytest

from services.jobs.connection import Store
from tests.chaos.conftest import OwnStore
from tests.chaos.crew import children_of, crew, hand_in, is_alive, job_of, settle, wait_until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to find the children"),
]


def runs(client: Store, job_id: str) -> bool:
    return job_of(client, job_id).state == "running"


def late_results(client: Store) -> int:
    return int(client.hget("cc:stats", "late_results") or 0)


def test_a_frozen_workers_job_runs_elsewhere_and_its_late_result_is_dropped(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":1}')
    with crew(valkey_url, tmp_path) as workers:
        frozen = workers.start()
        wait_until("the job runs", lambda: runs(client, job_id))
        (child,) = children_of(frozen.pid)
        for pid in (frozen.pid, child):
            os.kill(pid, signal.SIGSTOP)
        workers.start()
        (job,) = settle(client, workers, job_id)
        os.kill(child, signal.SIGCONT)
        wait_until("the late result", lambda: late_results(client) == 1)
        os.kill(frozen.pid, signal.SIGCONT)
        assert job_of(client, job_id) == job
        again = hand_in(client, "notes")
        assert settle(client, workers, again)[0].state == "succeeded"
    assert (job.state, job.attempt, job.result) == ("succeeded", 2, '{"token":"t","attempt":2}')


def test_a_thawed_worker_soon_ends_the_child_whose_job_runs_elsewhere(
    client: Store, valkey_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":15}')
    with crew(valkey_url, tmp_path) as workers:
        frozen = workers.start()
        wait_until("the job runs", lambda: runs(client, job_id))
        (child,) = children_of(frozen.pid)
        os.kill(frozen.pid, signal.SIGSTOP)
        workers.start()
        wait_until("the second attempt", lambda: job_of(client, job_id).attempt == 2 and runs(client, job_id))
        assert is_alive(child)
        os.kill(frozen.pid, signal.SIGCONT)
        thawed = time.monotonic()
        wait_until("the end of the stale child", lambda: not is_alive(child))
        with capsys.disabled():
            print(f"\nthe stale child was ended {time.monotonic() - thawed:.1f} s after the thaw")
        assert job_of(client, job_id).attempt == 2


def test_a_child_whose_parent_is_frozen_claims_nothing(client: Store, valkey_url: str, tmp_path: Path) -> None:
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        first = hand_in(client, "notes", '{"token":"before"}')
        settle(client, workers, first)
        os.kill(worker.pid, signal.SIGSTOP)
        time.sleep(3.5)  # the child notices after a second; before that it may be waiting for work, at most two
        second = hand_in(client, "notes", '{"token":"meanwhile"}')
        time.sleep(1.5)
        assert (job_of(client, second).state, workers.executions) == ("queued", ["before"])
        os.kill(worker.pid, signal.SIGCONT)
        assert settle(client, workers, second)[0].attempt == 1


def test_a_child_whose_parent_is_frozen_does_not_go_on_from_job_to_job(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        jobs = [hand_in(client, "notes", f'{{"token":"{n}","seconds":0.2}}') for n in range(30)]
        wait_until("the first end", lambda: job_of(client, jobs[0]).done)
        os.kill(worker.pid, signal.SIGSTOP)
        time.sleep(3)
        begun = len(workers.executions)
        assert begun < 12
        time.sleep(1)
        assert len(workers.executions) == begun
        os.kill(worker.pid, signal.SIGCONT)
        assert {job.state for job in settle(client, workers, *jobs)} == {"succeeded"}
    assert len(workers.executions) == 30


def test_a_child_that_is_stopped_for_long_is_ended_and_its_job_runs_again(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":1}')
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("the job runs", lambda: runs(client, job_id))
        (child,) = children_of(worker.pid)
        os.kill(child, signal.SIGSTOP)
        (job,) = settle(client, workers, job_id)
        assert not is_alive(child)
    assert (job.state, job.attempt) == ("succeeded", 2)


def test_a_child_that_is_stopped_for_a_moment_goes_on(client: Store, valkey_url: str, tmp_path: Path) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":1}')
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("the job runs", lambda: runs(client, job_id))
        (child,) = children_of(worker.pid)
        os.kill(child, signal.SIGSTOP)
        time.sleep(0.7)
        os.kill(child, signal.SIGCONT)
        (job,) = settle(client, workers, job_id)
    assert (job.state, job.attempt, len(workers.executions)) == ("succeeded", 1, 1)


@pytest.mark.parametrize("kind", ["notes", "holds-the-lock"])
def test_a_child_does_not_outlive_its_parent(client: Store, valkey_url: str, tmp_path: Path, kind: str) -> None:
    job_id = hand_in(client, kind, '{"seconds":30}' if kind == "notes" else "{}", timeout=60)
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("the job runs", lambda: runs(client, job_id))
        (child,) = children_of(worker.pid)
        os.kill(child, signal.SIGSTOP)
        worker.kill()
        wait_until("the end of the child", lambda: not is_alive(child))


def test_the_store_frozen_for_longer_than_a_lease_costs_no_second_execution(
    tmp_path: Path, own_store: OwnStore
) -> None:
    client = own_store.client
    jobs = [hand_in(client, "notes", f'{{"token":"{n}","seconds":5}}') for n in range(2)]
    with crew(own_store.url, tmp_path) as workers:
        for _ in jobs:
            workers.start()
        wait_until("both run", lambda: all(runs(client, job_id) for job_id in jobs))
        with own_store.frozen():
            time.sleep(3)
        found = settle(client, workers, *jobs)
    assert [(job.state, job.attempt) for job in found] == [("succeeded", 1)] * 2
    assert len(workers.executions) == 2
