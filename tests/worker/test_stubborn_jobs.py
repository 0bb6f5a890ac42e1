"""Limits hold on the running platform, whatever the function does against them, and the next job runs."""

import time
from pathlib import Path

import pytest

from scripts.embedded.platform import Platform
from tests.chaos.crew import is_alive
from tests.http import call, run_job, submit, wait_for


@pytest.mark.parametrize("kind", ["holds-the-lock", "backtracks"])
def test_a_time_limit_holds_against_code_that_never_lets_python_run(platform: Platform, kind: str) -> None:
    job = run_job(platform.gateway_url, kind, {})
    assert (job["state"], job["error"]["origin"], job["attempt"]) == ("failed", "timeout", 1)
    assert run_job(platform.gateway_url, "simulate", {})["state"] == "succeeded"


@pytest.mark.parametrize(("kind", "origin"), [("leaves-a-process", "timeout"), ("abandons-a-process", "worker-lost")])
def test_what_a_job_has_started_is_ended_with_it(platform: Platform, tmp_path: Path, kind: str, origin: str) -> None:
    job = run_job(platform.gateway_url, kind, {"path": str(tmp_path / "pid")})
    assert job["error"]["origin"] == origin
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_memory_limit_holds_against_memory_that_the_system_does_not_count_as_data(platform: Platform) -> None:
    job = run_job(platform.gateway_url, "maps-memory", {})
    assert (job["state"], job["attempt"]) == ("failed", 1)
    assert job["error"]["detail"] == "The job needed more than its 64 MB of memory."


def test_a_file_that_grows_too_large_ends_the_job_and_says_so(platform: Platform) -> None:
    job = run_job(platform.gateway_url, "writes-without-end", {})
    assert (job["state"], job["attempt"]) == ("failed", 1)
    assert job["error"]["detail"] == "The job wrote a file of more than 2048 MB."


def test_a_job_that_asks_python_to_end_costs_an_attempt_and_no_process(platform: Platform) -> None:
    job = run_job(platform.gateway_url, "leaves-politely", {})
    assert (job["error"]["detail"], job["attempt"]) == ("The job raised SystemExit.", 3)


def test_a_job_that_reports_learns_that_it_was_cancelled_before_it_is_killed(
    platform: Platform, tmp_path: Path
) -> None:
    reply = submit(platform.gateway_url, "reports-for-ever", {"path": str(tmp_path / "word")})
    wait_for(reply.headers["Location"], "running")
    time.sleep(0.3)
    call("DELETE", reply.json["links"]["cancel"])
    assert wait_for(reply.headers["Location"])["state"] == "cancelled"
    assert (tmp_path / "word").read_text() == "saw it"
