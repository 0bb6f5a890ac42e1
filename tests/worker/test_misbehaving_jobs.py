"""Jobs that misbehave, on the running platform: each ends as the contract says, and the next one runs."""

import pytest

from scripts.embedded.platform import Platform
from tests.http import run_job


def error_of(platform: Platform, kind: str) -> tuple[str, str, int]:
    job = run_job(platform.gateway_url, kind, {})
    assert job["state"] == "failed", job
    assert run_job(platform.gateway_url, "simulate", {"seconds": 0})["state"] == "succeeded"
    return job["error"]["origin"], job["error"]["detail"], job["attempt"]


def test_a_function_that_raises_is_tried_as_often_as_its_type_says(platform: Platform) -> None:
    origin, detail, attempt = error_of(platform, "raises")
    assert (origin, attempt) == ("job", 3)
    assert detail == "The job raised RuntimeError."


def test_a_function_that_raises_once_succeeds_in_its_second_attempt(platform: Platform) -> None:
    job = run_job(platform.gateway_url, "raises-once", {})
    assert (job["state"], job["attempt"], job["result"]) == ("succeeded", 2, {"attempt": 2})


def test_a_job_error_is_for_the_client_and_is_not_tried_again(platform: Platform) -> None:
    assert error_of(platform, "refuses") == ("job", "This can't be done: mend the input.", 1)


def test_a_time_limit_holds_against_a_function_that_ignores_everything(platform: Platform) -> None:
    origin, detail, _ = error_of(platform, "swallows-timeout")
    assert (origin, detail) == ("timeout", "The job ran longer than 1 seconds.")


@pytest.mark.parametrize("kind", ["kills-itself", "exits-zero"])
def test_a_job_that_ends_its_process_each_time_fails_as_worker_lost(platform: Platform, kind: str) -> None:
    origin, _, attempt = error_of(platform, kind)
    assert (origin, attempt) == ("worker-lost", 2)


def test_a_job_that_wants_too_much_memory_fails_and_says_so(platform: Platform) -> None:
    origin, detail, _ = error_of(platform, "leaks-memory")
    assert (origin, detail) == ("job", "The job needed more than its 100 MB of memory.")


@pytest.mark.parametrize("kind", ["returns-nan", "returns-surrogate", "returns-another-model"])
def test_a_result_that_cannot_be_given_fails_as_invalid(platform: Platform, kind: str) -> None:
    assert error_of(platform, kind)[0] == "invalid-result"
