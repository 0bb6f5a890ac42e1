"""What the gateway does not take, with the right status code and nothing left behind."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web_fixtures import House, problem_of

JSON = "application/json"


@pytest.fixture(autouse=True)
def _nothing_is_left(house: House) -> Any:
    yield
    assert house.store.jobs == {} and house.stored() == []


def test_an_unknown_job_type_is_refused_with_those_that_there_are(client: FlaskClient) -> None:
    problem = problem_of(client.post("/v1/jobs/no-such-type", json={}), "no-such-job-type")
    assert "simulate" in problem["known"] and "'no-such-type'" in problem["detail"]


@pytest.mark.parametrize("name", ["x" * 10_000, "%00", "%ff%fe", "simulate%0a", "Simulate", "'\"<script>", "%ed%a0%80"])
def test_an_odd_name_is_no_job_type(client: FlaskClient, name: str) -> None:
    reply = client.post(f"/v1/jobs/{name}", json={})
    problem_of(reply, "no-such-job-type")
    assert len(reply.data) < 1_000


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/", "/v1/jobs", "/v1/jobs/", "/v1/jobs/simulate/", "/v1/jobs/a/b", "/../etc/passwd"]
)
def test_a_path_that_leads_nowhere_is_not_found(client: FlaskClient, path: str) -> None:
    for method in ("GET", "POST"):
        reply = client.open(path, method=method)
        problem_of(reply, "not-found")
        assert path.strip("/.").split("/")[0] in reply.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/jobs/simulate", {"POST", "DELETE", "OPTIONS"}),
        ("PATCH", "/v1/jobs/simulate", {"POST", "DELETE", "OPTIONS"}),
        ("GET", "/v1/jobs/simulate", {"POST", "DELETE", "OPTIONS"}),
        ("POST", "/v1/job-types", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/livez", {"GET", "HEAD", "OPTIONS"}),
        ("BREW", "/livez", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_are(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    reply = client.open(path, method=method)
    problem_of(reply, "method-not-allowed")
    assert set(reply.headers["Allow"].split(", ")) == allowed


def test_options_says_what_may_be_done(client: FlaskClient) -> None:
    reply = client.options("/v1/jobs/simulate")
    assert reply.status_code in (200, 204)
    assert "POST" in reply.headers["Allow"]


@pytest.mark.parametrize("media_type", ["text/xml", "application/octet-stream", "image/png", "nonsense", "a/b; c=d"])
@pytest.mark.parametrize("kind", ["every", "one-file", "two-files"])
def test_a_media_type_that_is_not_taken_is_told_which_are(client: FlaskClient, kind: str, media_type: str) -> None:
    reply = client.post(f"/v1/jobs/{kind}", data=b"<a/>", content_type=media_type)
    problem = problem_of(reply, "unsupported-media-type")
    assert problem["accepts"][:3] == [JSON, "application/x-www-form-urlencoded", "multipart/form-data"]
    assert ("text/plain" in problem["accepts"]) == (kind == "one-file")
    assert reply.headers["Accept-Post"] == ", ".join(problem["accepts"])


def test_a_raw_body_for_a_type_of_two_files_is_refused(client: FlaskClient) -> None:
    problem_of(client.post("/v1/jobs/two-files", data=b"a", content_type="text/plain"), "unsupported-media-type")


def test_a_body_without_a_media_type_is_refused(client: FlaskClient) -> None:
    detail = problem_of(client.post("/v1/jobs/every", data=b"a=b"), "unsupported-media-type")["detail"]
    assert "Content-Type is missing" in detail


@pytest.mark.parametrize("media_type", [JSON, "text/plain"])
def test_a_body_of_unknown_length_is_refused(client: FlaskClient, media_type: str) -> None:
    reply = client.post("/v1/jobs/one-file", content_type=media_type)
    problem_of(reply, "length-required")


@pytest.mark.parametrize("coding", ["gzip", "br", "x-unknown", "identity, gzip", "GZIP"])
@pytest.mark.parametrize("media_type", [JSON, "text/plain", "application/x-www-form-urlencoded"])
def test_a_compressed_body_is_refused_and_not_misread(client: FlaskClient, coding: str, media_type: str) -> None:
    headers = {"Content-Encoding": coding}
    reply = client.post("/v1/jobs/one-file", data=b"{}", content_type=media_type, headers=headers)
    problem_of(reply, "unsupported-media-type")
    assert reply.headers["Accept-Encoding"] == "identity"


def test_a_body_as_it_is_may_say_so(client: FlaskClient) -> None:
    headers = {"Content-Encoding": "identity"}
    assert client.post("/v1/jobs/every?validate=true", json={}, headers=headers).status_code == 200


@pytest.mark.parametrize("accept", ["image/png", "text/csv, image/*;q=0.5", "application/json;q=0"])
def test_a_client_that_accepts_no_json_is_refused(client: FlaskClient, accept: str) -> None:
    headers = {"Accept": accept}
    problem_of(client.post("/v1/jobs/every", json={}, headers=headers), "not-acceptable")
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type="text/plain", headers=headers)
    problem_of(reply, "not-acceptable")


@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/*", "text/html, application/json;q=0.1", "text/csv;q=0.5, */*;q=0.1", "APPLICATION/JSON", ""],
)
def test_a_client_that_accepts_json_among_others_is_served(client: FlaskClient, accept: str) -> None:
    reply = client.post("/v1/jobs/every?validate=true", json={}, headers={"Accept": accept})
    assert reply.status_code == 200, reply.data


def chunked(body: Any) -> dict[str, Any]:
    """A body without Content-Length, as servers hand it on."""
    stream = io.BytesIO(body) if isinstance(body, bytes) else body
    return {"environ_overrides": {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input": stream}}


@pytest.mark.parametrize(
    ("kind", "media_type", "limit"),
    [
        ("every", JSON, 2_000),
        ("every", "application/x-www-form-urlencoded", 2_000),
        ("one-file", JSON, 1_000),
        ("one-file", "application/x-www-form-urlencoded", 1_100),
        ("one-file", "multipart/form-data; boundary=b", 1_100),
    ],
)
def test_a_body_beyond_its_limit_is_too_large_with_and_without_a_length(
    client: FlaskClient, kind: str, media_type: str, limit: int
) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="label"\r\n\r\n' + b"x" * limit
    for sent in ({"data": body}, chunked(body)):
        reply = client.post(f"/v1/jobs/{kind}", content_type=media_type, **sent)
        problem = problem_of(reply, "too-large")
        assert problem["limit"] == limit and f"{limit} bytes" in problem["detail"]


def test_a_form_of_too_many_parts_is_too_large(client: FlaskClient) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    reply = client.post(
        "/v1/jobs/csv-profile", data=part * 1_001 + b"--b--\r\n", content_type="multipart/form-data; boundary=b"
    )
    problem_of(reply, "too-large")


def test_a_text_field_beyond_what_forms_may_hold_is_too_large(client: FlaskClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"x" * 1_100_000 + b"\r\n--b--\r\n"
    reply = client.post("/v1/jobs/text-report", data=body, content_type="multipart/form-data; boundary=b")
    problem_of(reply, "too-large")


@pytest.mark.parametrize("media_type", [JSON, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_cut_short_is_refused(client: FlaskClient, media_type: str) -> None:
    reply = client.post(
        "/v1/jobs/one-file",
        input_stream=io.BytesIO(b'{"label"'),
        content_type=media_type,
        environ_overrides={"CONTENT_LENGTH": "50"},
    )
    assert problem_of(reply, "bad-body")["detail"] == "The body ended after 8 of 50 bytes."


class Late(io.RawIOBase):
    """A body that brings a little and then nothing more, as a socket whose time limit runs out."""

    def __init__(self, first: bytes) -> None:
        super().__init__()
        self._first = first

    def read(self, size: int = -1) -> bytes:
        data, self._first = self._first[:size], self._first[size:]
        if not data:
            raise TimeoutError("timed out")
        return data


@pytest.mark.parametrize(
    ("media_type", "first"),
    [
        (JSON, b'{"label": "'),
        ("text/plain", b"abc"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\nContent-Type: text/plain\r\n\r\nabc',
        ),
    ],
)
def test_a_body_that_does_not_arrive_in_time_is_a_408(client: FlaskClient, media_type: str, first: bytes) -> None:
    reply = client.post("/v1/jobs/one-file", content_type=media_type, **chunked(Late(first)))
    problem_of(reply, "request-timeout")
    assert reply.headers["Connection"] == "close"
