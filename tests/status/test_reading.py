"""One job's document: in every state, cached, waited for, expired and unknown."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.jobs.ids import new_id
from services.web.waiting import Waiting
from tests.memory_store import Polling
from tests.web_fixtures import STATUS, House, Out, problem_of

PROBLEM = '{"type":"/problems/job-raised","title":"t","detail":"It broke.","origin":"job"}'


def get(client: FlaskClient, job_id: str, more: str = "", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return client.get(f"/v1/jobs/{job_id}{more}", headers=named)


def in_state(house: House, state: str) -> str:
    """A job in the given state; its id."""
    if state in ("succeeded", "failed"):
        return house.finish(state, **({"problem": PROBLEM} if state == "failed" else {}))
    job_id = house.accept()
    if state in ("running", "cancelling"):
        house.claim()
    if state in ("cancelling", "cancelled"):
        house.store.cancel(job_id)
    return job_id


OPEN, DONE = ["queued", "running", "cancelling"], ["succeeded", "failed", "cancelled"]


@pytest.mark.parametrize("state", OPEN)
def test_an_open_job_is_shown_with_when_to_ask_again(client: FlaskClient, house: House, state: str) -> None:
    job_id = in_state(house, state)
    reply = get(client, job_id)
    assert (reply.status_code, reply.json["id"], reply.json["state"], reply.json["done"]) == (200, job_id, state, False)
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert reply.headers["Cache-Control"] == "no-cache"
    assert re.fullmatch(r'"[^"]+"', reply.headers["ETag"])
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json["links"]["self"] == f"{STATUS}/v1/jobs/{job_id}"
    assert not {"result", "error", "finished_at", "expires_at"} & reply.json.keys()


@pytest.mark.parametrize("state", DONE)
def test_a_finished_job_is_shown_for_the_clients_own_cache(client: FlaskClient, house: House, state: str) -> None:
    job_id = in_state(house, state)
    reply = get(client, job_id)
    assert (reply.status_code, reply.json["state"], reply.json["done"]) == (200, state, True)
    assert "Retry-After" not in reply.headers
    lasts = re.fullmatch(r"private, max-age=(\d+)", reply.headers["Cache-Control"])
    assert lasts and 590 <= int(lasts[1]) <= 600
    assert reply.json.get("result") == ({"words": 2} if state == "succeeded" else None)
    assert ("error" in reply.json) == (state == "failed")


def test_progress_and_a_second_attempt_are_shown(client: FlaskClient, house: House) -> None:
    job_id = house.accept(max_attempts=2)
    house.store.progress(house.claim(), 12.5, "going")
    assert get(client, job_id).json["progress"] == {"percent": 12.5, "message": "going"}
    house.store.lose("worker", "retry")
    job = get(client, job_id).json
    assert (job["state"], job["attempt"]) == ("queued", 2)
    assert "progress" not in job and "started_at" not in job


@pytest.mark.parametrize("state", OPEN + DONE)
def test_head_is_get_without_a_body(client: FlaskClient, house: House, state: str) -> None:
    job_id = in_state(house, state)
    if state in OPEN:
        house.set(job_id, started_at=0, created_at=1)  # past its estimate, so that its document no longer changes
    reply, full = client.head(f"/v1/jobs/{job_id}"), get(client, job_id)
    assert (reply.status_code, reply.data) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length"):
        assert reply.headers[name] == full.headers[name]


@pytest.mark.parametrize("state", OPEN + DONE)
def test_what_the_client_has_already_is_not_sent_again(client: FlaskClient, house: House, state: str) -> None:
    job_id = in_state(house, state)
    if state in OPEN:
        house.set(job_id, started_at=0, created_at=1)
    etag = get(client, job_id).headers["ETag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        reply = get(client, job_id, If_None_Match=known)
        assert (reply.status_code, reply.data) == (304, b""), known
        assert reply.headers["ETag"] == etag
        assert "Content-Type" not in reply.headers
    for known in ('"other"', etag.strip('"')[:-1], 'W/"other"'):
        assert get(client, job_id, If_None_Match=known).status_code == 200


def test_a_304_says_as_much_as_the_200_would(client: FlaskClient, house: House) -> None:
    for state in DONE:
        job_id = in_state(house, state)
        full = get(client, job_id)
        same = get(client, job_id, If_None_Match=full.headers["ETag"])
        assert same.headers["Cache-Control"].startswith("private, max-age=")
        assert "Prefer" in same.vary
    job_id = in_state(house, "running")
    house.set(job_id, started_at=1, created_at=1)
    full = get(client, job_id)
    same = get(client, job_id, If_None_Match=full.headers["ETag"])
    assert (same.status_code, same.headers["Cache-Control"]) == (304, "no-cache")
    assert int(same.headers["Retry-After"]) >= 1


def test_a_304_does_not_read_the_result(house: House) -> None:
    job_id = house.finish(result_key="jobs/missing")
    reader = house.status()
    problem_of(get(reader, job_id), "store-unavailable")
    job = house.store.jobs[job_id].record
    assert get(reader, job_id, If_None_Match=f'"{job.finished_at}-{job.run}"').status_code == 304


def test_the_etag_changes_when_the_job_does(client: FlaskClient, house: House) -> None:
    job_id = house.accept()
    seen = [get(client, job_id).headers["ETag"]]
    run = house.claim()
    seen.append(get(client, job_id).headers["ETag"])
    house.store.progress(run, 50, "")
    seen.append(get(client, job_id).headers["ETag"])
    house.store.cancel(job_id)
    seen.append(get(client, job_id).headers["ETag"])
    house.store.lose("worker", "cancelled")
    seen.append(get(client, job_id).headers["ETag"])
    assert len(set(seen)) == 5


@pytest.mark.parametrize("more", ["", "/result", "/files/1-a.png", "/events"])
@pytest.mark.parametrize("job_id", [new_id(), "x", "%00", "..%2f..%2fetc", "é", "x" * 5_000, new_id().upper()])
def test_a_job_that_never_was_is_not_found(client: FlaskClient, job_id: str, more: str) -> None:
    reply = get(client, job_id, more)
    assert reply.status_code == 404
    assert reply.mimetype == "application/problem+json" and len(reply.data) < 1_000


@pytest.mark.parametrize("more", ["", "/result", "/files/1-a.png", "/events"])
@pytest.mark.parametrize("buried", [False, True])
def test_an_expired_job_is_gone_and_says_when_and_how_it_had_ended(
    client: FlaskClient, house: House, more: str, buried: bool
) -> None:
    job_id = house.finish(accepted={"keep": 0})
    etag = f'"{house.store.jobs[job_id].record.finished_at}-1"'
    if buried:
        house.store.bury([job_id])
    for known in ('"other"', etag):
        problem = problem_of(get(client, job_id, more, If_None_Match=known), "job-gone")
        assert problem["state"] == "succeeded"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", problem["expired_at"])


@pytest.mark.parametrize("more", ["", "/result", "/files/1-a.png", "/events"])
def test_a_store_that_is_out_of_reach_is_a_503(house: House, more: str) -> None:
    reply = get(house.status(reader=Out(), waiting=Waiting(Out(), Polling(), 1)), new_id(), more)
    problem_of(reply, "store-unavailable")
    assert int(reply.headers["Retry-After"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize("more", ["", "/result", "/files/1-a.png", "/events"])
def test_nothing_can_be_written(client: FlaskClient, house: House, more: str, method: str) -> None:
    job_id = house.accept()
    reply = client.open(f"/v1/jobs/{job_id}{more}", method=method, json={})
    problem_of(reply, "method-not-allowed")
    assert set(reply.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert house.store.jobs[job_id].record.state == "queued"


@pytest.mark.parametrize("more", ["", "/result"])
def test_a_client_that_wants_another_version_is_refused(client: FlaskClient, house: House, more: str) -> None:
    job_id = house.finish()
    etag = get(client, job_id, more).headers["ETag"]
    for named in (etag, f'"other", {etag}', "*"):
        assert get(client, job_id, more, If_Match=named).status_code == 200
    problem_of(get(client, job_id, more, If_Match='"other"'), "precondition-failed")


@pytest.mark.parametrize("more", ["", "/result"])
def test_a_client_that_accepts_no_json_is_refused(client: FlaskClient, house: House, more: str) -> None:
    job_id = house.finish()
    problem_of(get(client, job_id, more, Accept="image/png"), "not-acceptable")
    assert get(client, job_id, more, Accept="text/html, */*;q=0.1").status_code == 200


def test_a_client_can_be_sent_on_to_the_result(client: FlaskClient, house: House) -> None:
    job_id = house.finish()
    reply = get(client, job_id, "?redirect=true")
    assert (reply.status_code, reply.headers["Location"]) == (303, f"{STATUS}/v1/jobs/{job_id}/result")
    for other in (house.accept(), in_state(house, "cancelled")):
        assert get(client, other, "?redirect=true").status_code == 200
    assert get(client, job_id, "?redirect=false").status_code == 200


class Changing(Polling):
    """A watch during which something happens to the job."""

    def __init__(self, change: Any) -> None:
        self._change = change

    def watch(self, job_id: str, *limits: Any) -> Any:
        self._change()
        return super().watch(job_id, *limits)


def test_a_waiting_client_learns_of_the_end(house: House) -> None:
    job_id = in_state(house, "running")
    client = house.status(waiting=Waiting(house.store, Changing(lambda: house.store.lose("worker", "cancelled")), 1))
    reply = get(client, job_id, Prefer="wait=20")
    assert (reply.status_code, reply.json["state"]) == (200, "cancelled")
    assert reply.headers["Preference-Applied"] == "wait=20"


def test_a_client_that_waits_with_its_etag_learns_of_any_change(house: House) -> None:
    job_id = in_state(house, "queued")
    etag = get(house.status(), job_id).headers["ETag"]
    client = house.status(waiting=Waiting(house.store, Changing(house.claim), 1))
    reply = get(client, job_id, Prefer="wait=20", If_None_Match=etag)
    assert (reply.status_code, reply.json["state"]) == (200, "running")


def test_a_wait_that_is_over_shows_the_job_as_it_is(house: House, client: FlaskClient) -> None:
    reply = get(client, house.accept(), Prefer="wait=1")
    assert (reply.status_code, reply.json["state"]) == (200, "queued")
    assert reply.headers["Preference-Applied"] == "wait=1"


def test_nobody_waits_for_what_is_done_already(house: House, client: FlaskClient) -> None:
    reply = get(client, house.finish(), Prefer="wait=20")
    assert reply.status_code == 200
    assert "Preference-Applied" not in reply.headers and "Prefer" in reply.vary
