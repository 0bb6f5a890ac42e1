import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter

from services.jobs.job_type import JobType
from tests.web_fixtures import CATALOGUE, GATEWAY, House, problem_of

EXAMPLES = [(name, field) for name, kind in CATALOGUE.items() for field in kind.example_files]


def test_every_job_type_is_listed_with_its_links(client: FlaskClient) -> None:
    listed = {entry["name"]: entry for entry in client.get("/v1/job-types").json["job_types"]}
    assert list(listed) == list(CATALOGUE)
    assert listed["simulate"]["summary"] == CATALOGUE["simulate"].summary
    assert listed["simulate"]["links"] == {
        "self": f"{GATEWAY}/v1/job-types/simulate",
        "submit": f"{GATEWAY}/v1/jobs/simulate",
    }


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_job_type_tells_all_that_a_client_needs(client: FlaskClient, kind: JobType) -> None:
    shown: dict[str, Any] = client.get(f"/v1/job-types/{kind.name}").json
    assert shown["name"] == kind.name
    assert shown["input"] == json.loads(json.dumps(kind.input_model.model_json_schema()))
    assert shown["result"]["type"] == "object"
    assert shown["example"] == json.loads(TypeAdapter(dict[str, Any]).dump_json(dict(kind.example)))
    assert set(shown["example_files"]) == set(kind.example_files)
    assert shown["accepts"][:3] == ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    limits = {"body": kind.max_body, "timeout": kind.timeout, "attempts": kind.max_attempts, "keep": kind.keep}
    assert limits.items() <= shown["limits"].items()
    for name, rule in kind.files.items():
        assert shown["files"][name] == {"accepts": list(rule.accepts), "max_bytes": rule.max_bytes}


@pytest.mark.parametrize("name", ["csv-profile", "image-thumbnails", "simulate", "text-report"])
def test_the_example_of_a_job_type_is_taken_as_it_is_told(house: House, client: FlaskClient, name: str) -> None:
    shown: dict[str, Any] = client.get(f"/v1/job-types/{name}").json
    sent = dict(shown["example"])
    for field, file in shown["example_files"].items():
        with client.get(file["url"].removeprefix(GATEWAY)) as content:
            sent[field] = (content.get_data(), file["name"], file["media_type"])
    if not shown["example_files"]:
        assert client.post(f"/v1/jobs/{name}", json=sent).status_code == 202
        return
    fields = {key: _as_part(value) for key, value in sent.items()}
    reply = client.post(f"/v1/jobs/{name}", data=fields, content_type="multipart/form-data")
    assert reply.status_code == 202, reply.data
    assert len(house.stored()) == len(shown["example_files"])


def _as_part(value: Any) -> Any:
    if isinstance(value, tuple):
        return (io.BytesIO(value[0]), *value[1:])
    return [str(one) for one in value] if isinstance(value, list) else str(value)


@pytest.mark.parametrize(("name", "field"), EXAMPLES)
def test_an_example_file_can_be_had(client: FlaskClient, name: str, field: str) -> None:
    path = CATALOGUE[name].example_files[field]
    with client.get(f"/v1/job-types/{name}/examples/{field}") as reply:
        assert reply.status_code == 200 and reply.get_data() == path.read_bytes()
        assert reply.mimetype in CATALOGUE[name].files[field].accepts
        assert reply.headers["Content-Disposition"] == f"attachment; filename={path.name}"


def test_what_there_is_not_is_not_found(client: FlaskClient) -> None:
    problem_of(client.get("/v1/job-types/none"), "no-such-job-type")
    problem_of(client.get("/v1/job-types/none/examples/image"), "no-such-job-type")
    problem_of(client.get("/v1/job-types/simulate/examples/image"), "no-such-file")
    problem_of(client.get("/v1/job-types/csv-profile/examples/..%2f..%2fetc%2fpasswd"), "not-found")
