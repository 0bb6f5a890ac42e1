from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.web_fixtures import House, problem_of


def client(folder: Path, **settings: Any) -> FlaskClient:
    return House(folder, **settings).gateway()


def links(client: FlaskClient, host: str, scheme: str = "http") -> tuple[str, str]:
    reply = client.post("/v1/jobs/simulate", json={}, headers={"Host": host}, base_url=f"{scheme}://x")
    assert reply.status_code == 202, reply.data
    gateway, status = reply.json["links"]["type"], reply.headers["Location"]
    return gateway.removesuffix("/v1/job-types/simulate"), status.split("/v1/")[0]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:8000", "localhost"),
        ("localhost", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("jobs.example.org:9999", "jobs.example.org"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("[::1]:8000", "[::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[::ffff:192.0.2.1]:8000", "[::ffff:192.0.2.1]"),
    ],
)
def test_links_lead_to_the_host_that_the_client_used_with_each_services_port(
    tmp_path: Path, host: str, name: str
) -> None:
    assert links(client(tmp_path), host) == (f"http://{name}:8000", f"http://{name}:8001")


def test_links_keep_the_scheme_and_the_ports_that_are_set(tmp_path: Path) -> None:
    own = client(tmp_path, gateway_port=9000, status_port=9001)
    assert links(own, "a.example", "https") == ("https://a.example:9000", "https://a.example:9001")


def test_public_urls_come_before_the_host(tmp_path: Path) -> None:
    both = {"gateway_public_url": "https://in.example", "status_public_url": "https://out.example"}
    assert links(client(tmp_path, **both), "other.example") == ("https://in.example", "https://out.example")


def test_a_public_url_for_one_service_leaves_the_other_to_the_host(tmp_path: Path) -> None:
    one = client(tmp_path, status_public_url="https://out.example")
    assert links(one, "a.example") == ("http://a.example:8000", "https://out.example")


BAD_HOSTS = ["a b", "a/b", "a@b", "a?b", "a#b", "a:b", "a:", ":8000", "[::1", "[zz]", 'a"b', "a,b", "a:80000000", "é"]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_what_is_no_host_name_gets_into_no_link(tmp_path: Path, host: str) -> None:
    house = House(tmp_path)
    reply = house.gateway().post("/v1/jobs/simulate", json={}, headers={"Host": host})
    problem_of(reply, "untrusted-host")
    assert house.store.jobs == {}


def test_only_trusted_hosts_are_served_where_they_are_named(tmp_path: Path) -> None:
    own = client(tmp_path, trusted_hosts="a.example,.b.example")
    for host in ("a.example", "a.example:8000", "b.example", "deep.b.example"):
        assert own.get("/livez", headers={"Host": host}).status_code == 200
    for host in ("c.example", "a.example.c.example", "xa.example", "localhost"):
        for path in ("/livez", "/v1/job-types", "/nowhere", "/problems/not-found"):
            problem_of(own.get(path, headers={"Host": host}), "untrusted-host")


def test_an_untrusted_host_is_not_repeated(tmp_path: Path) -> None:
    reply = client(tmp_path, trusted_hosts="a.example").get("/livez", headers={"Host": "evil.example"})
    assert b"evil" not in reply.data
