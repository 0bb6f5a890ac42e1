"""Rolling restarts: jobs within the grace end, others are handed back, nothing is lost, and no attempt is burnt."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.embedded.platform import Platform
from services.jobs.connection import Store
from tests.chaos.crew import crew, hand_in, is_alive, job_of, settle, wait_until
from tests.conftest import make_platform
from tests.http import call, submit, wait_for

pytestmark = pytest.mark.chaos


def test_workers_that_are_restarted_again_and_again_run_each_short_job_once(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    jobs = [hand_in(client, "notes", f'{{"token":"{n}","seconds":0.05}}') for n in range(120)]
    with crew(valkey_url, tmp_path) as workers:
        for _ in range(2):
            workers.start()
        for turn in range(8):
            time.sleep(0.4)
            workers.running[turn % 2].terminate()
            workers.keep_up()
        found = settle(client, workers, *jobs)
    assert {(job.state, job.attempt) for job in found} == {("succeeded", 1)}
    assert sorted(workers.executions, key=int) == [str(n) for n in range(120)]


def test_a_worker_stopped_while_its_child_claims_burns_no_attempt(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        jobs = [hand_in(client, "notes", f'{{"token":"{n}"}}', max_attempts=1) for n in range(200)]
        wait_until("the first end", lambda: job_of(client, jobs[0]).done)
        worker.terminate()
        worker.wait(15)
        workers.keep_up()
        found = settle(client, workers, *jobs)
    assert worker.returncode == 0
    assert {(job.state, job.attempt) for job in found} == {("succeeded", 1)}
    assert len(workers.executions) == 200


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own."""
    with make_platform(tmp_path) as running:
        yield running


def test_every_service_can_be_restarted_under_load_without_a_lost_job(platform: Platform) -> None:
    stop, accepted = threading.Event(), list[str]()
    submitting = threading.Thread(target=_submit, args=(platform, stop, accepted))
    submitting.start()
    try:
        for name in ("worker-1", "worker-2", "status", "gateway", "worker-1"):
            _restart(platform, name)
    finally:
        stop.set()
        submitting.join()
    jobs = [wait_for(location) for location in accepted]
    assert len(jobs) > 20
    assert {(job["state"], job["attempt"]) for job in jobs} == {("succeeded", 1)}
    assert [job["result"]["token"] for job in jobs] == [str(number) for number in range(len(jobs))]


def _submit(platform: Platform, stop: threading.Event, accepted: list[str]) -> None:
    """Repeat each submission with its key until it is accepted, as a client should."""
    while not stop.is_set():
        key = str(len(accepted))
        try:
            reply = submit(platform.gateway_url, "simulate", {"seconds": 0.05, "token": key}, Idempotency_Key=key)
        except OSError:
            time.sleep(0.1)
            continue
        assert reply.status == 202, reply.body
        accepted.append(reply.headers["Location"])
        time.sleep(0.05)


def _restart(platform: Platform, name: str) -> None:
    pid_file = platform.settings.data_dir / "run" / f"{name}.pid"
    before = int(pid_file.read_text())
    os.kill(before, signal.SIGTERM)
    wait_until(f"the end of {name}", lambda: not is_alive(before))
    wait_until(f"another {name}", lambda: (platform.watch(print), int(pid_file.read_text()))[1] != before)
    wait_until("readiness", lambda: _ready(platform))


def _ready(platform: Platform) -> bool:
    try:
        return all(
            call("GET", f"{url}/readyz").json["workers"] == 2 for url in (platform.gateway_url, platform.status_url)
        )
    except OSError:
        return False
