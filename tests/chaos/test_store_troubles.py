"""The store frozen, full, empty or set back: an honest 503 meanwhile, and everything goes on by itself afterwards."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from scripts.embedded.platform import Platform
from tests.chaos.crew import is_alive, wait_until
from tests.conftest import make_platform
from tests.http import Reply, call, submit, wait_for

pytestmark = pytest.mark.chaos

UNAVAILABLE = (503, "/problems/store-unavailable")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """A platform of the test's own."""
    with make_platform(tmp_path) as running:
        yield running


@pytest.fixture
def no_worker_ends(platform: Platform) -> Iterator[None]:
    """The workers must be the same ones at the end."""
    before = worker_ids(platform)
    yield
    assert worker_ids(platform) == before
    assert all(is_alive(pid) for pid in before.values())


@pytest.fixture
def client(platform: Platform) -> Iterator["Redis[bytes]"]:
    """A patient client of the platform's store."""
    with Redis.from_url(platform.redis_url, socket_timeout=20) as client:
        yield client


def worker_ids(platform: Platform) -> dict[str, int]:
    return {path.stem: int(path.read_text()) for path in (platform.settings.data_dir / "run").glob("worker-*.pid")}


def store_id(platform: Platform) -> int:
    return int((platform.settings.data_dir / "run" / "valkey.pid").read_text())


def simulate(platform: Platform, token: str = "", seconds: float = 0.0, **headers: str) -> Reply:
    return submit(platform.gateway_url, "simulate", {"token": token, "seconds": seconds}, **headers)


def accepted_again(platform: Platform) -> float:
    """Seconds until a submission is accepted."""
    began = time.monotonic()
    wait_until("a submission is accepted", lambda: (platform.watch(print), simulate(platform).status)[1] == 202)
    return time.monotonic() - began


def restart(platform: Platform, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Kill the store, do something, and have it started again."""
    os.kill(store_id(platform), signal.SIGKILL)
    killed = store_id(platform)
    time.sleep(0.3)
    meanwhile()
    wait_until("a new store", lambda: (platform.watch(print), store_id(platform))[1] != killed)
    accepted_again(platform)


@pytest.mark.usefixtures("no_worker_ends")
def test_a_frozen_store_means_503_and_is_forgotten_when_it_thaws(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [simulate(platform, f"b{n}", 0.2) for n in range(6)]
    os.kill(store_id(platform), signal.SIGSTOP)
    refusals = []
    for _ in range(3):
        asked = time.monotonic()
        reply = simulate(platform, "during", Idempotency_Key="during")
        refusals.append(time.monotonic() - asked)
        assert (reply.status, reply.json["type"]) == UNAVAILABLE
        assert int(reply.headers["Retry-After"]) >= 1
        assert reply.headers["Content-Type"] == "application/problem+json"
    read = call("GET", before[0].headers["Location"])
    assert (read.status, read.json["type"]) == UNAVAILABLE
    os.kill(store_id(platform), signal.SIGCONT)
    seconds = accepted_again(platform)
    with capsys.disabled():
        print(f"\nfrozen: 503 after {max(refusals):.2f} s at most; accepted again {seconds:.2f} s after the thaw")
    again = simulate(platform, "during", Idempotency_Key="during")
    assert again.status == 202
    for reply in [*before, again]:
        assert wait_for(reply.headers["Location"])["state"] == "succeeded"


@pytest.mark.usefixtures("no_worker_ends")
def test_a_full_store_refuses_is_drained_and_accepts_again(platform: Platform, client: "Redis[bytes]") -> None:
    client.set("rq:suspended", 1)
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 6_000_000)
    text, replies = "to be or not to be " * 10_000, list[Reply]()
    wait_until("the store is full", lambda: (replies.append(_report(platform, text)), replies[-1].status)[1] != 202)
    *taken, refused = replies
    assert (refused.status, refused.json["type"]) == UNAVAILABLE
    assert int(refused.headers["Retry-After"]) >= 1
    assert len(taken) >= 5
    client.delete("rq:suspended")
    for reply in taken:
        job = wait_for(reply.headers["Location"])
        assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert _report(platform, text).status == 202


def test_a_full_store_still_drains_when_its_workers_are_new(platform: Platform, client: "Redis[bytes]") -> None:
    client.set("rq:suspended", 1)
    locations = [simulate(platform, str(n)).headers["Location"] for n in range(5)]
    for name, pid in worker_ids(platform).items():
        os.kill(pid, signal.SIGKILL)
        wait_until(
            f"a new {name}", lambda name=name, pid=pid: (platform.watch(print), worker_ids(platform)[name])[1] != pid
        )
    client.execute_command("CONFIG", "SET", "maxmemory", "1")
    client.delete("rq:suspended")
    assert [wait_for(location)["state"] for location in locations] == ["succeeded"] * 5
    assert simulate(platform).status == 503
    client.config_set("maxmemory", 0)
    accepted_again(platform)


@pytest.mark.usefixtures("no_worker_ends")
def test_a_store_that_comes_back_empty_is_worked_with_as_it_is(platform: Platform, client: "Redis[bytes]") -> None:
    gone = simulate(platform, "gone", 30).headers["Location"]
    wait_for(gone, "running")
    client.flushall()
    restart(platform)
    assert call("GET", gone).status == 404
    for number in range(4):  # enough that the worker whose job has vanished is needed as well
        location = simulate(platform, str(number), 0.5).headers["Location"]
        assert wait_for(location)["state"] == "succeeded"
    wait_until("both registered again", lambda: call("GET", f"{platform.status_url}/readyz").json["workers"] == 2)
    wait_until("the vanished job's child ended", lambda: _all_idle(client))


@pytest.mark.usefixtures("no_worker_ends")
def test_a_store_that_is_set_back_runs_the_jobs_of_that_time_again(
    platform: Platform, client: "Redis[bytes]", tmp_path: Path
) -> None:
    store, copy = tmp_path / "store", tmp_path / "copy"
    running = simulate(platform, "running", 3).headers["Location"]
    wait_for(running, "running")
    client.set("rq:suspended", 1)
    queued = [simulate(platform, str(number), 0.1).headers["Location"] for number in range(3)]
    shutil.copytree(store, copy)
    client.delete("rq:suspended")
    for location in [running, *queued]:
        assert wait_for(location)["state"] == "succeeded"
    later = simulate(platform, "later", 20).headers["Location"]
    wait_for(later, "running")

    def set_back() -> None:
        shutil.rmtree(store)
        shutil.copytree(copy, store)

    restart(platform, set_back)
    assert call("GET", later).status == 404
    client.delete("rq:suspended")
    for location in [running, *queued]:
        job = wait_for(location)
        assert (job["state"], job["result"]["token"]) != ("failed", "")
        assert job["state"] == "succeeded"
    assert wait_for(simulate(platform, "new").headers["Location"])["state"] == "succeeded"


def _report(platform: Platform, text: str) -> Reply:
    return submit(platform.gateway_url, "text-report", {"text": text})


def _all_idle(client: "Redis[bytes]") -> bool:
    workers = client.smembers("rq:workers")
    return all(client.hget(name, "current_job") is None for name in workers) and client.zcard("cc:leases") == 0
