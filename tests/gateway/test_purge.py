"""`DELETE /v1/jobs/{id}?purge=true`: the job goes with its result and files, and says so from then on."""

import json
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from werkzeug.test import TestResponse

from services.jobs.dispatch import Outcome
from tests.web_fixtures import House, problem_of

FILES = json.dumps([{"name": "a.txt", "slug": "a.txt", "media_type": "text/plain", "size": 4, "etag": "e", "key": "K"}])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def purge(house: House, job_id: str) -> TestResponse:
    return house.gateway().delete(f"/v1/jobs/{job_id}?purge=true")


def with_files(house: House) -> str:
    """A job that has ended with a large result and a file, its upload being there still."""
    job_id = house.accept()
    for name in ("input/0", "files/1-a.txt", "files/1-result"):
        house.put(f"jobs/{job_id}/{name}", b"data")
    key = f"jobs/{job_id}/files/1-"
    outcome = Outcome(verdict="succeeded", result_key=f"{key}result", files=FILES.replace('"K"', f'"{key}a.txt"'))
    house.store.publish("worker", house.claim(), outcome)
    return job_id


def test_a_purged_job_is_gone_with_all_its_files(house: House) -> None:
    job_id, other = with_files(house), with_files(house)
    reply = purge(house, job_id)
    assert reply.status_code == 200
    job = json.loads(reply.data)
    assert (job["id"], job["state"], job["done"]) == (job_id, "succeeded", True)
    assert "result" not in job and "files" not in job
    assert house.stored() == [f"jobs/{other}/{name}" for name in ("files/1-a.txt", "files/1-result", "input/0")]


@pytest.mark.parametrize("rest", ["", "/result", "/files/a.txt", "/events"])
def test_whoever_asks_later_is_told_when_it_went_and_how_it_had_ended(house: House, rest: str) -> None:
    job_id = with_files(house)
    purge(house, job_id)
    problem = problem_of(house.status().get(f"/v1/jobs/{job_id}{rest}"), "job-gone")
    assert problem["detail"] == "The job was purged." and problem["state"] == "succeeded"
    assert problem["expired_at"].endswith("Z")


def test_a_client_that_has_the_document_is_told_that_it_is_gone(house: House) -> None:
    job_id = house.finish()
    etag = house.status().get(f"/v1/jobs/{job_id}").headers["ETag"]
    purge(house, job_id)
    problem_of(house.status().get(f"/v1/jobs/{job_id}", headers={"If-None-Match": etag}), "job-gone")


def test_a_queued_job_is_cancelled_and_gone(house: House) -> None:
    job_id = house.accept()
    house.put(f"jobs/{job_id}/input/0", b"data")
    reply = purge(house, job_id)
    assert (reply.status_code, json.loads(reply.data)["state"]) == (200, "cancelled")
    assert house.stored() == [] and house.store.claim("worker") == []
    assert problem_of(house.status().get(f"/v1/jobs/{job_id}"), "job-gone")["state"] == "cancelled"


def test_a_running_job_is_asked_to_stop_and_gone_when_it_has(house: House) -> None:
    job_id = house.accept()
    house.put(f"jobs/{job_id}/input/0", b"data")
    house.claim()
    reply = purge(house, job_id)
    assert (reply.status_code, json.loads(reply.data)["state"]) == (202, "cancelling")
    assert house.status().get(f"/v1/jobs/{job_id}").status_code == 200
    assert house.stored() == [f"jobs/{job_id}/input/0"]  # which its process may be reading
    house.store.lose("worker", "cancelled")
    problem_of(house.status().get(f"/v1/jobs/{job_id}"), "job-gone")
    assert list(house.store.expired(10)) == [job_id]  # for the sweep, which removes the files


def test_purging_again_is_answered_with_gone(house: House) -> None:
    job_id = house.finish()
    purge(house, job_id)
    for path in (f"/v1/jobs/{job_id}?purge=true", f"/v1/jobs/{job_id}"):
        assert problem_of(house.gateway().delete(path), "job-gone")["state"] == "succeeded"


def test_what_never_was_can_not_be_purged(house: House) -> None:
    problem_of(purge(house, "nothing"), "no-such-job")
    problem_of(purge(house, "0" * 32), "no-such-job")


def test_files_that_can_not_be_removed_now_are_left_to_the_sweep(house: House) -> None:
    class Failing:
        def delete_job(self, job_id: str) -> None:
            raise GenericError("storage is away")

    job_id = with_files(house)
    reply = house.gateway(blobs=Failing()).delete(f"/v1/jobs/{job_id}?purge=true")
    assert reply.status_code == 200
    problem_of(house.status().get(f"/v1/jobs/{job_id}/files/a.txt"), "job-gone")
    assert list(house.store.expired(10)) == [job_id]


@pytest.mark.parametrize("value", ["yes", "1", "", "TRUE", "true,false"])
def test_a_purge_that_is_neither_true_nor_false_is_refused_and_cancels_nothing(house: House, value: str) -> None:
    job_id = house.accept()
    problem = problem_of(house.gateway().delete(f"/v1/jobs/{job_id}?purge={value}"), "invalid-query")
    assert (problem["parameter"], problem["known"]) == ("purge", ["false", "true"])
    assert house.store.jobs[job_id].record.state == "queued"


def test_a_cancellation_without_purge_keeps_the_result(house: House) -> None:
    job_id = house.finish()
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}?purge=false"):
        assert house.gateway().delete(path).status_code == 200
    assert house.status().get(f"/v1/jobs/{job_id}/result").data == b'{"words":2}'
