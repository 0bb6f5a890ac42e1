"""What a client asks for beside the path: that it be of this version, and of a type that it takes."""

import json

import pytest
from flask.testing import FlaskClient

from tests.web_fixtures import House, problem_of

FILE = {
    "name": "a.png",
    "media_type": "image/png",
    "slug": "1-a.png",
    "key": "jobs/x/files/1-0",
    "etag": "0123",
    "size": 3,
}
RESOURCES = ["", "/result", "/deliveries", "/files/1-a.png"]


@pytest.fixture
def job(house: House) -> str:
    """The path of a finished job that has a file."""
    house.put(FILE["key"], b"abc")  # type: ignore[arg-type]
    return f"/v1/jobs/{house.finish(files=json.dumps([FILE]))}"


@pytest.mark.parametrize("resource", RESOURCES)
def test_another_version_than_the_one_that_is_wanted_is_not_given(client: FlaskClient, job: str, resource: str) -> None:
    etag = client.get(job + resource).headers["ETag"]
    assert client.get(job + resource, headers={"If-Match": etag}).status_code == 200
    assert client.get(job + resource, headers={"If-Match": "*"}).status_code == 200
    problem_of(client.get(job + resource, headers={"If-Match": '"other"'}), "precondition-failed")


@pytest.mark.parametrize("resource", [*RESOURCES, "/events"])
def test_what_can_not_be_given_as_the_client_takes_it_is_refused(client: FlaskClient, job: str, resource: str) -> None:
    problem_of(client.get(job + resource, headers={"Accept": "text/csv, font/*"}), "not-acceptable")
    assert client.head(job + resource, headers={"Accept": "text/csv"}).status_code == 406


@pytest.mark.parametrize(
    ("resource", "accept"),
    [
        ("", "application/json"),
        ("/result", "application/*"),
        ("/files/1-a.png", "image/*"),
        ("/events", "text/event-stream"),
    ],
)
def test_what_the_client_takes_is_given(client: FlaskClient, job: str, resource: str, accept: str) -> None:
    reply = client.get(job + resource, headers={"Accept": accept})
    assert reply.status_code == 200 and reply.data


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/problems/"])
def test_pages_and_health_are_given_to_whoever_asks(client: FlaskClient, path: str) -> None:
    assert client.get(path, headers={"Accept": "image/png"}).status_code == 200
