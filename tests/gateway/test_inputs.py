"""The four forms in which an input can arrive, and what becomes of it."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.jobs.files import STORED
from tests.web_fixtures import CATALOGUE, House, mistakes_of, problem_of

FORM = "application/x-www-form-urlencoded"


def understood(client: FlaskClient, path: str, **sent: Any) -> dict[str, Any]:
    """The input as the gateway understood it, only those fields that differ from their defaults."""
    name, _, query = path.partition("?")
    reply = client.post(f"/v1/jobs/{name}?validate=true&{query}", **sent)
    assert reply.status_code == 200, reply.data
    assert reply.json["valid"] is True
    defaults = json.loads(CATALOGUE[name].input_model.model_construct().model_dump_json(by_alias=True))
    found = reply.json["input"]
    return {key: value for key, value in found.items() if key not in defaults or value != defaults[key]}


def test_json_is_the_input(client: FlaskClient) -> None:
    sent = {"number": 1.5, "count": 2, "flag": True, "names": ["a"], "inner": {"key": "k", "sizes": [1]}, "from": "x"}
    assert understood(client, "every", json=sent) == sent


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_json_is_known_by_its_media_type(client: FlaskClient, media_type: str) -> None:
    assert understood(client, "every", data=b'{"count": 2}', content_type=media_type) == {"count": 2}


def test_a_form_is_the_input_with_repeated_names_as_lists(client: FlaskClient) -> None:
    sent = b"number=1.5&count=2&flag=true&names=a&names=b&maybe=1&maybe=2&from=x+y%21&when=2026-01-31T12:00:00Z"
    assert understood(client, "every", data=sent, content_type=FORM) == {
        **{"number": 1.5, "count": 2, "flag": True, "names": ["a", "b"], "maybe": [1, 2], "from": "x y!"},
        "when": "2026-01-31T12:00:00Z",
    }


@pytest.mark.parametrize("field", ["names", "maybe"])
def test_one_value_for_a_field_of_several_is_a_list_of_one(client: FlaskClient, field: str) -> None:
    value = ["5"] if field == "names" else [5]
    assert understood(client, "every", data={field: "5"}) == {field: value}
    assert understood(client, "every", data={field: "5"}, content_type="multipart/form-data") == {field: value}
    assert understood(client, f"every?{field}=5", json={}) == {field: value}


def test_a_multipart_form_is_the_input(client: FlaskClient) -> None:
    sent = {"number": "1.5", "names": ["a", "b"], "from": "é\r\n x"}
    found = understood(client, "every", data=sent, content_type="multipart/form-data")
    assert found == {"number": 1.5, "names": ["a", "b"], "from": "é\r\n x"}


def test_without_a_body_the_query_is_the_input(client: FlaskClient) -> None:
    assert understood(client, "every?count=2&names=a&names=b&from=x") == {
        "count": 2,
        "names": ["a", "b"],
        "from": "x",
    }


def test_a_body_and_a_query_fill_each_other_up(client: FlaskClient) -> None:
    assert understood(client, "every?count=2", json={"number": 1.5}) == {"count": 2, "number": 1.5}
    assert understood(client, "every?count=2", data={"number": "1.5"}) == {"count": 2, "number": 1.5}
    assert understood(client, "every?count=2", json={"input": {"number": 1.5}}) == {"count": 2, "number": 1.5}


@pytest.mark.parametrize(
    "sent", [{"json": {"count": 2}}, {"data": {"count": "2"}}, {"json": {"input": {"count": 2}}}], ids=str
)
def test_a_field_in_the_query_and_in_the_body_is_refused(client: FlaskClient, sent: dict[str, Any]) -> None:
    assert mistakes_of(client.post("/v1/jobs/every?count=2", **sent)) == {"/count": "given_twice"}


def test_a_field_that_is_null_in_the_body_is_given_there(client: FlaskClient) -> None:
    assert mistakes_of(client.post("/v1/jobs/every?maybe=2", json={"maybe": None})) == {"/maybe": "given_twice"}


def test_the_envelope_holds_the_input_and_options(client: FlaskClient, house: House) -> None:
    envelope = {"input": {"count": 2}, "options": {"priority": "high", "timeout": 5}}
    assert understood(client, "every", json=envelope) == {"count": 2}
    reply = client.post("/v1/jobs/every", json=envelope)
    assert reply.json["queue"]["name"] == "high"
    assert house.store.jobs[reply.json["id"]].submission.timeout == 5


def test_an_object_with_other_members_is_no_envelope(client: FlaskClient) -> None:
    found = mistakes_of(client.post("/v1/jobs/every", json={"input": {"count": 2}, "count": 3}))
    assert found == {"/input": "unknown_field"}
    assert mistakes_of(client.post("/v1/jobs/every", json={"options": {}})) == {"/options": "unknown_field"}


def test_a_form_has_no_envelope(client: FlaskClient) -> None:
    assert mistakes_of(client.post("/v1/jobs/every", data={"input": "a"})) == {"/input": "unknown_field"}
    assert mistakes_of(client.post("/v1/jobs/every?input=a")) == {"/input": "unknown_field"}


@pytest.mark.parametrize("envelope", [{"input": 5}, {"input": None}, {"input": []}, {"input": "a"}])
def test_an_envelopes_input_is_an_object(client: FlaskClient, envelope: Any) -> None:
    assert mistakes_of(client.post("/v1/jobs/every", json=envelope)) == {"/input": "object_type"}


@pytest.mark.parametrize("options", [5, None, [], "high"])
def test_an_envelopes_options_are_an_object(client: FlaskClient, options: Any) -> None:
    reply = client.post("/v1/jobs/every", json={"input": {}, "options": options})
    assert mistakes_of(reply) == {"/options": "object_type"}


@pytest.mark.parametrize("value", [[], "text", 1, None, True, [{"count": 2}]])
def test_json_that_is_no_object_is_refused(client: FlaskClient, value: Any) -> None:
    reply = client.post("/v1/jobs/every", data=json.dumps(value), content_type="application/json")
    assert mistakes_of(reply) == {"": "object_type"}


def test_every_mistake_is_told_with_a_pointer_into_the_input(client: FlaskClient) -> None:
    sent = {"number": "soon", "names": ["a", 5], "inner": {"sizes": [1, "x", []]}, "a/b~c": 1, "flag": "perhaps"}
    assert mistakes_of(client.post("/v1/jobs/every", json=sent)) == {
        "/number": "float_parsing",
        "/names/1": "string_type",
        "/inner/sizes/1": "int_parsing",
        "/inner/sizes/2": "int_type",
        "/a~1b~0c": "unknown_field",
        "/flag": "bool_parsing",
    }


def test_pointers_into_an_envelope_lead_into_its_input(client: FlaskClient) -> None:
    assert mistakes_of(client.post("/v1/jobs/every", json={"input": {"number": "soon"}})) == {
        "/number": "float_parsing"
    }


def test_a_missing_field_is_pointed_at_by_its_name(client: FlaskClient) -> None:
    assert mistakes_of(client.post("/v1/jobs/one-file", json={})) == {"/data": "missing"}


def test_the_first_mistake_is_told_in_the_detail(client: FlaskClient) -> None:
    problem = problem_of(client.post("/v1/jobs/every", json={"cuont": 2}), "invalid-input")
    assert problem["detail"].startswith("/cuont: no such field; every takes count, flag, from")


def test_a_field_with_an_alias_is_offered_by_its_alias_alone(client: FlaskClient) -> None:
    problem = problem_of(client.post("/v1/jobs/every", json={"from_": "x"}), "invalid-input")
    assert problem["errors"][0]["type"] == "unknown_field"
    assert "from_," not in problem["detail"]


def test_a_type_may_take_a_field_by_either_of_its_names(client: FlaskClient) -> None:
    for name in ("from", "from_"):
        assert understood(client, "by-name", json={name: "x"}) == {"from": "x"}
        assert understood(client, f"by-name?{name}=x") == {"from": "x"}


def test_a_type_that_is_open_takes_unknown_fields(client: FlaskClient) -> None:
    assert understood(client, "open-ended", json={"name": "a", "more": {"b": [1]}}) == {"name": "a", "more": {"b": [1]}}


def test_a_refusal_repeats_neither_the_input_nor_endlessly_many_mistakes(client: FlaskClient) -> None:
    secret = "hunter2" * 2000
    reply = client.post("/v1/jobs/simulate", json={"seconds": secret, secret: 1})
    assert len(problem_of(reply, "invalid-input")["errors"]) == 2
    assert len(reply.data) < 2_000
    many = client.post("/v1/jobs/simulate", json=dict.fromkeys(map(str, range(50_000)), 1))
    assert len(many.data) < 50_000
    assert 10 <= len(problem_of(many, "invalid-input")["errors"]) <= 200


@pytest.mark.parametrize("number", ["NaN", "inf", "-Infinity", "1e400"])
@pytest.mark.parametrize("form", ["json", "data", "query"])
def test_a_number_that_is_not_finite_is_refused_however_it_is_spelt(
    client: FlaskClient, house: House, number: str, form: str
) -> None:
    sent: dict[str, Any] = {} if form == "query" else {form: {"number": number}}
    reply = client.post(f"/v1/jobs/every{'?number=' + number if form == 'query' else ''}", **sent)
    assert set(mistakes_of(reply).values()) == {"finite_number"}
    assert house.store.jobs == {}


def test_an_integer_beyond_a_double_is_refused(client: FlaskClient) -> None:
    reply = client.post("/v1/jobs/every", data=b'{"number": ' + b"9" * 390 + b"}", content_type="application/json")
    assert "/number" in mistakes_of(reply) or "" in mistakes_of(reply)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("every", {"json": {"number": 0.1, "maybe": None, "from": "x", "when": "2026-01-31T12:00:00+02:00"}}),
        ("every", {"json": {"inner": {"key": "\U0001f600 \u2028 \0", "sizes": [10**30]}}}),
        ("every", {"data": {"number": "1e-300", "from": "x", "when": "2026-01-31"}}),
        ("open-ended", {"json": {"more": [None, True, 1.5, {"null": "null"}]}}),
        ("text-report", {"json": {"text": "a b c", "top": 3}}),
        ("simulate", {"data": {"seconds": "0.5", "kind": "cpu"}}),
    ],
)
def test_what_is_stored_is_what_a_worker_can_read(
    client: FlaskClient, house: House, name: str, sent: dict[str, Any]
) -> None:
    reply = client.post(f"/v1/jobs/{name}", **sent)
    assert reply.status_code == 202, reply.data
    stored = house.store.jobs[reply.json["id"]].submission.input
    model = CATALOGUE[name].input_model
    again = model.model_validate_json(stored, context=STORED)
    assert again.model_dump_json(by_alias=True) == stored or json.loads(again.model_dump_json(by_alias=True)) == (
        json.loads(stored)
    )
