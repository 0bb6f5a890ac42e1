"""A job's history as server-sent events: live, resumable, and no more streams than may be."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.web.waiting import Waiting
from tests.memory_store import Polling
from tests.web_fixtures import House, problem_of


def events(reply: TestResponse) -> list[dict[str, Any]]:
    """What a browser would make of the stream."""
    assert reply.status_code == 200 and reply.mimetype == "text/event-stream"
    found = []
    for block in reply.get_data(as_text=True).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if "event" in fields:
            found.append({**fields, "data": json.loads(fields["data"])})
    return found


def stream(client: FlaskClient, job_id: str, last: str = "") -> TestResponse:
    return client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": last} if last else {})


def eventful(house: House) -> str:
    """A job to which much has happened; its id."""
    job_id = house.accept(max_attempts=2)
    run = house.claim()
    house.store.progress(run, 50, "half")
    house.store.log(run, "a line\nand another: é")
    house.store.lose("worker", "again")
    house.store.cancel(job_id)
    return job_id


def test_all_that_has_happened_is_told_in_order_and_then_the_end(client: FlaskClient, house: House) -> None:
    job_id = eventful(house)
    told = events(stream(client, job_id))
    assert [(event["event"], event["data"].get("state")) for event in told] == [
        ("state", "queued"),
        ("state", "running"),
        ("progress", None),
        ("log", None),
        ("state", "queued"),
        ("done", "cancelled"),
    ]
    assert told[2]["data"] == {"percent": 50.0, "message": "half"}
    assert told[3]["data"] == {"message": "a line\nand another: é"}
    assert told[-1]["data"]["id"] == job_id and told[-1]["data"]["done"] is True


def test_each_event_has_an_id_and_can_be_taken_up_from_there(client: FlaskClient, house: House) -> None:
    job_id = eventful(house)
    told = events(stream(client, job_id))
    ids = [event["id"] for event in told]
    assert len(set(ids)) == len(ids)
    for place, last in enumerate(ids[:-1], start=1):
        assert [event["id"] for event in events(stream(client, job_id, last))] == ids[place:]


def test_after_the_end_there_is_nothing_more(client: FlaskClient, house: House) -> None:
    job_id = eventful(house)
    last = events(stream(client, job_id))[-1]["id"]
    reply = stream(client, job_id, last)
    assert (reply.status_code, reply.data) == (204, b"")


@pytest.mark.parametrize("last", ["nonsense", "1", "-", "1-x", "9" * 50 + "-0", "<script>"])
def test_an_id_that_is_none_of_ours_means_from_the_beginning(client: FlaskClient, house: House, last: str) -> None:
    job_id = eventful(house)
    assert len(events(stream(client, job_id, last))) == 6


def test_a_stream_is_neither_cached_nor_cut_by_head(client: FlaskClient, house: House) -> None:
    job_id = eventful(house)
    reply = client.head(f"/v1/jobs/{job_id}/events")
    assert (reply.status_code, reply.mimetype, reply.data) == (200, "text/event-stream", b"")
    assert reply.headers["Cache-Control"] == "no-store"


def test_past_the_cap_a_client_is_told_when_to_come_back(house: House) -> None:
    waiting = Waiting(house.store, Polling(), 1)
    client, job_id = house.status(waiting=waiting), eventful(house)
    with waiting.place(job_id):
        reply = stream(client, job_id)
        problem_of(reply, "too-many-streams")
        assert int(reply.headers["Retry-After"]) > 0
    for _ in range(3):
        assert len(events(stream(client, job_id))) == 6


def test_a_client_that_leaves_at_once_gives_its_place_back(house: House) -> None:
    client = house.status(waiting=Waiting(house.store, Polling(), 1))
    job_id = house.accept()
    for _ in range(3):
        reply = client.get(f"/v1/jobs/{job_id}/events", buffered=False)
        assert reply.status_code == 200
        assert next(iter(reply.iter_encoded())).startswith(b"retry: ")
        reply.close()
