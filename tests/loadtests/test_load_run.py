"""The whole load test, run by locust in a process of its own against a small platform on this machine."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("STATUS_URL", "LOADTEST_", "LOCUST_")


class SmallPlatform(ThreadingHTTPServer):
    """Gateway and status service in one: one job type, whose jobs end at the second look, if they are not lost."""

    def __init__(self, loses_jobs: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.loses_jobs, self.keys, self.looks = loses_jobs, list[str](), Counter[str]()
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: SmallPlatform

    def do_GET(self) -> None:
        if self.path == "/v1/job-types":
            self.answer(200, {"job_types": [{"name": "text-report"}]})
        elif self.path.startswith("/v1/job-types/"):
            self.answer(200, {"example": {"text": "to be"}, "example_files": {}})
        else:
            self.server.looks[self.path] += 1
            self.look(self.server.looks[self.path])

    def look(self, number: int) -> None:
        if number == 1:
            self.answer(200, {"done": False, "state": "running"}, {"ETag": '"b"', "Retry-After": "1"})
        elif self.server.loses_jobs:
            self.answer(404, {"title": "There is no such job"})
        else:
            self.answer(200, {"done": True, "state": "succeeded", "result": 1, "timing": {"total_ms": 7}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        self.server.keys.append(key)
        if self.server.keys.count(key) == 1:
            self.answer(503, {"title": "The queue is full"}, {"Retry-After": "1"})
            return
        location = f"{self.server.origin}/v1/jobs/{key}"
        self.answer(202, {"done": False, "state": "queued"}, {"Location": location, "Retry-After": "1"})

    def answer(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


Start = Callable[[bool], SmallPlatform]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[tuple[SmallPlatform, threading.Thread]] = []

    def start(loses_jobs: bool) -> SmallPlatform:
        platform = SmallPlatform(loses_jobs)
        thread = threading.Thread(target=platform.serve_forever)
        thread.start()
        started.append((platform, thread))
        return platform

    yield start
    for platform, thread in started:
        platform.shutdown()
        thread.join()
        platform.server_close()


def load(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    command = [sys.executable, "-m", "loadtests", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_load_test_ends_by_itself_follows_each_job_to_its_result_and_passes(start: Start) -> None:
    platform = start(False)
    run = load("--base-url", platform.origin, "--users", "3", "--time", "2")
    assert run.returncode == 0, run.stdout + run.stderr
    jobs = len(set(platform.keys))
    assert jobs >= 3 and platform.keys.count(platform.keys[0]) == 2
    assert set(platform.looks.values()) == {2}
    assert f"PASSED: all {jobs} jobs" in run.stdout
    rows = {tuple(line.split()[:2]): line.split()[2:4] for line in run.stdout.splitlines()}
    assert rows["POST", "text-report"] == [str(2 * jobs), str(jobs)]
    assert rows["GET", "job"] == [str(2 * jobs), "0"]
    assert rows["job", "text-report"] == rows["done", "text-report"] == [str(jobs), "0"]


def test_a_load_test_fails_when_a_job_vanished_and_tells_where(start: Start) -> None:
    platform = start(True)
    run = load("--base-url", platform.origin, "--users", "2", "--time", "1", "--thresholds", "GET p50=0")
    assert run.returncode == 1, run.stdout + run.stderr
    jobs = len(set(platform.keys))
    assert f"FAILED: jobs that vanished: {jobs}" in run.stdout
    assert "FAILED: GET job: p50 is" in run.stdout
    assert f"{platform.origin}/v1/jobs/{platform.keys[0]}" in run.stderr


def test_a_load_of_stages_runs_to_the_end_of_the_last_one(start: Start) -> None:
    platform = start(False)
    run = load("--base-url", platform.origin, "--stages", "1:1,2:3")
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(set(platform.keys)) >= 3
    assert "with stages 1:1,2:3" in run.stdout


def test_a_load_test_that_can_not_be_run_says_why(start: Start) -> None:
    run = load("--base-url", start(False).origin, "--job-types", "text-rapport")
    assert run.returncode == 2
    assert run.stderr == "loadtest: there is no job type text-rapport; the platform has text-report\n"
