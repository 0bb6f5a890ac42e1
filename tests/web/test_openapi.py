"""Both OpenAPI documents: valid, complete, and true."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.gateway.inputs import accepted_types
from services.gateway.openapi import gateway_document
from services.gateway.options import Options
from services.jobs.catalogue import discover
from services.jobs.job_type import OPTION_NAMES
from services.status.openapi import status_document
from services.web.openapi import VERSION
from services.web.problem_types import PROBLEM_TYPES
from services.webhooks.message import body_of
from tests.web_fixtures import CATALOGUE, House

ROOT = Path(__file__).parents[2]
OURS = discover("services.job_types")
DOCUMENTS = {
    "gateway": gateway_document(OURS),
    "gateway of odd types": gateway_document(CATALOGUE, "https://jobs.example.org", keyed=True),
    "status": status_document(),
    "status with keys": status_document("https://status.example.org", keyed=True),
}
every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator for one schema of a document, with its references."""
    return Draft202012Validator({**schema, "components": document["components"]})


def media(part: object) -> Iterator[dict[str, Any]]:
    """Every media type's object, wherever it stands."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "content":
                yield from value.values()
            yield from media(value)
    elif isinstance(part, list):
        for entry in part:
            yield from media(entry)


@every_document
def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    errors = list(OpenAPIV31SpecValidator(document).iter_errors())
    assert not errors, errors


@every_document
def test_nothing_is_referred_to_elsewhere_and_no_component_is_left_over(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)))
    there = {
        f"#/components/{kind}/{name}"
        for kind, parts in document["components"].items()
        for name in parts
        if kind not in ("securitySchemes", "callbacks")
    }
    assert {name for name in references if "callbacks" not in name} == there


@every_document
def test_operation_ids_are_unique_and_links_lead_to_them(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'"links": .*?"operationId": "(\w+)"', json.dumps(document))) <= set(ids)


@every_document
def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    seen = 0
    for body in media(document):
        examples = [body["example"]] if "example" in body else []
        examples += [one["value"] for one in body.get("examples", {}).values() if "value" in one]
        for example in examples:
            validator(document, body["schema"]).validate(example)
            seen += 1
    for parameter in document["components"]["parameters"].values():
        if "example" in parameter:
            validator(document, parameter["schema"]).validate(parameter["example"])
            seen += 1
    assert seen > 10


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_every_route_is_described_and_every_description_is_a_route(service: str, house: House) -> None:
    app = getattr(house, service)().application
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/static/")
    }
    document = gateway_document(CATALOGUE) if service == "gateway" else status_document()
    described = {(method, path) for method, path, _ in operations(document)}
    submissions = {("POST", f"/v1/jobs/{name}") for name in CATALOGUE} if service == "gateway" else set()
    assert described - submissions == routes - {("POST", "/v1/jobs/{name}")}
    assert submissions <= described


@pytest.mark.parametrize("name", OURS)
def test_each_job_type_is_described_with_every_form_in_which_it_is_taken(name: str) -> None:
    kind = OURS[name]
    content = DOCUMENTS["gateway"]["paths"][f"/v1/jobs/{name}"]["post"]["requestBody"]["content"]
    needs_file = any(kind.input_model.model_fields[field].is_required() for field in kind.files)
    without_files = {"application/json", "application/x-www-form-urlencoded"}
    assert set(content) == set(accepted_types(kind)) - (without_files if needs_file else set())


def test_the_options_are_all_described_and_are_those_of_the_code() -> None:
    names = {info.alias or name for name, info in Options.model_fields.items()}
    assert names == OPTION_NAMES
    for method, path, operation in operations(DOCUMENTS["gateway"]):
        if method == "POST":
            told = {entry["name"]: entry for entry in operation["parameters"] if "name" in entry}
            assert names <= told.keys(), path
            assert all(told[name]["description"] for name in names)


def test_every_problem_that_a_reply_may_be_is_described() -> None:
    described = {
        slug
        for name in ("gateway", "status")
        for response in DOCUMENTS[name]["components"]["responses"]
        for slug in response.split(".")
    }
    elsewhere = {"method-not-allowed"}
    assert described | elsewhere == {slug for slug, kind in PROBLEM_TYPES.items() if kind.status >= 400}


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_with_api_keys_submitting_and_listing_ask_for_one() -> None:
    submit = DOCUMENTS["gateway of odd types"]["paths"]["/v1/jobs/simulate"]["post"]
    assert submit["security"] == [{"key": []}]
    assert DOCUMENTS["status with keys"]["paths"]["/v1/jobs"]["get"]["security"] == [{"key": []}]
    assert {} in DOCUMENTS["gateway"]["paths"]["/v1/jobs/simulate"]["post"]["security"]


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_the_document_is_served_with_an_etag(service: str, house: House) -> None:
    client: FlaskClient = getattr(house, service)()
    reply = client.get("/openapi.json")
    assert reply.mimetype == "application/json"
    assert reply.json["openapi"].startswith("3.1")
    again = client.get("/openapi.json", headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def undeclared(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "") -> Iterator[str]:
    """Members of `value` that its schema does not name, however deep."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for entry in value:
            yield from undeclared(document, schema.get("items", {}), entry, f"{where}[]")
    if isinstance(value, dict) and "properties" in schema:
        for name, member in value.items():
            if name not in schema["properties"]:
                yield f"{where}.{name}"
            else:
                yield from undeclared(document, schema["properties"][name], member, f"{where}.{name}")


def fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    validator(document, schema).validate(value)
    assert not list(undeclared(document, schema, value))


def jobs_of_every_state(house: House) -> dict[str, str]:
    jobs = {"succeeded": house.finish(files=FILES), "failed": house.finish("failed", problem=FAILURE)}
    jobs["cancelled"] = house.accept()
    house.store.cancel(jobs["cancelled"])
    jobs["cancelling"] = house.accept()
    house.claim()
    house.store.cancel(jobs["cancelling"])
    jobs["running"] = house.accept(trace="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    [run] = house.store.claim("another worker")
    house.store.progress(run, 40.0, "step 2")
    jobs["queued"] = house.accept()
    return jobs


FILES = '[{"name":"a.png","slug":"a.png","media_type":"image/png","size":3,"key":"k","etag":"e"}]'
FAILURE = '{"type":"/problems/job-raised","title":"The job raised","detail":"Why","origin":"job"}'


def test_job_documents_of_every_state_are_as_described_on_both_services(house: House) -> None:
    status, gateway = house.status(), house.gateway()
    for state, job_id in jobs_of_every_state(house).items():
        reply = status.get(f"/v1/jobs/{job_id}")
        assert reply.json["state"] == state
        fits(DOCUMENTS["status"], {"$ref": "#/components/schemas/Job"}, reply.json)
        if state in ("queued", "succeeded", "cancelling"):
            cancelled = gateway.delete(f"/v1/jobs/{job_id}").json
            fits(DOCUMENTS["gateway"], {"$ref": "#/components/schemas/Job"}, cancelled)


def described(document: dict[str, Any], method: str, path: str, code: int) -> dict[str, Any]:
    """The response that the document has for this status code, with its references followed."""
    response = document["paths"][path][method.lower()]["responses"].get(str(code))
    assert response, f"{method} {path} does not describe {code}"
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = response
    return found


BROKEN = {"data": "{", "content_type": "application/json"}
REQUESTS: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("gateway", "GET", "/", "/", {}),
    ("gateway", "GET", "/v1/job-types", "/v1/job-types", {}),
    ("gateway", "GET", "/v1/job-types/csv-profile", "/v1/job-types/{name}", {}),
    ("gateway", "GET", "/v1/job-types/nothing", "/v1/job-types/{name}", {}),
    ("gateway", "GET", "/v1/job-types/csv-profile/examples/table", "/v1/job-types/{name}/examples/{field}", {}),
    ("gateway", "GET", "/v1/job-types/csv-profile/examples/none", "/v1/job-types/{name}/examples/{field}", {}),
    ("gateway", "GET", "/problems/", "/problems/", {}),
    ("gateway", "GET", "/problems/invalid-input", "/problems/{slug}", {}),
    ("gateway", "GET", "/problems/nothing", "/problems/{slug}", {}),
    ("gateway", "GET", "/livez", "/livez", {}),
    ("gateway", "GET", "/readyz", "/readyz", {}),
    ("gateway", "POST", "/v1/jobs/text-report", "/v1/jobs/text-report", {"json": {"text": "to be"}}),
    ("gateway", "POST", "/v1/jobs/text-report?validate=true", "/v1/jobs/text-report", {"json": {"text": "to be"}}),
    ("gateway", "POST", "/v1/jobs/text-report", "/v1/jobs/text-report", {"json": {"text": 1, "top": 0}}),
    (
        "gateway",
        "POST",
        "/v1/jobs/text-report",
        "/v1/jobs/text-report",
        {"data": "{", "content_type": "application/json"},
    ),
    ("gateway", "POST", "/v1/jobs/text-report", "/v1/jobs/text-report", {"data": "<a/>", "content_type": "text/xml"}),
    ("gateway", "DELETE", "/v1/jobs/nothing", "/v1/jobs/{job_id}", {}),
    ("gateway", "DELETE", "/v1/session", "/v1/session", {}),
    ("status", "GET", "/", "/", {}),
    ("status", "GET", "/v1/jobs", "/v1/jobs", {}),
    ("status", "GET", "/v1/jobs?state=asleep", "/v1/jobs", {}),
    ("status", "GET", "/v1/jobs", "/v1/jobs", {"headers": {"Accept": "text/csv"}}),
    ("status", "GET", "/v1/jobs/nothing", "/v1/jobs/{job_id}", {}),
    ("status", "GET", "/v1/jobs/{job}/result", "/v1/jobs/{job_id}/result", {}),
    ("status", "GET", "/v1/jobs/{failed}/result", "/v1/jobs/{job_id}/result", {}),
    ("status", "GET", "/v1/jobs/{job}/files/nothing", "/v1/jobs/{job_id}/files/{slug}", {}),
    ("status", "GET", "/v1/jobs/{job}/deliveries", "/v1/jobs/{job_id}/deliveries", {}),
    ("status", "GET", "/v1/jobs/{job}?redirect=true", "/v1/jobs/{job_id}", {}),
]


@pytest.mark.parametrize(("service", "method", "url", "path", "options"), REQUESTS)
def test_replies_are_as_described(
    house: House, service: str, method: str, url: str, path: str, options: dict[str, Any]
) -> None:
    document = DOCUMENTS[service]
    url = url.replace("{job}", house.finish()).replace("{failed}", house.finish("failed", problem=FAILURE))
    reply = getattr(house, service)().open(url, method=method, **options)
    response = described(document, method, path, reply.status_code)
    for name in response["headers"]:
        required = document["components"]["headers"][name]["required"]
        assert name in reply.headers or not required, f"{name} is promised"
    content = response.get("content", {})
    if reply.mimetype in ("application/json", "application/problem+json") and reply.data:
        validator(document, content[reply.mimetype]["schema"]).validate(reply.json)
    elif reply.data:
        assert reply.mimetype in content or "*/*" in content
    reply.close()


def test_an_event_of_a_job_is_as_described(house: House) -> None:
    job = house.store.read(house.finish(accepted={"callback": "https://example.org/", "origins": "http://a http://b"}))
    assert job is not None and job.record is not None
    fits(DOCUMENTS["gateway"], {"$ref": "#/components/schemas/Event"}, json.loads(body_of(job.record)))
