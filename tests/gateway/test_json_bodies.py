"""JSON is read strictly: what is ambiguous or no JSON is a 400, never a 500, and leaves nothing behind."""

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.bad_json import BAD_JSON
from tests.web_fixtures import CATALOGUE, House, problem_of


def send(client: FlaskClient, path: str, body: bytes) -> TestResponse:
    """A JSON body with its length, also where that is nought."""
    length = {"CONTENT_LENGTH": str(len(body))}
    return client.post(f"/v1/jobs/{path}", data=body, content_type="application/json", environ_overrides=length)


TYPES = ["text-report", "simulate", "every", "open-ended", "one-file"]


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json_is_refused_and_nothing_enqueued(client: FlaskClient, house: House, name: str) -> None:
    body, says = BAD_JSON[name]
    for kind in TYPES:
        reply = send(client, kind, body)
        if len(body) > CATALOGUE[kind].max_body:
            problem_of(reply, "too-large")
        else:
            assert says in problem_of(reply, "bad-body")["detail"]
    assert house.store.jobs == {} and house.stored() == []


@pytest.mark.parametrize("options", [b'{"input": {}, "options": {"delay": NaN}}', b'{"input": {"a": 1, "a": 2}}'])
def test_an_envelope_is_read_as_strictly(client: FlaskClient, options: bytes) -> None:
    problem_of(client.post("/v1/jobs/every", data=options, content_type="application/json"), "bad-body")


def test_a_body_longer_than_the_type_takes_is_too_large(client: FlaskClient) -> None:
    body = b'{"from": "' + b"x" * 2_000 + b'"}'
    problem = problem_of(client.post("/v1/jobs/every", data=body, content_type="application/json"), "too-large")
    assert problem["limit"] == 2_000 and "2000 bytes" in problem["detail"]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_the_bytes_the_answer_is_never_an_error_of_ours(client: FlaskClient, body: bytes) -> None:
    for kind in ("every", "open-ended"):
        assert send(client, f"{kind}?validate=true", body).status_code in (200, 400, 422)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["number", "count", "flag", "when", "names", "maybe", "inner", "from", "nothing", "input", "options", "other"]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_whatever_the_values_they_are_taken_or_refused(client: FlaskClient, value: dict[str, object]) -> None:
    for kind in ("every", "open-ended", "one-file", "text-report"):
        reply = client.post(f"/v1/jobs/{kind}", json=value)
        assert reply.status_code in (202, 400, 413, 422), reply.data
