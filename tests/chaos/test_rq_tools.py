"""RQ's own tools on the running platform: they see it, they command it, and they can't harm it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.command import send_command, send_kill_horse_command, send_stop_job_command
from rq.serializers import JSONSerializer, PickleSerializer

from scripts.embedded.platform import Platform
from tests.chaos.crew import wait_until
from tests.conftest import make_platform
from tests.http import call, run_job, submit, wait_for

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with one worker."""
    with make_platform(tmp_path_factory.mktemp("rq"), workers=1) as running:
        yield running


@pytest.fixture
def client(platform: Platform) -> Iterator["Redis[bytes]"]:
    with Redis.from_url(platform.redis_url, socket_timeout=20) as client:
        yield client


def rq(platform: Platform, *arguments: str) -> str:
    """What RQ's command line says."""
    command = [sys.executable, "-m", "rq.cli", arguments[0], "--url", platform.redis_url, *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def simulate(platform: Platform, seconds: float = 0.0, **inputs: object) -> str:
    reply = submit(platform.gateway_url, "simulate", {"seconds": seconds, **inputs})
    return str(reply.headers["Location"])


def run_name(location: str, run: int = 1) -> str:
    return f"{location.rsplit('/', 1)[1]}-{run}"


def test_rq_info_shows_the_queues_and_the_worker(platform: Platform) -> None:
    wait_for(simulate(platform, 0.1))
    shown = rq(platform, "info")
    assert "1 workers, " in shown
    assert "default" in shown
    assert "idle" in shown


def test_rq_suspend_stops_the_taking_of_jobs_and_resume_lets_it_go_on(platform: Platform) -> None:
    rq(platform, "suspend")
    location = simulate(platform)
    time.sleep(1.5)
    assert call("GET", location).json["state"] == "queued"
    rq(platform, "resume")
    assert wait_for(location)["state"] == "succeeded"


def test_rqs_stop_job_command_cancels_the_job(platform: Platform, client: "Redis[bytes]") -> None:
    location = simulate(platform, 60)
    wait_for(location, "running")
    send_stop_job_command(client, run_name(location), serializer=JSONSerializer)
    assert wait_for(location)["state"] == "cancelled"


def test_rqs_kill_horse_command_costs_an_attempt(platform: Platform, client: "Redis[bytes]") -> None:
    location = simulate(platform, 2)
    wait_for(location, "running")
    (worker,) = client.smembers("rq:workers")
    send_kill_horse_command(client, worker.decode().removeprefix("rq:worker:"))
    job = wait_for(location)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)


def test_what_rq_empty_takes_out_of_a_queue_is_put_back(platform: Platform, client: "Redis[bytes]") -> None:
    rq(platform, "suspend")
    locations = [simulate(platform) for _ in range(3)]
    rq(platform, "empty", "default")
    assert client.llen("rq:queue:default") == 0
    rq(platform, "resume")
    assert [wait_for(location)["state"] for location in locations] == ["succeeded"] * 3


def test_a_delayed_job_that_was_taken_out_of_rqs_schedule_is_put_back(
    platform: Platform, client: "Redis[bytes]"
) -> None:
    reply = submit(platform.gateway_url, "simulate", {"input": {}, "options": {"delay": 4}})
    client.delete("rq:scheduled:default")
    assert wait_for(reply.headers["Location"])["state"] == "succeeded"


@pytest.mark.parametrize("serializer", [JSONSerializer, PickleSerializer])
def test_a_function_that_is_enqueued_with_rq_is_not_called(
    platform: Platform, client: "Redis[bytes]", tmp_path: Path, serializer: type[JSONSerializer]
) -> None:
    trace = tmp_path / "called"
    for name in ("high", "default", "low"):
        queue = Queue(name, connection=client, serializer=serializer)
        queue.enqueue(os.system, f"touch {trace}")
        queue.enqueue(os.system, f"touch {trace}", job_id=f"{'0' * 32}-1")
    assert run_job(platform.gateway_url, "simulate", {})["state"] == "succeeded"
    wait_until("empty queues", lambda: all(client.llen(f"rq:queue:{name}") == 0 for name in ("high", "default", "low")))
    assert not trace.exists()


def test_a_job_whose_rq_data_was_exchanged_runs_what_its_record_says(
    platform: Platform, client: "Redis[bytes]", tmp_path: Path
) -> None:
    trace = tmp_path / "called"
    rq(platform, "suspend")
    location = simulate(platform, token="mine")
    client.hset(f"rq:job:{run_name(location)}", "data", f'["os.system", null, ["touch {trace}"], {{}}]')
    rq(platform, "resume")
    assert wait_for(location)["result"]["token"] == "mine"
    assert not trace.exists()


def test_a_job_type_that_is_not_in_the_catalogue_is_tried_and_fails(platform: Platform, client: "Redis[bytes]") -> None:
    rq(platform, "suspend")
    location = simulate(platform)
    job_id = location.rsplit("/", 1)[1]
    client.hset(f"cc:job:{job_id}", mapping={"type": "os.system", "input": '"false"', "max_attempts": 1})
    rq(platform, "resume")
    wait_until("its end", lambda: client.hget(f"cc:job:{job_id}", "state") == b"failed")
    assert b"job type os.system" in (client.hget(f"cc:job:{job_id}", "error") or b"")


def test_rqs_shutdown_command_lets_the_job_end_and_the_worker_is_started_again(
    platform: Platform, client: "Redis[bytes]"
) -> None:
    location = simulate(platform, 1)
    wait_for(location, "running")
    (worker,) = client.smembers("rq:workers")
    send_command(client, worker.decode().removeprefix("rq:worker:"), "shutdown")
    job = wait_for(location)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    wait_until("the end of the worker", lambda: client.scard("rq:workers") == 0)
    wait_until("another", lambda: (platform.watch(print), client.scard("rq:workers"))[1] == 1)
    assert run_job(platform.gateway_url, "simulate", {})["state"] == "succeeded"
