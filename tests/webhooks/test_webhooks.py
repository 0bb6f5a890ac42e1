"""Webhooks end to end: real jobs, real processes, a real receiver."""

import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.embedded.platform import Platform
from scripts.embedded.receiver import Received, Receiver, Reply
from services.jobs.ids import new_id
from services.jobs.public_address import look_up
from tests.conftest import make_platform
from tests.http import call, submit, wait_for

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def until(true: Callable[[], Any], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def start(hooked: Platform, url: str, kind: str = "simulate", **inputs: Any) -> str:
    """Submit a job with a callback; where it can be read."""
    reply = submit(hooked.gateway_url, kind, {"input": inputs, "options": {"callback_url": url}})
    assert reply.status == 202, reply.body
    return str(reply.headers["Location"])


def deliveries(location: str) -> dict[str, Any]:
    reply = call("GET", f"{location}/deliveries")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    listed: dict[str, Any] = reply.json
    return listed


def settled(location: str) -> dict[str, Any]:
    until(lambda: deliveries(location)["state"] in ("delivered", "given-up"))
    return deliveries(location)


def test_a_jobs_end_is_told_once_with_its_document(hooked: Platform, receiver: Receiver) -> None:
    location = start(hooked, f"{receiver.url}/secret-path?of=mine", seconds=0.1, token="abc")
    listed = settled(location)
    (message,) = receiver.received
    assert (message.wrong, message.path) == ("", "/secret-path?of=mine")
    job = wait_for(location)
    assert message.event == {"type": "job.succeeded", "timestamp": job["finished_at"], "data": job}
    assert (listed["state"], listed["host"], listed["webhook_id"]) == ("delivered", "127.0.0.1", message.id)
    (made,) = listed["deliveries"]
    assert (made["try"], made["status"], "next_at" in made, "error" in made) == (1, 204, False, False)
    assert made["at"] >= job["finished_at"] and made["duration_ms"] >= 0
    assert "secret-path" not in json.dumps(listed)


def test_failed_and_cancelled_jobs_are_told_of(hooked: Platform, receiver: Receiver) -> None:
    failing = start(hooked, receiver.url, "refuses")
    until(lambda: len(receiver.received) == 1)
    assert receiver.received[0].event["type"] == "job.failed"
    assert receiver.received[0].event["data"]["error"]["origin"] == "job"
    running = start(hooked, receiver.url, seconds=60)
    wait_for(running, "running")
    waiting = submit(
        hooked.gateway_url, "simulate", {"input": {}, "options": {"callback_url": receiver.url, "delay": 60}}
    )
    for location in (running, waiting.headers["Location"]):
        call("DELETE", location.replace(hooked.status_url, hooked.gateway_url))
    until(lambda: len(receiver.received) == 3)
    assert {message.event["type"] for message in receiver.received[1:]} == {"job.cancelled"}
    assert len({message.id for message in receiver.received}) == 3
    assert settled(failing)["state"] == "delivered"


def test_a_callback_may_be_given_in_the_query(hooked: Platform, receiver: Receiver) -> None:
    reply = call("POST", f"{hooked.gateway_url}/v1/jobs/simulate?seconds=0&callback_url={receiver.url}/q")
    assert reply.status == 202
    until(lambda: [message.path for message in receiver.received] == ["/q"])


def test_a_failing_receiver_is_tried_again_as_it_asks_and_every_try_is_listed(
    hooked: Platform, receiver: Receiver
) -> None:
    replies = iter([Reply(500), Reply(503, {"Retry-After": "2"}), Reply(302, {"Location": "/other"}), Reply(204)])
    receiver.answer = lambda _: next(replies)
    location = start(hooked, receiver.url, seconds=0)
    listed = settled(location)
    assert listed["state"] == "delivered"
    tries = listed["deliveries"]
    assert [made["status"] for made in tries] == [500, 503, 302, 204]
    assert "redirect" in tries[2]["error"]
    assert ["next_at" in made for made in tries] == [True, True, True, False]
    assert all(earlier["next_at"] <= later["at"] for earlier, later in itertools.pairwise(tries))
    first, second, third, _ = receiver.received
    assert third.at - second.at >= 2.0 > second.at - first.at
    assert len({message.body for message in receiver.received}) == 1
    assert {message.id for message in receiver.received} == {listed["webhook_id"]}
    assert all(not message.wrong for message in receiver.received)


def test_a_receiver_that_never_takes_it_is_given_up_after_the_last_pause(hooked: Platform, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(500)
    listed = settled(start(hooked, receiver.url, seconds=0))
    assert (listed["state"], len(listed["deliveries"])) == ("given-up", 5)


def test_a_dead_and_a_slow_receiver_hold_up_neither_jobs_nor_other_receivers(
    hooked: Platform, receiver: Receiver
) -> None:
    end = threading.Event()

    def answer(_: Received) -> Reply:
        end.wait(10)
        return Reply(204)

    with Receiver(receiver.secrets, answer=answer) as slow:
        stuck = [start(hooked, slow.url, seconds=0) for _ in range(20)]
        dead = start(hooked, "http://127.0.0.1:1/", seconds=0)
        good = [start(hooked, receiver.url, seconds=0) for _ in range(20)]
        assert all(settled(location)["state"] == "delivered" for location in good)
        assert all(wait_for(location)["state"] == "succeeded" for location in stuck)
        assert {deliveries(location)["state"] for location in stuck} == {"pending"}
        assert deliveries(dead)["deliveries"][0]["error"] == "the connection was refused"
        end.set()
        assert all(settled(location)["state"] == "delivered" for location in stuck)


def test_the_list_tells_waiting_jobs_and_jobs_without_callback_apart(hooked: Platform, receiver: Receiver) -> None:
    location = start(hooked, receiver.url, seconds=1)
    assert deliveries(location) == {
        "state": "waiting",
        "host": "127.0.0.1",
        "webhook_id": f"msg_{location.rsplit('/', 1)[1]}",
        "deliveries": [],
    }
    without = submit(hooked.gateway_url, "simulate", {"seconds": 0}).headers["Location"]
    assert deliveries(without) == {"state": "none", "deliveries": []}
    assert settled(location)["state"] == "delivered"


def test_the_list_is_a_resource_like_others(hooked: Platform, receiver: Receiver) -> None:
    location = start(hooked, receiver.url, seconds=0)
    settled(location)
    reply = call("GET", f"{location}/deliveries")
    assert call("GET", f"{location}/deliveries", If_None_Match=reply.headers["ETag"]).status == 304
    assert call("HEAD", f"{location}/deliveries").status == 200
    assert call("POST", f"{location}/deliveries").status == 405
    missing = location.rsplit("/", 1)[0] + f"/{new_id()}"
    assert call("GET", f"{missing}/deliveries").json["type"] == "/problems/no-such-job"


def test_the_list_goes_with_its_job(hooked: Platform, receiver: Receiver) -> None:
    location = start(hooked, receiver.url, seconds=0)
    settled(location)
    call("DELETE", f"{location.replace(hooked.status_url, hooked.gateway_url)}?purge=true")
    assert call("GET", f"{location}/deliveries").status == 410


def test_an_idempotent_repeat_calls_back_once(hooked: Platform, receiver: Receiver) -> None:
    body = {"input": {"seconds": 0}, "options": {"callback_url": receiver.url}}
    first, second = (submit(hooked.gateway_url, "simulate", body, Idempotency_Key="hook-1") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    settled(first.headers["Location"])
    time.sleep(0.5)
    assert len(receiver.received) == 1
    other = {**body, "options": {"callback_url": f"{receiver.url}/other"}}
    assert submit(hooked.gateway_url, "simulate", other, Idempotency_Key="hook-1").status == 422


def test_a_killed_store_loses_no_notification(hooked: Platform, receiver: Receiver) -> None:
    locations = [start(hooked, receiver.url, seconds=0.02) for _ in range(20)]
    os.kill(int((hooked.settings.data_dir / "run" / "valkey.pid").read_text()), signal.SIGKILL)
    told: set[str] = set()

    def all_told() -> bool:
        hooked.watch(print)
        told.update(message.id for message in receiver.received)
        return len(told) == len(locations)

    until(all_told, 60)
    until(lambda: {deliveries(location)["state"] for location in locations} == {"delivered"}, 120)
    print(f"{len(receiver.received)} messages for {len(locations)} jobs")


@pytest.mark.parametrize("server", ["gunicorn", "waitress"])
def test_on_both_servers_names_are_looked_up_at_submission(server: str, tmp_path: Path) -> None:
    """A name that is allowed by its address alone has to be looked up, and so has one that is nowhere."""
    nowhere = "there-is-no-such-name.coatcheck-tests.org"
    with make_platform(tmp_path, server=server, webhook_allow="127.0.0.0/8, ::1") as platform:
        with Receiver((tmp_path / "webhook-secret").read_text().split()) as receiver:
            location = start(platform, f"http://localhost:{receiver.server_port}/", seconds=0)
            assert settled(location)["state"] == "delivered"
            assert receiver.received[0].headers["host"] == f"localhost:{receiver.server_port}"
        options = {"callback_url": f"http://{nowhere}/"}
        refused = submit(platform.gateway_url, "simulate", {"input": {}, "options": options})
        assert refused.status == (422 if _can_be_told_nowhere(nowhere) else 202)


def _can_be_told_nowhere(name: str) -> bool:
    """Whether this machine has a name server that says so."""
    try:
        return look_up(name, 80) == []
    except OSError:
        return False
