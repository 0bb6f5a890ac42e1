"""Event streams on running services: many at a time, taken up again, dropped, and at the service's end."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from redis import Redis

from loadtests.event_crowd import Crowd, Follower
from scripts.embedded.platform import Platform
from tests.conftest import make_platform
from tests.http import call, run_job, submit

WAITRESS_STREAMS = 8
"""Half of waitress's threads."""


@pytest.fixture(scope="module")
def on_waitress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with make_platform(tmp_path_factory.mktemp("waitress"), server="waitress") as running:
        yield running


@pytest.fixture(params=["gunicorn", "waitress"])
def served(request: pytest.FixtureRequest) -> tuple[Platform, int]:
    """A platform on either server, and how many streams to open on it."""
    if request.param == "gunicorn":
        return request.getfixturevalue("platform"), 50
    return request.getfixturevalue("on_waitress"), WAITRESS_STREAMS


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with Crowd() as made:
        yield made


def until(true: Callable[[], bool], seconds: float = 30) -> float:
    """Wait until it is true; after how many seconds it was."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "it never came true"
        time.sleep(0.02)
    return time.monotonic() - began


def running_job(platform: Platform, seconds: float = 600, steps: int = 1) -> str:
    reply = submit(platform.gateway_url, "simulate", {"seconds": seconds, "steps": steps})
    return str(reply.json["links"]["self"])


def opened(crowd: Crowd, location: str, count: int) -> list[Follower]:
    """Followers who have got their first event, opened one after another."""
    made = []
    for _ in range(count):
        made.append(crowd.join(f"{location}/events"))
        until(lambda: bool(made[-1].ids or made[-1].closed))
    assert [one.status for one in made] == [200] * count
    return made


def all_have(followers: list[Follower], events: int) -> bool:
    return all(len(one.ids) > events for one in followers)


def resumed(crowd: Crowd, old: Follower) -> Follower:
    """The follower anew, from the last event that it had got."""
    again = crowd.join(old.url, old.ids[-1])
    again.ids[:-1] = old.ids[:-1]
    return again


def stop(platform: Platform, location: str) -> None:
    call("DELETE", f"{platform.gateway_url}/v1/jobs/{location.rsplit('/', 1)[1]}")


def history(crowd: Crowd, location: str) -> list[str]:
    """The ids of all events of an ended job."""
    late = crowd.join(f"{location}/events")
    until(lambda: bool(late.done_at))
    crowd.leave([late])
    return late.ids


def test_all_who_follow_a_job_get_every_event_once_and_its_end(served: tuple[Platform, int], crowd: Crowd) -> None:
    platform, count = served
    location = running_job(platform, 3, 12)
    followers = [crowd.join(f"{location}/events") for _ in range(count - 1)]
    until(lambda: all(one.done_at for one in followers))
    whole = history(crowd, location)
    assert len(whole) == len(set(whole)) == 15
    assert all(one.ids == whole for one in followers)


def test_streams_that_are_cut_off_are_taken_up_without_a_gap(served: tuple[Platform, int], crowd: Crowd) -> None:
    platform, count = served
    location = running_job(platform, 4, 16)
    followers = opened(crowd, location, count // 2)
    for least in (3, 6):
        until(partial(all_have, followers, least))
        crowd.leave(followers)
        followers = [resumed(crowd, old) for old in followers]
    until(lambda: all(one.done_at or one.closed for one in followers))
    whole = history(crowd, location)
    assert [one.ids for one in followers] == [whole] * len(followers)


def test_open_streams_take_no_store_connections_and_hold_up_nobody(platform: Platform, crowd: Crowd) -> None:
    finished = run_job(platform.gateway_url, "simulate", {"seconds": 0})["links"]["self"]
    with Redis.from_url(platform.redis_url) as client:
        location = running_job(platform)
        opened(crowd, location, 4)
        before = client.client_list()
        opened(crowd, location, 50)
        after = client.client_list()
    assert len(after) - len(before) < 10
    assert sum(int(one["sub"]) > 0 for one in after) <= 2 + len([one for one in before if one["cmd"] == "subscribe"])
    for _ in range(20):
        assert call("GET", finished).status == 200
    stop(platform, location)
    until(lambda: all(one.done_at for one in crowd.followers))


@pytest.mark.parametrize("server", ["gunicorn", "waitress"])
def test_whoever_hangs_up_gives_the_place_back(tmp_path: Path, crowd: Crowd, server: str) -> None:
    with make_platform(tmp_path, server=server, event_streams=3, web_processes=1, workers=1) as platform:
        location = running_job(platform)
        opened(crowd, location, 3)
        refused = call("GET", f"{location}/events")
        assert (refused.status, refused.json["type"]) == (503, "/problems/too-many-streams")
        assert int(refused.headers["Retry-After"]) >= 1
        crowd.leave(crowd.followers)

        def free() -> bool:
            one = crowd.join(f"{location}/events")
            until(lambda: bool(one.status))
            if one.status != 200:
                crowd.leave([one])
            return one.status == 200

        print(f"a place was free {until(free):.1f} s after three clients had hung up ({server})")
        stop(platform, location)


def test_a_client_that_hangs_up_while_it_waits_for_a_job_gives_its_place_back(tmp_path: Path) -> None:
    with make_platform(tmp_path, event_streams=1, web_processes=1, workers=1) as platform:
        location = running_job(platform)
        path = location.partition("/v1/")[2]
        waiters = []

        def taken() -> bool:
            """The one place is taken by a client that waits; a question of our own may have been quicker."""
            waiter = socket.create_connection(("127.0.0.1", platform.settings.status_port))
            waiters.append(waiter)
            waiter.sendall(f"GET /v1/{path} HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=30\r\n\r\n".encode())
            time.sleep(0.3)
            return call("GET", location, Prefer="wait=1").headers["Preference-Applied"] is None

        until(taken)
        for waiter in waiters:
            waiter.close()
        until(lambda: call("GET", location, Prefer="wait=1").headers["Preference-Applied"] == "wait=1", 15)
        stop(platform, location)


def test_waitress_keeps_half_of_its_threads_for_other_requests(on_waitress: Platform, crowd: Crowd) -> None:
    location = running_job(on_waitress)
    opened(crowd, location, WAITRESS_STREAMS)
    for _ in range(3):
        refused = call("GET", f"{location}/events")
        assert (refused.status, int(refused.headers["Retry-After"]) >= 1) == (503, True)
        assert call("GET", location).json["state"] == "running"
    assert run_job(on_waitress.gateway_url, "simulate", {"seconds": 0})["state"] == "succeeded"
    stop(on_waitress, location)
    until(lambda: all(one.done_at for one in crowd.followers))


@pytest.mark.parametrize(("server", "count"), [("gunicorn", 50), ("waitress", WAITRESS_STREAMS)])
def test_a_service_that_is_stopped_ends_its_streams_and_does_not_wait_for_them(
    tmp_path: Path, crowd: Crowd, server: str, count: int
) -> None:
    with make_platform(tmp_path, server=server) as platform:
        location = running_job(platform)
        opened(crowd, location, count)
        pid = int((tmp_path / "run" / "status.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        took = until(lambda: ended(platform), 25)  # its grace is 30 s
        until(lambda: all(one.closed for one in crowd.followers))
        print(f"ended {took:.1f} s after SIGTERM with {count} streams open ({server})")
        assert not any(one.done_at for one in crowd.followers)
        with contextlib.suppress(OSError):
            stop(platform, location)


def ended(platform: Platform) -> bool:
    return not next(process for process in platform.processes if process.name == "status").alive
