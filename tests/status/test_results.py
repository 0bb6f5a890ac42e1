"""The result alone, wherever it is kept."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.web.problem_types import PROBLEM_TYPES
from tests.web_fixtures import House, problem_of

PROBLEM = '{"type":"/problems/job-timeout","title":"The job took too long","detail":"d","origin":"timeout"}'
LARGE = b'{"padding":"' + b"x" * 2_000_000 + b'"}'


def result(client: FlaskClient, job_id: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return client.get(f"/v1/jobs/{job_id}/result", headers=named)


def test_a_result_is_given_as_it_was_written(client: FlaskClient, house: House) -> None:
    reply = result(client, house.finish(result='{"b":1.50,"a":"\u00e9"}'))
    assert (reply.status_code, reply.data) == (200, '{"b":1.50,"a":"\u00e9"}'.encode())
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Cache-Control"].startswith("private, max-age=")


def test_a_large_result_comes_from_file_storage(client: FlaskClient, house: House) -> None:
    house.put("jobs/x/files/1-result", LARGE)
    job_id = house.finish(result_key="jobs/x/files/1-result")
    assert result(client, job_id).data == LARGE
    assert client.get(f"/v1/jobs/{job_id}").json["result"] == {"padding": "x" * 2_000_000}


def test_a_result_that_file_storage_does_not_give_is_a_503_without_its_key(client: FlaskClient, house: House) -> None:
    reply = result(client, house.finish(result_key="jobs/missing/files/1-result"))
    problem_of(reply, "store-unavailable")
    assert b"missing" not in reply.data and int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize("value", ["null", "0", '""', "[]"])
def test_any_json_may_be_a_result(client: FlaskClient, house: House, value: str) -> None:
    job_id = house.finish(result=value)
    assert (result(client, job_id).status_code, result(client, job_id).get_data(as_text=True)) == (200, value)
    assert "result" in client.get(f"/v1/jobs/{job_id}").json


def test_a_result_that_the_client_has_is_not_sent_again(client: FlaskClient, house: House) -> None:
    job_id = house.finish()
    etag = result(client, job_id).headers["ETag"]
    assert etag != client.get(f"/v1/jobs/{job_id}").headers["ETag"]
    same = result(client, job_id, If_None_Match=etag)
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    assert result(client, job_id, If_None_Match='"other"').status_code == 200


def test_head_gives_no_body(client: FlaskClient, house: House) -> None:
    reply = client.head(f"/v1/jobs/{house.finish()}/result")
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "11")


@pytest.mark.parametrize("state", ["queued", "running", "cancelling"])
def test_a_job_that_is_not_finished_has_no_result_yet(client: FlaskClient, house: House, state: str) -> None:
    job_id = house.accept()
    if state != "queued":
        house.claim()
    if state == "cancelling":
        house.store.cancel(job_id)
    reply = result(client, job_id)
    assert problem_of(reply, "job-not-finished")["detail"] == f"The job is {state}."
    assert 1 <= int(reply.headers["Retry-After"]) <= 60


def test_a_failed_job_has_an_error_instead(client: FlaskClient, house: House) -> None:
    reply = result(client, house.finish("failed", problem=PROBLEM))
    problem = problem_of(reply, "job-did-not-succeed")
    assert (problem["state"], problem["error"]["origin"]) == ("failed", "timeout")
    assert problem["error"]["type"].removeprefix("/problems/") in PROBLEM_TYPES
    assert "Retry-After" not in reply.headers


def test_a_cancelled_job_has_no_result_and_no_error(client: FlaskClient, house: House) -> None:
    job_id = house.accept()
    house.store.cancel(job_id)
    problem = problem_of(result(client, job_id), "job-did-not-succeed")
    assert problem["state"] == "cancelled" and "error" not in problem


def test_an_expired_result_is_gone(client: FlaskClient, house: House) -> None:
    problem_of(result(client, house.finish(accepted={"keep": 0})), "job-gone")
