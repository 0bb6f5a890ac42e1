"""Pages of other origins, and the methods that every resource answers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.jobs.settings import SettingsError, load_settings
from services.web.cors import as_browsers_write
from tests.web_fixtures import GATEWAY, STATUS, House, problem_of

OTHER = "https://app.example.org"
EXPOSED = (
    "Location Retry-After ETag Link Idempotency-Replayed Preference-Applied RateLimit RateLimit-Policy X-Request-ID"
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def from_page(client: FlaskClient, origin: str, path: str = "/livez", method: str = "GET") -> TestResponse:
    return client.open(path, method=method, headers={"Origin": origin})


def cors(reply: TestResponse) -> tuple[str | None, str | None]:
    """Who may read the reply, and whether cookies may have been sent for it."""
    headers = reply.headers
    return headers.get("Access-Control-Allow-Origin"), headers.get("Access-Control-Allow-Credentials")


def words(reply: TestResponse, name: str) -> set[str]:
    return {word.strip() for line in reply.headers.getlist(name) for word in line.split(",")}


def test_the_two_services_may_read_each_other_with_cookies(house: House) -> None:
    assert cors(from_page(house.status(), GATEWAY)) == (GATEWAY, "true")
    assert cors(from_page(house.gateway(), STATUS)) == (STATUS, "true")


def test_they_may_under_whatever_name_the_client_reached_them(house: House) -> None:
    for host in ("192.0.2.5", "jobs.lan", "[2001:db8::1]"):
        reply = house.status().get("/livez", base_url=f"http://{host}:8001", headers={"Origin": f"http://{host}:8000"})
        assert cors(reply) == (f"http://{host}:8000", "true")


def test_their_public_origins_count_where_they_are_set(tmp_path: Path) -> None:
    house = House(
        tmp_path, gateway_public_url="https://jobs.example.org", status_public_url="https://s.example.org:443"
    )
    assert cors(from_page(house.status(), "https://jobs.example.org")) == ("https://jobs.example.org", "true")
    assert cors(from_page(house.gateway(), "https://s.example.org")) == ("https://s.example.org", "true")
    assert cors(from_page(house.status(), GATEWAY)) == (None, None)


STRANGERS = (OTHER, "null", "*", "http://", "javascript:", "http://localhost", "http://localhost:9000")
STRANGERS += ("https://localhost:8000", "http://localhost:8000.evil.example", "http://evil.example:8000")


@pytest.mark.parametrize("origin", STRANGERS)
def test_pages_of_other_origins_read_nothing_unless_they_are_let_in(house: House, origin: str) -> None:
    reply = from_page(house.status(), origin)
    assert reply.status_code == 200 and cors(reply) == (None, None)
    assert "Access-Control-Expose-Headers" not in reply.headers


@pytest.mark.parametrize("origin", STRANGERS)
def test_any_page_may_read_where_any_is_let_in_but_never_with_cookies(tmp_path: Path, origin: str) -> None:
    house = House(tmp_path, cors_origins="*")
    assert cors(from_page(house.status(), origin)) == ("*", None)
    assert cors(from_page(house.status(), GATEWAY)) == (GATEWAY, "true")


def test_listed_origins_may_read_with_cookies_and_others_not(tmp_path: Path) -> None:
    house = House(tmp_path, cors_origins=f"{OTHER},http://localhost:3000")
    assert cors(from_page(house.gateway(), OTHER)) == (OTHER, "true")
    assert cors(from_page(house.gateway(), "http://localhost:3000")) == ("http://localhost:3000", "true")
    for origin in ("https://app.example.org.evil.example", "http://app.example.org", "https://example.org", ""):
        assert cors(from_page(house.gateway(), origin)) == (None, None)


def test_every_reply_varies_with_the_origin_whether_there_was_one_or_not(house: House) -> None:
    job_id = house.finish()
    for client in (house.gateway(), house.status()):
        for path in ("/", "/livez", "/nothing", f"/v1/jobs/{job_id}"):
            for headers in ({}, {"Origin": GATEWAY}, {"Origin": OTHER}):
                assert "Origin" in words(client.get(path, headers=headers), "Vary")


def test_vary_keeps_what_else_a_reply_depends_on(house: House) -> None:
    assert words(house.status().get("/v1/jobs"), "Vary") == {"Accept", "Authorization", "Cookie", "Origin"}


def test_scripts_may_read_the_headers_of_the_contract_also_in_refusals(house: House) -> None:
    for reply in (from_page(house.status(), GATEWAY), from_page(house.status(), GATEWAY, "/v1/jobs/nothing")):
        assert words(reply, "Access-Control-Expose-Headers") == set(EXPOSED.split())


def preflight(client: FlaskClient, path: str, method: str, origin: str = STATUS) -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "prefer"}
    return client.options(path, headers=headers)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/jobs/simulate", {"POST", "DELETE", "OPTIONS"}),
        ("/v1/session", {"DELETE", "OPTIONS"}),
        ("/v1/job-types", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_preflight_names_the_methods_and_headers_that_may_be_sent(house: House, path: str, methods: set[str]) -> None:
    reply = preflight(house.gateway(), path, "POST")
    assert reply.status_code == 200 and cors(reply) == (STATUS, "true")
    assert words(reply, "Access-Control-Allow-Methods") == words(reply, "Allow") == methods
    allowed = {name.lower() for name in words(reply, "Access-Control-Allow-Headers")}
    assert allowed >= {"content-type", "idempotency-key", "prefer", "authorization", "traceparent", "x-request-id"}
    assert allowed >= {"if-none-match", "range", "if-range", "last-event-id"}
    assert reply.headers["Access-Control-Max-Age"] == "600"


def test_a_preflight_of_a_strange_page_is_answered_without_leave(house: House) -> None:
    reply = preflight(house.gateway(), "/v1/jobs/simulate", "POST", OTHER)
    assert cors(reply) == (None, None) and "Access-Control-Allow-Methods" not in reply.headers


def test_a_host_that_is_not_ours_is_refused_and_its_pages_are_not_let_in(tmp_path: Path) -> None:
    gateway = House(tmp_path, trusted_hosts="localhost").gateway()
    reply = gateway.get("/", base_url="http://evil.example:8000", headers={"Origin": "http://evil.example:8001"})
    problem_of(reply, "untrusted-host")
    assert cors(reply) == (None, None)


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ("http://a:80", "http://a"),
        ("https://a:443", "https://a"),
        ("http://a:8080", "http://a:8080"),
        ("http://a:443", "http://a:443"),
        ("https://A.example", "https://a.example"),
    ],
)
def test_origins_are_compared_as_browsers_write_them(origin: str, written: str) -> None:
    assert as_browsers_write(origin) == written


BAD = ["example.org", "https://a.example/", "https://a.example/path", "*, https://a.example", "ftp://a.example", "null"]


@pytest.mark.parametrize("text", BAD)
def test_a_setting_that_names_no_origins_says_how_to_write_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", text)
    with pytest.raises(SettingsError, match=r"CORS_ORIGINS=.*origins such as https://app\.example\.org"):
        load_settings()


def test_a_setting_in_capitals_and_with_spaces_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", " https://App.Example.org , http://localhost:3000,")
    assert load_settings().cors_origins == "https://app.example.org,http://localhost:3000"


# --- methods -------------------------------------------------------------------------------


def resources(client: FlaskClient, house: House) -> Iterator[tuple[str, set[str]]]:
    """A path of every rule of the service that the client talks to, with the methods that it takes."""
    job_id = house.finish()
    values = {"job_id": job_id, "name": "simulate", "slug": "not-found", "filename": "style.css"}
    adapter = client.application.create_url_adapter(client.application.test_request_context().request)
    assert adapter is not None
    for rule in client.application.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = re.sub(rf"<(\w+:)?{argument}>", values.get(argument, "nothing"), path)
        yield path, set(adapter.allowed_methods(path))


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_options_of_every_resource_names_its_methods(house: House, service: str) -> None:
    client = getattr(house, service)()
    seen = list(resources(client, house))
    assert len(seen) > 10
    for path, methods in seen:
        reply = client.options(path)
        assert (reply.status_code, reply.data) == (200, b""), path
        assert words(reply, "Allow") == methods, path
        assert "OPTIONS" in methods and ("GET" not in methods or "HEAD" in methods), path


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_head_of_every_resource_is_its_get_without_a_body(house: House, service: str) -> None:
    client = getattr(house, service)()
    for path, methods in resources(client, house):
        head = client.head(path)
        assert head.data == b"", path
        if "GET" not in methods:
            assert head.status_code == 405 and words(head, "Allow") == methods, path
            continue
        get = client.get(path, buffered=True)
        assert (head.status_code, head.mimetype) == (get.status_code, get.mimetype), path


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_a_method_that_a_resource_does_not_take_is_refused_with_those_that_it_does(house: House, service: str) -> None:
    client = getattr(house, service)()
    for path, methods in resources(client, house):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods:
            reply = client.open(path, method=method)
            problem_of(reply, "method-not-allowed")
            assert words(reply, "Allow") == methods, (method, path)
