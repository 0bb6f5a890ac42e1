"""`/` of the gateway: for people a page with a form for each job type, for programs the service document."""

import hashlib
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from services.jobs.catalogue import discover
from tests.web.html import Page, check
from tests.web_fixtures import CATALOGUE, GATEWAY, STATUS, House

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PEOPLE = ["text/html", BROWSER, "text/html, application/json;q=0.5"]
PROGRAMS = ["", "*/*", "application/json", "application/json, text/html", "text/html;q=0.5, application/json"]


def front(client: FlaskClient) -> Page:
    return Page(client.get("/", headers={"Accept": "text/html"}).text)


@pytest.mark.parametrize("accept", PEOPLE)
def test_people_get_the_page(client: FlaskClient, accept: str) -> None:
    reply = client.get("/", headers={"Accept": accept})
    assert reply.mimetype == "text/html"
    assert "Accept" in reply.headers["Vary"]


@pytest.mark.parametrize("accept", PROGRAMS)
def test_programs_get_the_service_document(client: FlaskClient, accept: str) -> None:
    reply = client.get("/", headers={"Accept": accept} if accept else {})
    assert reply.mimetype == "application/json"
    assert reply.json["service"] == "gateway"
    assert "Accept" in reply.headers["Vary"]


def test_every_link_of_the_service_document_is_absolute_and_leads_somewhere(house: House) -> None:
    clients = {urlsplit(GATEWAY).netloc: house.gateway(), urlsplit(STATUS).netloc: house.status()}
    for client in clients.values():
        for name, link in client.get("/").json["links"].items():
            parts = urlsplit(link)
            assert parts.netloc in clients, f"{name}: {link}"
            if "{" not in link:
                assert clients[parts.netloc].get(parts.path).status_code == 200, link


def test_the_page_has_a_form_for_each_job_type_with_every_field(client: FlaskClient) -> None:
    page = front(client)
    check(page)
    assert {form["action"] for form in page.all("form")} == {f"/v1/jobs/{name}" for name in CATALOGUE}
    for name, kind in CATALOGUE.items():
        fields = kind.input_model.model_fields
        assert {f"{name}-{info.alias or field}" for field, info in fields.items()} <= set(page.ids)


def test_the_forms_are_filled_with_the_example(client: FlaskClient) -> None:
    values = {one["id"]: one.get("value") for one in front(client).all("input") if "data-kind" in one}
    example = CATALOGUE["simulate"].example
    assert {name: values[f"simulate-{name}"] for name in example} == {
        name: str(value) for name, value in example.items()
    }
    assert values["image-thumbnails-sizes"] == "64, 256, 1024"


def test_a_file_field_takes_what_the_job_type_takes_and_offers_its_example(client: FlaskClient) -> None:
    (table,) = (one for one in front(client).all("input") if one.get("id") == "csv-profile-table")
    assert table["accept"].split(",") == list(CATALOGUE["csv-profile"].files["table"].accepts)
    with client.get(table["data-example"]) as example:
        assert example.status_code == 200


def test_every_kind_of_field_is_asked_for_in_its_own_way(house: House) -> None:
    page = front(house.gateway(catalogue=discover("tests.gateway.kinds")))
    check(page)
    controls = {one["id"]: one["data-kind"] for tag in ("input", "textarea", "select") for one in page.all(tag)}
    wanted = {"number": "number", "count": "number", "flag": "flag", "when": "line", "names": "list", "inner": "json"}
    assert {name: controls[f"every-{name}"] for name in wanted} == wanted


def test_an_api_key_is_asked_for_only_where_one_is_needed(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = f"ada:{hashlib.sha256(b'secret').hexdigest()}"
    keyed = House(tmp_path_factory.mktemp("keyed"), api_keys=keys)
    assert "key" in front(keyed.gateway()).ids
    assert "key" not in front(house.gateway()).ids
    assert keys not in keyed.gateway().get("/", headers={"Accept": "text/html"}).text


def test_the_page_may_talk_to_both_services_and_to_nobody_else(client: FlaskClient) -> None:
    policy = client.get("/", headers={"Accept": "text/html"}).headers["Content-Security-Policy"]
    assert f"connect-src 'self' {STATUS};" in policy
    assert f"img-src 'self' {STATUS};" in policy


def test_the_page_is_made_for_the_host_that_the_client_uses(house: House) -> None:
    page = house.gateway().get("/", headers={"Accept": "text/html", "Host": "jobs.example.org:8000"}).text
    assert "http://jobs.example.org:8001" in page and "localhost" not in page and ".invalid" not in page
