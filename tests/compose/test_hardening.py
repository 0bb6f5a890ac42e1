"""What the containers may do, and what nobody may do to them."""

import pytest

from scripts.compose.project import SERVICES, Project
from tests.http import call, submit, wait_for

pytestmark = pytest.mark.compose

TRY_TO_WRITE = """
import os, redis
client = redis.Redis.from_url(os.environ["REDIS_URL"])
for command in (
    ("SET", "cc:job:x", "1"), ("HSET", "cc:job:x", "state", "failed"), ("DEL", "cc:job:x"),
    ("LPUSH", "rq:queue:default", "x"), ("SADD", "rq:workers", "x"), ("HGETALL", "rq:job:x"),
    ("EVAL", "return redis.call('SET', 'cc:job:x', '1')", 0),
    ("EVAL_RO", "return redis.call('SET', 'cc:job:x', '1')", 0),
    ("PUBLISH", "cc:changed:x", "1"), ("SUBSCRIBE", "rq:pubsub:x"), ("KEYS", "*"), ("SCAN", "0"), ("RANDOMKEY",),
    ("FLUSHALL",), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("CLIENT", "LIST"), ("INFO", "server"),
):
    try:
        client.execute_command(*command)
        print("could", *command)
    except redis.exceptions.ResponseError as error:
        assert "permission" in str(error) or "Write commands are not allowed" in str(error), error
"""
TRY_TO_IMPORT = """
import importlib
for name in {names}:
    try:
        importlib.import_module(name)
        print("has", name)
    except ModuleNotFoundError:
        pass
"""
FOREIGN = {
    "gateway": ("services.status", "services.worker", "rq", "PIL"),
    "status": ("services.job_types", "services.gateway", "services.worker", "rq", "PIL"),
    "worker": ("services.gateway", "services.status", "services.web", "flask", "gunicorn"),
    "webhooks": ("services.gateway", "services.status", "services.worker", "services.job_types", "services.web", "rq"),
}


def test_only_the_two_public_ports_are_published(project: Project) -> None:
    published = {}
    for service in SERVICES:
        for container in project.containers(service):
            ports = project.inspect(container)["NetworkSettings"]["Ports"] or {}
            bindings = [binding for found in ports.values() for binding in found or []]
            published[service] = {int(binding["HostPort"]) for binding in bindings}
    expected = {"gateway": {project.ports["gateway"]}, "status": {project.ports["status"]}}
    assert published == {**{service: set() for service in SERVICES}, **expected}


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_unprivileged_read_only_and_limited(project: Project, service: str) -> None:
    host = project.inspect(project.containers(service)[0])["HostConfig"]
    assert project.run(service, "id", "-u").strip() != "0"
    assert project.run(service, "sh", "-c", "grep CapEff /proc/1/status").split()[1] == "0" * 16
    assert project.run(service, "sh", "-c", "touch /etc/x /x 2>/dev/null || echo refused").strip() == "refused"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"] and host["Memory"] > 0 and host["PidsLimit"] > 0
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}


def test_the_worker_and_the_store_have_no_way_out(project: Project) -> None:
    for service in ("worker", "store"):
        networks = project.inspect(project.containers(service)[0])["NetworkSettings"]["Networks"]
        assert list(networks) == [f"{project.name}_private"]


def test_the_status_service_has_no_right_to_write_to_the_store(project: Project) -> None:
    assert project.run("status", "python", "-c", TRY_TO_WRITE) == ""


def test_the_status_service_can_read_files_but_not_write_them(project: Project) -> None:
    attempt = "touch /data/blobs/x 2>/dev/null && rm /data/blobs/x && echo could || echo refused"
    assert project.run("status", "sh", "-c", attempt).strip() == "refused"
    assert project.run("gateway", "sh", "-c", attempt).strip() == "could"


@pytest.mark.parametrize("service", FOREIGN)
def test_an_image_holds_nothing_of_the_other_services(project: Project, service: str) -> None:
    assert project.run(service, "python", "-c", TRY_TO_IMPORT.format(names=FOREIGN[service])) == ""


def test_nobody_gets_into_the_store_without_a_password(project: Project) -> None:
    script = "import redis; redis.Redis('store').ping()"
    said = project.run("worker", "sh", "-c", f'python -c "{script}" 2>&1 || true')
    assert "AuthenticationError" in said


def test_no_service_is_refused_what_it_does(project: Project) -> None:
    gateway = project.url("gateway")
    project.store("acl", "log", "reset")
    project.compose("restart", "worker")
    waited = submit(gateway, "simulate", {"seconds": 0.2}, Prefer="wait=20", Idempotency_Key="rights")
    assert submit(gateway, "simulate", {"seconds": 0.2}, Idempotency_Key="rights").json["id"] == waited.json["id"]
    failing = submit(gateway, "simulate", {"fail_rate": 1}).headers["Location"]
    submit(gateway, "simulate?delay=1&priority=high", {"seconds": 0.1})
    submit(gateway, "simulate?callback_url=http://gateway:9/", {})
    assert call("GET", f"{wait_for(failing, 'failed')['links']['events']}").status == 200
    with_news = submit(gateway, "simulate", {"seconds": 1, "steps": 5, "result_bytes": 100_000}).headers["Location"]
    assert len(call("GET", wait_for(with_news)["links"]["result"]).body) > 100_000
    running = submit(gateway, "simulate", {"seconds": 60}).headers["Location"]
    queued = submit(gateway, "simulate", {"seconds": 60}).headers["Location"]
    for location in (queued, running):
        if location == running:
            wait_for(location, "running")
        assert call("DELETE", call("GET", location).json["links"]["cancel"]).status in (200, 202)
        wait_for(location, "cancelled")
    for service in ("gateway", "status"):
        assert call("GET", f"{project.url(service)}/readyz").status == 200
        assert b"coatcheck_store_memory_bytes " in call("GET", f"{project.url('status')}/metrics").body
    assert project.store("acl", "log") == ""
