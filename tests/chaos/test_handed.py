"""A job that was started for an idle worker by whoever accepted it, and a worker that dies at that very moment."""

import os
import signal
import time
from pathlib import Path

import pytest

from services.jobs.connection import Store
from tests.chaos.crew import Crew, children_of, crew, hand_in, job_of, settle, wait_until
from tests.chaos.test_kill_at_each_step import at_rest

pytestmark = pytest.mark.chaos


def idle(client: Store) -> bool:
    """Whether a worker waits for a job."""
    return bool(client.zcard("cc:idle"))


def waits(client: Store) -> bool:
    """Whether the store sees somebody wait."""
    clients = client.info("clients")
    assert isinstance(clients, dict)
    return clients["blocked_clients"] > 0


def hand(client: Store) -> str:
    """Hand in a job that is started for an idle worker, however long ago that was heard of."""
    for worker in client.zrange("cc:idle", 0, -1):
        client.zadd("cc:idle", {worker: time.time() * 1000})
    job_id = hand_in(client, "notes", '{"token":"t"}')
    assert job_of(client, job_id).state == "running"
    return job_id


def ran_once(client: Store, workers: Crew, job_id: str, attempt: int) -> None:
    """The job ends in this attempt, and was executed in no other."""
    (job,) = settle(client, workers, job_id)
    workers.stop()
    assert (job.state, job.attempt, workers.executions) == ("succeeded", attempt, ["t"])
    at_rest(client)


@pytest.mark.parametrize("victim", ["alone", "both"])
def test_a_worker_that_dies_with_the_job_in_its_hand_costs_an_attempt_and_no_run(
    client: Store, valkey_url: str, tmp_path: Path, victim: str
) -> None:
    with crew(valkey_url, tmp_path) as workers:
        workers.start("handed", victim)
        wait_until("an idle worker", lambda: idle(client))
        job_id = hand(client)
        wait_until("the kill", workers.mark.exists)
        ran_once(client, workers, job_id, attempt=2)


def test_a_worker_that_died_a_moment_before_costs_not_even_an_attempt(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    with crew(valkey_url, tmp_path) as workers:
        dead = workers.start()
        wait_until("an idle worker", lambda: idle(client))
        dead.kill()
        dead.wait()
        wait_until("the end of its child", lambda: not waits(client))
        job_id = hand(client)
        ran_once(client, workers, job_id, attempt=1)


def test_a_child_that_died_a_moment_before_leaves_it_to_the_next_one(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("an idle worker", lambda: idle(client))
        os.kill(worker.pid, signal.SIGSTOP)
        for child in children_of(worker.pid):
            os.kill(child, signal.SIGKILL)
        wait_until("the end of the child", lambda: not waits(client))
        job_id = hand(client)
        os.kill(worker.pid, signal.SIGCONT)
        ran_once(client, workers, job_id, attempt=1)


def test_a_worker_that_is_told_to_stop_hands_it_back(client: Store, valkey_url: str, tmp_path: Path) -> None:
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("an idle worker", lambda: idle(client))
        worker.terminate()
        job_id = hand_in(client, "notes", '{"token":"t"}')
        ran_once(client, workers, job_id, attempt=1)
