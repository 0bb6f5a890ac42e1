"""`/docs`, the problem pages, and what all pages have in common."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import BaseModel, Field

from services.jobs import job_type
from services.jobs.job_type import ATTRIBUTE
from services.web.openapi import Part
from services.web.pages import rich
from services.web.problem_pages import ORIGINS
from services.web.problem_types import PROBLEM_TYPES
from tests.web.html import Page, check
from tests.web_fixtures import GATEWAY, STATUS, House

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}
PAGES = ["/", "/docs", "/problems/", "/problems/invalid-input", "/problems/worker-lost"]
both_services = pytest.mark.parametrize("service", ["gateway", "status"])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def client(house: House, service: str) -> FlaskClient:
    found: FlaskClient = getattr(house, service)()
    return found


def page_at(client: FlaskClient, path: str) -> Page:
    reply = client.get(path, headers=BROWSER)
    assert (reply.status_code, reply.mimetype) == (200, "text/html"), reply.data[:200]
    return Page(reply.text)


def document_of(client: FlaskClient) -> Part:
    document: Part = client.get("/openapi.json").json
    return document


def operations(document: Part) -> Iterator[Part]:
    for methods in document["paths"].values():
        yield from methods.values()


@both_services
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound_offline_and_within_its_policy(client: FlaskClient, path: str) -> None:
    page = page_at(client, path)
    check(page)
    for target in page.loads:
        loaded = client.get(target)
        assert loaded.status_code == 200 and loaded.data
        assert loaded.headers["X-Content-Type-Options"] == "nosniff"


@both_services
@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_foreign_and_inline_scripts_and_frames(client: FlaskClient, path: str) -> None:
    reply = client.get(path, headers=BROWSER)
    rules = {rule.split()[0]: rule.split()[1:] for rule in reply.headers["Content-Security-Policy"].split("; ")}
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == ["'self'"]
    assert reply.headers["X-Frame-Options"] == "DENY"


@both_services
def test_a_page_is_sent_again_only_when_it_has_changed(client: FlaskClient) -> None:
    for path in (*PAGES, "/static/coatcheck.css"):
        etag = client.get(path, headers=BROWSER).headers["ETag"]
        again = client.get(path, headers={**BROWSER, "If-None-Match": etag})
        assert (again.status_code, again.data) == (304, b""), path


@both_services
def test_scripts_and_styles_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    for name in ("coatcheck.css", "coatcheck.svg", "gateway.js", "status.js", "ticket.js"):
        text = client.get(f"/static/{name}").text
        assert not re.findall(r"""(?:import|url\(|src=|href=)[^;]*?["'(]?https?:""", text), name
    assert client.get("/static/nothing.js").status_code == 404


@both_services
def test_the_docs_show_every_operation_with_parameters_replies_and_a_command(client: FlaskClient, service: str) -> None:
    page, document = page_at(client, "/docs"), document_of(client)
    for operation in operations(document):
        assert operation["operationId"] in page.ids
        assert operation["summary"].replace("`", "") in page.text
        for parameter in operation.get("parameters", []):
            if "name" in parameter:
                assert parameter["name"] in page.text
    assert page.text.count("curl ") >= len(list(operations(document)))
    assert "$GATEWAY" not in page.text and "$STATUS" not in page.text
    assert (GATEWAY if service == "gateway" else STATUS) in page.text


@both_services
def test_the_docs_show_every_schema_and_problem(client: FlaskClient) -> None:
    page, document = page_at(client, "/docs"), document_of(client)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(page.ids)
    links = {link["href"] for link in page.all("a") if "href" in link}
    slugs = {slug for name in document["components"]["responses"] for slug in name.split(".")}
    assert {f"/problems/{slug}" for slug in slugs} <= links


class Sly(BaseModel):
    """A <script>alert(1)</script> in its description."""

    name: str = Field(default="<b>", description="A `<img src=x onerror=alert(1)>`")


@job_type(example={"name": "'; rm -rf ~ #</script>"})
def sly(inputs: Sly) -> Sly:
    """Tries to get <script>alert(1)</script> into the page.

    And </p><script>alert(2)</script> once more.
    """
    return inputs


def test_what_a_job_type_says_of_itself_is_shown_and_not_run(house: House) -> None:
    kind = getattr(sly, ATTRIBUTE)
    client = house.gateway(catalogue={kind.name: kind})
    for path in ("/", "/docs"):
        page = page_at(client, path)
        check(page)
        assert "<script>alert(1)</script>" in page.text
    commands = page_at(client, "/docs").text
    assert "'\"'\"'; rm -rf ~ #" in commands, "the example is quoted for a shell"


@both_services
@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_people_and_programs_get_every_problem_explained_each_in_their_form(client: FlaskClient, slug: str) -> None:
    kind = PROBLEM_TYPES[slug]
    page = page_at(client, kind.uri)
    check(page)
    for said in (kind.title, kind.meaning.replace("`", ""), kind.mend.replace("`", "")):
        assert said in page.text
    assert "$GATEWAY" not in page.text and "$STATUS" not in page.text
    reply = client.get(kind.uri, headers={"Accept": "application/json"})
    assert reply.json["title"] == kind.title
    assert "Accept" in reply.headers["Vary"]


@both_services
def test_a_problem_is_shown_as_clients_meet_it(client: FlaskClient) -> None:
    shown = re.search(r"How it looks\s*(\{.*?\n\})", page_at(client, "/problems/invalid-input").text, re.DOTALL)
    assert shown and json.loads(shown[1])["errors"][0].keys() == {"pointer", "detail", "type"}
    shown = re.search(r"How it looks\s*(\{.*?\n\})", page_at(client, "/problems/job-timeout").text, re.DOTALL)
    assert shown and json.loads(shown[1])["error"]["origin"] == "timeout"


def test_every_failure_of_a_job_has_an_origin() -> None:
    assert ORIGINS.keys() == {slug for slug, kind in PROBLEM_TYPES.items() if kind.status < 400}


@both_services
def test_an_unknown_problem_is_not_found(client: FlaskClient) -> None:
    for name in ("nothing", "<script>", "..%2f..%2fetc%2fpasswd"):
        assert client.get(f"/problems/{name}", headers=BROWSER).status_code == 404


def test_plain_text_becomes_paragraphs_lists_and_code_and_never_markup() -> None:
    html = rich("One `<b>` & two.\n\n- first\n- `second`")
    assert html == ("<p>One <code>&lt;b&gt;</code> &amp; two.</p>\n<ul><li>first</li><li><code>second</code></li></ul>")
