from typing import Any

import pytest
from flask.testing import FlaskClient

from services.jobs.ids import new_id
from tests.web_fixtures import STATUS, House, Out, problem_of


def test_a_queued_job_is_cancelled_at_once(client: FlaskClient, house: House) -> None:
    job_id = house.accept()
    reply = client.delete(f"/v1/jobs/{job_id}")
    assert (reply.status_code, reply.json["state"], reply.json["done"]) == (200, "cancelled", True)
    assert reply.json["links"]["self"] == f"{STATUS}/v1/jobs/{job_id}"
    assert "Retry-After" not in reply.headers
    assert house.store.claim("w") == []


def test_a_running_job_is_asked_to_stop(client: FlaskClient, house: House) -> None:
    job_id = house.accept()
    house.claim()
    for _ in range(2):
        reply = client.delete(f"/v1/jobs/{job_id}")
        assert (reply.status_code, reply.json["state"], reply.json["done"]) == (202, "cancelling", False)
        assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("verdict", ["succeeded", "failed"])
def test_a_job_that_has_ended_stays_as_it_is(client: FlaskClient, house: House, verdict: str) -> None:
    job_id = house.finish(verdict, **({"problem": '{"type":"/problems/job-raised"}'} if verdict == "failed" else {}))
    reply = client.delete(f"/v1/jobs/{job_id}")
    assert (reply.status_code, reply.json["state"]) == (200, verdict)


def test_a_job_that_has_expired_is_gone(client: FlaskClient, house: House) -> None:
    job_id = house.finish(accepted={"keep": 0})
    problem_of(client.delete(f"/v1/jobs/{job_id}"), "job-gone")


@pytest.mark.parametrize("job_id", [new_id(), "x", "../x", "%00", "é", "simulate"])
def test_a_job_that_never_was_is_not_found(client: FlaskClient, job_id: str) -> None:
    assert client.delete(f"/v1/jobs/{job_id}").status_code == 404


def test_a_store_that_is_out_of_reach_is_a_503(house: House) -> None:
    reply: Any = house.gateway(intake=Out()).delete(f"/v1/jobs/{new_id()}")
    problem_of(reply, "store-unavailable")
