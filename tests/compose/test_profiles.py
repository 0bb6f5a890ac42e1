"""The two services that only come up when asked for: rq-dashboard and locust."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from scripts.compose.project import Project
from tests.http import call, submit, wait_for

pytestmark = pytest.mark.compose


@pytest.fixture
def dashboard(project: Project) -> Iterator[str]:
    project.up("dashboard", profile="dashboard")
    yield project.url("dashboard")
    project.compose("--profile", "dashboard", "rm", "--stop", "--force", "dashboard")


@pytest.fixture
def busy(project: Project) -> Iterator[dict[str, str]]:
    """A running job, a queued one and a scheduled one; by state, the job's id."""
    gateway, jobs = project.url("gateway"), {}
    jobs["started"] = submit(gateway, "simulate", {"seconds": 120}).headers["Location"]
    wait_for(jobs["started"], "running")
    jobs["queued"] = submit(gateway, "simulate", {"seconds": 1}).headers["Location"]
    jobs["scheduled"] = submit(gateway, "simulate?delay=900", {"seconds": 1}).headers["Location"]
    yield {state: location.rsplit("/", 1)[1] for state, location in jobs.items()}
    for location in jobs.values():
        call("DELETE", f"{gateway}/v1/jobs/{location.rsplit('/', 1)[1]}")
        wait_for(location, "cancelled")


def test_the_dashboard_shows_queues_jobs_and_workers(dashboard: str, busy: dict[str, str]) -> None:
    queues = {queue["name"]: queue for queue in call("GET", f"{dashboard}/0/data/queues.json").json["queues"]}
    counts = queues["default"]
    found = (counts["count"], counts["started_job_registry_count"], counts["scheduled_job_registry_count"])
    assert found == (1, 1, 1)
    for state, job_id in busy.items():
        page = call("GET", f"{dashboard}/0/data/jobs/default/{state}/8/asc/1.json").json
        assert [job["description"] for job in page["jobs"]] == [f"simulate {job_id}"]
        job = call("GET", f"{dashboard}/0/data/job/{job_id}-1.json").json
        assert (job["status"], job["origin"]) == (state, "default")
        assert call("GET", f"{dashboard}/0/view/job/{job_id}-1").status == 200
    workers = call("GET", f"{dashboard}/0/data/workers.json").json["workers"]
    assert f"coatcheck.simulate('{busy['started']}')" in [worker["current_job"]["call_string"] for worker in workers]


def test_nothing_can_be_changed_through_the_dashboard(project: Project, dashboard: str, busy: dict[str, str]) -> None:
    def contents() -> list[str]:
        keys = ("lrange", "rq:queue:default"), ("zrange", "rq:wip:default"), ("zrange", "rq:scheduled:default")
        jobs = [project.store("hgetall", f"rq:job:{job_id}-1") for job_id in busy.values()]
        return [project.store(*key, "0", "-1") for key in keys] + jobs

    before = contents()
    for state, job_id in busy.items():
        call("POST", f"{dashboard}/queue/default/{state}/empty", b"")
        call("POST", f"{dashboard}/job/{job_id}-1/delete", b"")
        assert call("POST", f"{dashboard}/job/{job_id}-1/requeue", b"").status >= 400
    assert call("POST", f"{dashboard}/queue/default/compact", b"").status == 403
    for page in ("queues.json", "workers.json", "jobs/default/started/8/asc/1.json", "jobs/high/queued/8/asc/1.json"):
        assert call("GET", f"{dashboard}/0/data/{page}").status == 200
    assert contents() == before


def test_locust_runs_against_the_platform_from_its_page(project: Project) -> None:
    project.up("loadtest", profile="loadtest")
    page = project.url("loadtest")
    try:
        assert b"Locust" in call("GET", page).body
        users = urlencode({"user_count": 4, "spawn_rate": 4}).encode()
        form = "application/x-www-form-urlencoded"
        assert call("POST", f"{page}/swarm", users, Content_Type=form).json["success"]
        jobs: dict[str, Any] = {}
        deadline = time.monotonic() + 60
        while len(jobs) < 4 and time.monotonic() < deadline:
            time.sleep(0.5)
            rows = call("GET", f"{page}/stats/requests").json
            jobs = {row["name"]: row for row in rows["stats"] if row["method"] == "job" and row["num_requests"]}
        assert sorted(jobs) == ["csv-profile", "image-thumbnails", "simulate", "text-report"]
        assert rows["fail_ratio"] == 0, json.dumps(rows["errors"])
        call("GET", f"{page}/stop")
    finally:
        project.compose("--profile", "loadtest", "rm", "--stop", "--force", "loadtest")
