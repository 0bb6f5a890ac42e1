"""What a client gets for a submission, and what the store gets."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis.exceptions import RedisError
from werkzeug.test import TestResponse

from services.jobs.blobs import BlobStorage
from services.jobs.dispatch import Outcome
from services.jobs.intake import Accepted, Submission
from services.web.waiting import Waiting
from tests.memory_store import MemoryStore, Polling
from tests.web_fixtures import GATEWAY, STATUS, House, Out, problem_of


def submit(client: FlaskClient, path: str = "every", **sent: Any) -> TestResponse:
    return client.post(f"/v1/jobs/{path}", **({"json": {}} | sent))


def test_a_submission_is_accepted_with_where_and_when_to_look(client: FlaskClient) -> None:
    reply = submit(client)
    assert reply.status_code == 202
    job, here = reply.json, f"{STATUS}/v1/jobs/{reply.json['id']}"
    assert reply.headers["Location"] == here == job["links"]["self"]
    assert reply.headers["Retry-After"] == "1"
    assert re.fullmatch(r'"[^"]+"', reply.headers["ETag"])
    assert reply.headers["Cache-Control"] == "no-cache"
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Link"] == (
        f'<{here}>; rel="self", <{here}/events>; rel="monitor", <{GATEWAY}/v1/job-types/every>; rel="describedby"'
    )
    assert "Prefer" in reply.vary
    assert "Idempotency-Replayed" not in reply.headers


def test_a_type_that_can_tell_how_long_an_input_takes_says_so_from_the_beginning(client: FlaskClient) -> None:
    short, long = (submit(client, "simulate", json={"seconds": seconds}) for seconds in (0.1, 20))
    assert [reply.headers["Retry-After"] for reply in (short, long)] == ["1", "21"]
    assert long.json["estimated_finish_at"] > short.json["estimated_finish_at"] > short.json["created_at"]


def test_the_document_is_that_of_a_queued_job(client: FlaskClient, house: House) -> None:
    house.accept()
    job = submit(client).json
    assert (job["type"], job["state"], job["done"]) == ("every", "queued", False)
    assert (job["attempt"], job["max_attempts"]) == (1, 3)
    assert job["queue"] == {"name": "default", "position": 2, "depth": 2}


def test_what_status_shows_is_what_the_gateway_answered(client: FlaskClient, house: House) -> None:
    reply = submit(client)
    seen = house.status().get(f"/v1/jobs/{reply.json['id']}")
    assert {**seen.json, "estimated_finish_at": ""} == {**reply.json, "estimated_finish_at": ""}


def test_the_store_gets_the_job_with_its_types_limits(client: FlaskClient, house: House) -> None:
    entry = house.store.jobs[submit(client).json["id"]].submission
    assert (entry.type, entry.max_attempts, entry.timeout, entry.keep) == ("every", 3, 30, 86_400)


def test_a_clients_trace_goes_with_the_job(client: FlaskClient, house: House) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    reply = submit(client, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert reply.json["trace_id"] == trace
    assert house.store.jobs[reply.json["id"]].submission.trace.startswith(f"00-{trace}-")
    assert submit(client).json["trace_id"] != trace


def test_a_full_queue_refuses_and_says_when_to_come_back(tmp_path: Path) -> None:
    house = House(tmp_path, max_queue_depth=2)
    client = house.gateway()
    assert [submit(client).status_code for _ in range(3)] == [202, 202, 503]
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type="text/plain")
    assert problem_of(reply, "queue-full")["detail"] == "2 jobs wait already."
    assert int(reply.headers["Retry-After"]) >= 1
    assert house.stored() == [] and len(house.store.jobs) == 2
    assert submit(client, "every?priority=high").status_code == 202


def test_a_store_that_is_out_of_reach_is_a_503(house: House) -> None:
    client = house.gateway(intake=Out())
    reply = submit(client)
    problem_of(reply, "store-unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert b"internal" not in reply.data


class LostReply(MemoryStore):
    """A store that does what it is asked, once without saying so."""

    lost = 0

    def accept(self, submission: Submission, *arguments: Any, **options: Any) -> Accepted:
        accepted = super().accept(submission, *arguments, **options)
        if not self.lost:
            self.lost += 1
            raise RedisError("the reply was lost")
        return accepted


def test_files_stay_where_the_store_may_have_accepted_the_job(house: House) -> None:
    house.store = LostReply()
    client = house.gateway()
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type="text/plain")
    problem_of(reply, "store-unavailable")
    (job_id,) = house.store.jobs
    assert house.stored() == [f"jobs/{job_id}/input/0"]


def test_a_lost_reply_is_made_good_by_sending_the_request_again(house: House) -> None:
    house.store = LostReply()
    sent: Any = {"data": b"abc", "content_type": "text/plain", "headers": {"Idempotency-Key": "k"}}
    client = house.gateway()
    assert client.post("/v1/jobs/one-file", **sent).status_code == 503
    reply = client.post("/v1/jobs/one-file", **sent)
    assert (reply.status_code, len(house.store.jobs)) == (202, 1)
    assert house.stored() == [f"jobs/{reply.json['id']}/input/0"]


class FullDisk(BlobStorage):
    """File storage that takes nothing more."""

    def write(self, key: str) -> Any:
        raise OSError(28, "No space left on device", "/data/blobs/secret")


def test_file_storage_that_fails_is_a_503_and_nothing_is_enqueued(house: House) -> None:
    client = house.gateway(blobs=FullDisk(str(house.folder)))
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type="text/plain")
    problem_of(reply, "store-unavailable")
    assert b"/data" not in reply.data and house.store.jobs == {}
    assert submit(client).status_code == 202


class Broken(MemoryStore):
    """A store with a bug."""

    def accept(self, submission: Submission, *arguments: Any, **options: Any) -> Accepted:
        raise KeyError("/secret/path")


def test_an_error_of_ours_leaves_nothing_behind_and_tells_nothing(house: House) -> None:
    house.store = Broken()
    reply = house.gateway().post("/v1/jobs/one-file", data=b"abc", content_type="text/plain")
    problem_of(reply, "internal-error")
    assert b"secret" not in reply.data and house.stored() == []


class Quick(MemoryStore):
    """A store whose jobs are done as soon as somebody looks."""

    outcome = Outcome(verdict="succeeded", result='{"words":2}')

    def read(self, job_id: str, etag: str = "") -> Any:
        for run in self.claim("w"):
            self.publish("w", run, self.outcome)
        return super().read(job_id, etag)


def test_a_client_that_prefers_to_wait_gets_the_finished_job(house: House) -> None:
    house.store = Quick()
    reply = submit(house.gateway(), headers={"Prefer": "wait=5"})
    assert (reply.status_code, reply.json["state"], reply.json["result"]) == (200, "succeeded", {"words": 2})
    assert reply.headers["Content-Location"] == reply.json["links"]["self"]
    assert reply.headers["Preference-Applied"] == "wait=5"
    assert "Retry-After" not in reply.headers and "Location" not in reply.headers


def test_a_finished_job_is_the_same_document_here_and_there_however_large_its_result(house: House) -> None:
    house.store = store = Quick()
    house.put("large", b'{"padding":"x"}')
    store.outcome = Outcome(verdict="succeeded", result_key="large")
    reply = submit(house.gateway(), headers={"Prefer": "wait=5"})
    there = house.status().get(f"/v1/jobs/{reply.json['id']}")
    assert reply.json == there.json and reply.json["result"] == {"padding": "x"}
    assert reply.headers["ETag"] == there.headers["ETag"]


def test_a_job_that_takes_longer_than_the_client_waits_is_accepted(house: House) -> None:
    waiting = Waiting(house.store, Polling(), 1)
    reply = submit(house.gateway(waiting=waiting), headers={"Prefer": "wait=1"})
    assert (reply.status_code, reply.json["state"]) == (202, "queued")
    assert "Preference-Applied" not in reply.headers


def test_a_store_that_fails_while_the_client_waits_does_not_undo_the_acceptance(house: House) -> None:
    reply = submit(house.gateway(waiting=Waiting(Out(), Polling(), 1)), headers={"Prefer": "wait=5"})
    assert reply.status_code == 202 and reply.json["id"] in house.store.jobs


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "wait=soon", "return=minimal"])
def test_any_other_preference_is_answered_at_once(house: House, prefer: str) -> None:
    house.store = Quick()
    reply = submit(house.gateway(), headers={"Prefer": prefer})
    assert (reply.status_code, reply.json["state"]) == (202, "queued")
