"""The platform in containers, seen from the host."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scripts.compose.project import ROOT, SERVICES, Project, docker
from tests.http import call, submit, wait_for

pytestmark = pytest.mark.compose

BODIES: dict[str, tuple[str, bytes]] = {
    "text-report": ("text/plain", (ROOT / "examples/text.txt").read_bytes()),
    "image-thumbnails": ("image/png", (ROOT / "examples/picture.png").read_bytes()),
    "csv-profile": ("text/csv", (ROOT / "examples/table.csv").read_bytes()),
    "simulate": ("application/json", b'{"seconds": 0.2, "result_bytes": 100000}'),
}
OWN_TYPE = '''
"""A job type in a folder of its own."""

from pydantic import BaseModel

from services.jobs import job_type


class Name(BaseModel):
    """Whom to greet."""

    name: str


@job_type(example={"name": "Ada"})
def greeting(inputs: Name) -> Name:
    """Greet somebody."""
    return Name(name=f"Good evening, {inputs.name}")
'''


def test_every_service_says_that_it_is_healthy(project: Project) -> None:
    project.up()
    states = {service: project.inspect(project.containers(service)[0])["State"] for service in SERVICES}
    assert {name: state["Status"] for name, state in states.items()} == dict.fromkeys(SERVICES, "running")
    checked = {name: state["Health"]["Status"] for name, state in states.items() if "Health" in state}
    assert checked == dict.fromkeys(("gateway", "status", "worker", "store"), "healthy")


@pytest.mark.parametrize("kind", BODIES)
def test_each_job_type_succeeds_from_the_host(project: Project, kind: str) -> None:
    media_type, body = BODIES[kind]
    accepted = call("POST", f"{project.url('gateway')}/v1/jobs/{kind}", body, Content_Type=media_type)
    assert accepted.status == 202, accepted.body
    location = accepted.headers["Location"]
    assert location.startswith(f"{project.url('status')}/v1/jobs/")
    job = wait_for(location, "succeeded", 60)
    assert call("GET", job["links"]["result"]).json == job["result"]
    for file in job.get("files", []):
        reply = call("GET", file["url"])
        assert (reply.status, len(reply.body)) == (200, file["size"])
    assert len(job.get("files", [])) == {"image-thumbnails": 3}.get(kind, len(job.get("files", [])))


def test_three_workers_run_three_jobs_at_once(project: Project) -> None:
    project.up("--scale", "worker=3")
    try:
        accepted = [submit(project.url("gateway"), "simulate", {"seconds": 8, "steps": 8}) for _ in range(3)]
        locations = [reply.headers["Location"] for reply in accepted]
        for location in locations:
            wait_for(location, "running")
        assert [call("GET", location).json["state"] for location in locations] == ["running"] * 3
        for location in locations:
            wait_for(location, "succeeded")
    finally:
        project.up("--scale", "worker=1")


def test_a_folder_of_job_types_of_ones_own_can_be_mounted(project: Project, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    (tmp_path / "own" / "greeting.py").write_text(OWN_TYPE, encoding="utf-8")
    mounted: dict[str, Any] = {
        "volumes": [f"{tmp_path / 'own'}:/own:ro"],
        "environment": {"JOB_TYPES": "services.job_types,/own"},
    }
    override = tmp_path / "override.yaml"
    override.write_text(json.dumps({"services": {"gateway": mounted, "worker": mounted}}), encoding="utf-8")
    project.up(files=(override,))
    try:
        accepted = submit(project.url("gateway"), "greeting", {"name": "Grace"})
        assert wait_for(accepted.headers["Location"])["result"] == {"name": "Good evening, Grace"}
    finally:
        project.up()


def test_a_callback_is_told_of_the_end(project: Project) -> None:
    """By a POST to a page that takes none: what counts is that it came there, and that the answer was kept."""
    callback = quote(f"http://gateway:{project.ports['gateway']}/livez")
    accepted = submit(project.url("gateway"), f"simulate?callback_url={callback}", {})
    assert accepted.status == 202, accepted.body
    location = accepted.headers["Location"]
    wait_for(location, "succeeded")
    deadline = time.monotonic() + 30
    while not (tries := call("GET", f"{location}/deliveries").json["deliveries"]) or "status" not in tries[0]:
        assert time.monotonic() < deadline, tries
        time.sleep(0.2)
    assert tries[0]["status"] == 405


def test_the_services_rest_in_little_memory(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    used = {}
    for service in SERVICES:
        for container in project.containers(service):
            figure = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container).split("/")[0].strip()
            used[service] = _megabytes(figure)
    total = sum(used.values())
    with capsys.disabled():
        print("\nmemory at rest in MB:", {name: round(value, 1) for name, value in used.items()}, "sum", round(total))
    assert total <= 300


def _megabytes(figure: str) -> float:
    units = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}
    return float(figure[:-3]) * units[figure[-3:]]
