"""What happens when containers die."""

import time

import pytest

from scripts.compose.project import SERVICES, Project
from tests.http import call, submit, wait_for

pytestmark = [pytest.mark.compose, pytest.mark.chaos]


def test_a_job_whose_worker_is_killed_succeeds_on_its_second_attempt(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    location = submit(project.url("gateway"), "simulate", {"seconds": 4, "steps": 40}).headers["Location"]
    wait_for(location, "running")
    project.kill("worker")
    killed = time.monotonic()
    project.compose("start", "worker")
    job = wait_for(location, "succeeded", 90)
    with capsys.disabled():
        print(f"\nSIGKILL of the worker to the end of a 4 s job elsewhere: {time.monotonic() - killed:.1f} s")
    assert job["attempt"] == 2
    project.up()


def test_nothing_accepted_is_gone_after_the_store_was_killed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = project.url("gateway")
    accepted = [submit(gateway, "simulate", {"seconds": 0.1}) for _ in range(40)]
    project.kill("store")
    refused = submit(gateway, "simulate", {})
    assert (refused.status, refused.json["type"]) == (503, "/problems/store-unavailable")
    project.compose("start", "store")
    started = time.monotonic()
    for reply in accepted:
        assert wait_for(reply.headers["Location"], "succeeded", 90)["id"] == reply.json["id"]
    with capsys.disabled():
        print(f"\nstart of the store to the end of 40 jobs: {time.monotonic() - started:.1f} s")
    project.up()
    assert call("GET", f"{gateway}/readyz").status == 200


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_whose_process_dies_is_started_again(project: Project, service: str) -> None:
    container = project.containers(service)[0]
    before = project.inspect(container)["RestartCount"]
    project.run(service, "sh", "-c", "kill -9 $(cat /proc/1/task/1/children) || true")
    deadline = time.monotonic() + 60
    while project.inspect(container)["RestartCount"] == before:
        assert time.monotonic() < deadline, f"{service} was not started again"
        time.sleep(0.2)
    project.up()
    job = submit(project.url("gateway"), "simulate", {"seconds": 0.1}).headers["Location"]
    wait_for(job, "succeeded", 60)
