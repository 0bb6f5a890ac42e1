"""The same Idempotency-Key with the same payload is the same job, however often it comes."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web_fixtures import House, problem_of


def submit(client: FlaskClient, key: str, path: str = "open-ended", **sent: Any) -> TestResponse:
    return client.post(f"/v1/jobs/{path}", headers={"Idempotency-Key": key}, **({"json": {"name": "a"}} | sent))


def test_the_same_request_again_is_the_same_job(client: FlaskClient, house: House) -> None:
    first, second = submit(client, "k"), submit(client, "k")
    assert (first.status_code, second.status_code) == (202, 202)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert len(house.store.jobs) == 1


def test_a_replay_shows_the_job_as_it_is_now(client: FlaskClient, house: House) -> None:
    for _ in range(2):
        submit(client, "first")
        waiting = submit(client, "k")
    assert waiting.json["state"] == "queued" and waiting.json["queue"]["position"] == 2
    assert "finished_at" not in waiting.json and "Retry-After" in waiting.headers
    house.claim()
    running = submit(client, "first")
    assert running.json["state"] == "running" and "finished_at" not in running.json
    assert running.headers["ETag"] != waiting.headers["ETag"]


def test_a_replay_of_a_finished_job_shows_its_result(client: FlaskClient, house: House) -> None:
    first = submit(client, "k")
    house.store.cancel(first.json["id"])
    again = submit(client, "k")
    assert (again.status_code, again.json["state"], again.json["done"]) == (202, "cancelled", True)
    assert "Retry-After" not in again.headers


OTHERS: list[dict[str, Any]] = [
    {"json": {"name": "b"}},
    {"json": {"name": "a", "more": 1}},
    {"json": {"name": "a", "key": "jobs/1"}},
    {"json": {"input": {"name": "a"}, "options": {"priority": "high"}}},
    {"path": "open-ended?timeout=5"},
    {"data": {"name": "b"}},
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_the_same_key_with_another_payload_is_refused(client: FlaskClient, house: House, other: dict[str, Any]) -> None:
    submit(client, "k")
    problem_of(
        submit(client, "k", **({} if "json" in other or "data" not in other else {"json": None}) | other),
        "idempotency-key-reused",
    )
    assert len(house.store.jobs) == 1


def test_payloads_that_differ_only_in_what_looks_like_a_storage_key_are_different(client: FlaskClient) -> None:
    submit(client, "k", json={"name": "a", "key": "jobs/1"})
    problem_of(submit(client, "k", json={"name": "a", "key": "jobs/2"}), "idempotency-key-reused")


@pytest.mark.parametrize(
    "same",
    [
        {"data": b'{ "name" : "\\u0061" }', "content_type": "application/json", "json": None},
        {"data": {"name": "a"}, "json": None},
        {"path": "open-ended?name=a", "json": {}},
        {"json": {"input": {"name": "a"}}},
    ],
    ids=str,
)
def test_the_same_input_in_another_form_is_the_same_payload(client: FlaskClient, same: dict[str, Any]) -> None:
    first = submit(client, "k")
    assert submit(client, "k", **same).json["id"] == first.json["id"]


def send_file(client: FlaskClient, content: bytes, name: str = "a.txt", media_type: str = "text/plain") -> TestResponse:
    part = (io.BytesIO(content), name, media_type)
    return submit(client, "k", "one-file", json=None, data={"data": part}, content_type="multipart/form-data")


def test_the_same_file_again_is_the_same_job_and_is_kept_once(client: FlaskClient, house: House) -> None:
    first, second = send_file(client, b"abc"), send_file(client, b"abc")
    assert first.json["id"] == second.json["id"] and second.headers["Idempotency-Replayed"] == "true"
    assert house.stored() == [f"jobs/{first.json['id']}/input/0"]


@pytest.mark.parametrize("other", [(b"abd",), (b"abc", "b.txt"), (b"abc", "a.txt", "application/x-data")], ids=str)
def test_another_file_is_another_payload_and_leaves_nothing_behind(
    client: FlaskClient, house: House, other: tuple[Any, ...]
) -> None:
    first = send_file(client, b"abc")
    problem_of(send_file(client, *other), "idempotency-key-reused")
    assert house.stored() == [f"jobs/{first.json['id']}/input/0"]


def test_a_key_belongs_to_its_job_type(client: FlaskClient, house: House) -> None:
    ids = {submit(client, "k").json["id"], submit(client, "k", "every", json={}).json["id"]}
    assert len(ids) == len(house.store.jobs) == 2


def test_without_a_key_every_request_is_a_job(client: FlaskClient, house: House) -> None:
    for _ in range(3):
        client.post("/v1/jobs/open-ended", json={"name": "a"})
    assert len(house.store.jobs) == 3


def test_a_refused_request_is_not_remembered(client: FlaskClient, house: House) -> None:
    problem_of(submit(client, "k", "every", json={"count": "x"}), "invalid-input")
    assert submit(client, "k", "every", json={"count": 1}).status_code == 202
    assert submit(client, "k2", "every?validate=true", json={"count": 1}).status_code == 200
    assert "Idempotency-Replayed" not in submit(client, "k2", "every", json={"count": 2}).headers


@pytest.mark.parametrize("key", ["a", '"a"', "a b", "8e03978e-40d5-43dd-bc93-6894a57f9324", "x" * 255, "!~", '"'])
def test_a_key_is_printable_ascii_bare_or_quoted(client: FlaskClient, key: str) -> None:
    assert submit(client, key).status_code == 202


def test_quotes_are_not_part_of_a_key(client: FlaskClient) -> None:
    assert submit(client, '"k"').json["id"] == submit(client, "k").json["id"]


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "é", "a\tb", "a\x7fb"])
def test_any_other_key_is_refused(client: FlaskClient, house: House, key: str) -> None:
    problem_of(submit(client, key), "bad-idempotency-key")
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type="text/plain", headers={"Idempotency-Key": key})
    problem_of(reply, "bad-idempotency-key")
    assert house.store.jobs == {} and house.stored() == []
