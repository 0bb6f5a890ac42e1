"""Callers, lists, quotas and purges on the running platform."""

import base64
import hashlib
import json
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.embedded.platform import Platform
from services.web.callers import COOKIE
from tests.conftest import make_platform
from tests.http import Reply, call, submit, wait_for

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "callers.md").read_text(encoding="utf-8")
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
KEY, GUIDE_KEY = "cck_for-these-tests-alone", "cck_for-the-guide"
QUICK = {"seconds": 0}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform on waitress that knows two API keys and limits their holders."""
    one, two = (hashlib.sha256(key.encode()).hexdigest() for key in (KEY, GUIDE_KEY))
    folder = tmp_path_factory.mktemp("keyed")
    changes = {"server": "waitress", "api_keys": f"alice:{one},bob:{two}", "rate_limit": "5/3600", "workers": 1}
    with make_platform(folder, **changes) as running:
        yield running


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that takes one job an hour from each client."""
    with make_platform(tmp_path_factory.mktemp("limited"), rate_limit="1/3600", workers=1) as running:
        yield running


def session_of(reply: Reply) -> str:
    lines = [line.partition(";")[0] for line in reply.headers.get_all("Set-Cookie", [])]
    assert [line.partition("=")[0] for line in lines] == [COOKIE], lines
    return lines[0]


def listed(platform: Platform, **headers: str) -> list[str]:
    reply = call("GET", f"{platform.status_url}/v1/jobs", **headers)
    assert reply.status == 200, reply.body
    return [job["id"] for job in reply.json["jobs"]]


def files_of(platform: Platform, job_id: str) -> list[Path]:
    return [path for path in (platform.settings.data_dir / "blobs/jobs" / job_id).rglob("*") if path.is_file()]


def test_a_session_lists_its_jobs_on_status_as_pages_and_as_lines(platform: Platform) -> None:
    first = submit(platform.gateway_url, "simulate", QUICK)
    cookie = session_of(first)
    for _ in range(2):
        time.sleep(0.005)
        assert not submit(platform.gateway_url, "simulate", QUICK, Cookie=cookie).headers.get_all("Set-Cookie")
    ids = listed(platform, Cookie=cookie)
    assert len(ids) == 3 and ids[-1] == first.json["id"]
    lines = call("GET", f"{platform.status_url}/v1/jobs", Cookie=cookie, Accept="application/x-ndjson")
    assert [json.loads(line)["id"] for line in lines.body.splitlines()] == ids
    assert call("DELETE", f"{platform.gateway_url}/v1/session", Cookie=cookie).status == 204
    assert listed(platform, Cookie=cookie) == []


def test_twenty_racing_cookieless_requests_with_one_key_make_one_job(platform: Platform) -> None:
    key = f"race-{time.time_ns()}"
    with ThreadPoolExecutor(20) as pool:
        one = [pool.submit(submit, platform.gateway_url, "simulate", QUICK, Idempotency_Key=key) for _ in range(20)]
        replies = [future.result() for future in one]
    assert Counter(reply.status for reply in replies) == {202: 20}
    assert len({reply.json["id"] for reply in replies}) == 1
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1
    [cookie] = [session_of(reply) for reply in replies if "Set-Cookie" in reply.headers]
    again = submit(platform.gateway_url, "simulate", QUICK, Idempotency_Key=key, Cookie=cookie)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json["id"] == replies[0].json["id"]
    assert listed(platform, Cookie=cookie) == [replies[0].json["id"]]


def test_a_purged_job_leaves_no_file_and_says_that_it_is_gone(platform: Platform) -> None:
    url = f"{platform.gateway_url}/v1/jobs/image-thumbnails"
    reply = call("POST", url, PICTURE, Content_Type="image/png")
    job = wait_for(reply.headers["Location"])
    assert job["state"] == "succeeded" and len(files_of(platform, job["id"])) >= 2
    cookie = session_of(reply)
    purged = call("DELETE", f"{job['links']['cancel']}?purge=true")
    assert (purged.status, purged.json["state"]) == (200, "succeeded")
    assert files_of(platform, job["id"]) == []
    for link in (job["links"]["self"], job["links"]["result"], job["files"][0]["url"]):
        gone = call("GET", link)
        assert (gone.status, gone.json["type"], gone.json["state"]) == (410, "/problems/job-gone", "succeeded")
    assert listed(platform, Cookie=cookie) == []


def test_a_running_job_that_is_purged_is_stopped_and_gone(platform: Platform) -> None:
    reply = submit(platform.gateway_url, "simulate", {"seconds": 60})
    location = reply.headers["Location"]
    wait_for(location, "running")
    asked = call("DELETE", f"{reply.json['links']['cancel']}?purge=true")
    assert (asked.status, asked.json["state"]) == (202, "cancelling")
    for _ in range(300):
        later = call("GET", location)
        if later.status == 410:
            break
        assert later.json["state"] == "cancelling"
        time.sleep(0.05)
    assert (later.status, later.json["state"], later.json["detail"]) == (410, "cancelled", "The job was purged.")


def test_with_keys_only_their_holders_submit_list_and_cancel(keyed: Platform) -> None:
    for authorization in ("", "Bearer wrong", f"Basic {KEY}"):
        refused = submit(keyed.gateway_url, "simulate", QUICK, Authorization=authorization)
        assert (refused.status, refused.headers["WWW-Authenticate"].partition(" ")[0]) == (401, "Bearer")
    assert call("GET", f"{keyed.status_url}/v1/jobs").status == 401
    mine = submit(keyed.gateway_url, "simulate", QUICK, Authorization=f"Bearer {KEY}")
    assert mine.status == 202 and "Set-Cookie" not in mine.headers
    assert call("DELETE", mine.json["links"]["cancel"]).status == 401
    assert wait_for(mine.headers["Location"])["state"] == "succeeded"
    assert mine.json["id"] in listed(keyed, Authorization=f"Bearer {KEY}")


def test_racing_submissions_never_exceed_the_quota(keyed: Platform) -> None:
    used = len(listed(keyed, Authorization=f"Bearer {KEY}"))
    with ThreadPoolExecutor(12) as pool:
        replies = list(
            pool.map(lambda _: submit(keyed.gateway_url, "simulate", QUICK, Authorization=f"Bearer {KEY}"), range(12))
        )
    codes = Counter(reply.status for reply in replies)
    assert codes == {202: 5 - used, 429: 7 + used}
    assert len(listed(keyed, Authorization=f"Bearer {KEY}")) == 5
    for reply in replies:
        assert reply.headers["RateLimit-Policy"] == '"default";q=5;w=3600'
        if reply.status == 429:
            assert reply.headers["RateLimit"] == f'"default";r=0;t={reply.headers["Retry-After"]}'
            assert 0 < int(reply.headers["Retry-After"]) <= 3600


def test_the_other_service_s_page_may_read_with_cookies_and_strangers_may_not(platform: Platform) -> None:
    reply = call("GET", f"{platform.status_url}/v1/jobs", Origin=platform.gateway_url)
    assert reply.headers["Access-Control-Allow-Origin"] == platform.gateway_url
    assert reply.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Access-Control-Allow-Origin" not in call("GET", f"{platform.status_url}/livez", Origin="null").headers


def blocks(kind: str) -> list[str]:
    """The guide's shell blocks for one kind of platform."""
    return [text for name, text in re.findall(r"```sh(?: (\w+))?\n(.*?)```", GUIDE, re.DOTALL) if name == kind]


@pytest.mark.parametrize("kind", ["", "keyed", "limited"])
def test_the_guides_commands_are_answered_as_it_says(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    running: Platform = request.getfixturevalue(kind or "platform")
    assert blocks(kind)
    for block in blocks(kind):
        text = block.replace("http://localhost:8000", running.gateway_url)
        text = text.replace("http://localhost:8001", running.status_url).replace("scripts/", f"{ROOT}/scripts/")
        command = ["bash", "-eu", "-c", text]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "KEY": GUIDE_KEY}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        promised = re.findall(r"# (\d{3})$", block, re.MULTILINE)
        assert re.findall(r"HTTP/1\.1 (\d+)", done.stdout) == promised, done.stdout
