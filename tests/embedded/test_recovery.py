"""The platform under kills: what was accepted ends, exactly once."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from scripts.embedded.platform import Platform
from tests.conftest import make_platform
from tests.http import call, submit, wait_for


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own, that it may kill at."""
    with make_platform(tmp_path) as running:
        yield running


def pid_of(platform: Platform, name: str) -> int:
    return int((platform.settings.data_dir / "run" / f"{name}.pid").read_text())


def running_on(platform: Platform, location: str) -> int:
    """The process id of the worker that runs the job."""
    wait_for(location, "running")
    job_id = location.rsplit("/", 1)[1]
    with Redis.from_url(platform.redis_url) as client:
        name = client.hget(f"cc:job:{job_id}", "worker")
    assert isinstance(name, bytes)
    return int(name.decode().rsplit("-", 2)[1])


def keep_up(platform: Platform, location: str, seconds: float = 30) -> dict[str, object]:
    """Watch over the platform until the job is done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        platform.watch(print)
        reply = call("GET", location)
        if reply.status == 200 and reply.json["done"]:
            return dict(reply.json)
        time.sleep(0.1)
    raise AssertionError(f"not done within {seconds} s")


def test_a_killed_worker_costs_its_job_one_attempt(platform: Platform) -> None:
    location = submit(platform.gateway_url, "simulate", {"seconds": 2, "token": "t"}).headers["Location"]
    os.kill(running_on(platform, location), signal.SIGKILL)
    killed = time.monotonic()
    job = keep_up(platform, location)
    print(f"succeeded {time.monotonic() - killed:.1f} s after the kill, 2 s of which it ran")
    assert (job["state"], job["attempt"]) == ("succeeded", 2)


def test_a_killed_child_costs_its_job_one_attempt(platform: Platform) -> None:
    location = submit(platform.gateway_url, "simulate", {"seconds": 1}).headers["Location"]
    worker = running_on(platform, location)
    children = Path(f"/proc/{worker}/task/{worker}/children")
    if not children.exists():
        pytest.skip("needs /proc to find the child")
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    job = keep_up(platform, location)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)


def test_a_killed_store_has_forgotten_nothing_that_was_accepted(platform: Platform) -> None:
    locations = [
        submit(platform.gateway_url, "simulate", {"seconds": 0.05, "token": str(number)}).headers["Location"]
        for number in range(40)
    ]
    os.kill(pid_of(platform, "valkey"), signal.SIGKILL)
    jobs = [keep_up(platform, location) for location in locations]
    assert [job["state"] for job in jobs] == ["succeeded"] * 40
    assert [job["result"]["token"] for job in jobs] == [str(number) for number in range(40)]  # type: ignore[index]


def test_a_stopping_worker_lets_its_job_end(platform: Platform) -> None:
    location = submit(platform.gateway_url, "simulate", {"seconds": 1}).headers["Location"]
    os.kill(running_on(platform, location), signal.SIGTERM)
    job = keep_up(platform, location)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert job["timing"]["running_ms"] < 1900  # type: ignore[index]


def test_a_job_longer_than_the_grace_is_handed_back_and_burns_no_attempt(tmp_path: Path) -> None:
    with make_platform(tmp_path / "short", worker_grace=0.5) as platform:
        location = submit(platform.gateway_url, "simulate", {"seconds": 2}).headers["Location"]
        os.kill(running_on(platform, location), signal.SIGTERM)
        job = keep_up(platform, location)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)


def test_running_work_is_stopped_soon_after_it_is_cancelled(platform: Platform) -> None:
    reply = submit(platform.gateway_url, "simulate", {"seconds": 60, "kind": "cpu"})
    running_on(platform, reply.headers["Location"])
    asked = time.monotonic()
    cancelled = call("DELETE", reply.json["links"]["cancel"])
    assert (cancelled.status, cancelled.json["state"]) == (202, "cancelling")
    job = keep_up(platform, reply.headers["Location"])
    print(f"stopped after {time.monotonic() - asked:.1f} s")
    assert job["state"] == "cancelled"
