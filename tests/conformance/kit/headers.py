"""What every reply carries, on both services: a request id, security headers, and no version of a server."""

import re
from urllib.parse import urlsplit

from tests.conformance.kit.checks import same, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule

PAGES = ("/", "/docs", "/problems/")


def tour(client: Client, **fields: str) -> list[Reply]:
    """One reply of every sort: pages, documents, successes, refusals, a 304, a preflight."""
    own = {name.replace("_", "-"): value for name, value in fields.items()}
    job = client.finished()
    replies = [
        client.get(base + path, own)
        for base in (client.gateway, client.status)
        for path in ("/", "/openapi.json", "/docs", "/livez", "/readyz", "/metrics", "/nothing")
    ]
    etag = client.get(job.location).headers.get("ETag")
    return [
        *replies,
        client.submit(query={"delay": 600}, fields=own),
        client.submit("simulate", {"seconds": "soon"}, fields=own),
        client.post("text-report", "text/xml", b"<a/>", fields=own),
        client.post("text-report", "application/json", b"{", fields=own),
        client.send("PUT", client.type_url("text-report"), own),
        client.send("OPTIONS", client.type_url("text-report"), own),
        client.send("HEAD", job.location, own),
        client.get(job.location, own),
        client.get(job.location, {**own, "If-None-Match": etag}),
        client.get(f"{job.location}/result", own),
        client.get(f"{job.location}?redirect=true", own),
        client.send("POST", job.location, own),
    ]


@rule("Every reply has an X-Request-ID of its own.")
def request_ids(client: Client) -> None:
    seen = [reply.headers.get("X-Request-ID") for reply in _all_with(client, "X-Request-ID")]
    same(len(set(seen)), len(seen), "different request ids")


def _all_with(client: Client, name: str) -> list[Reply]:
    replies = tour(client)
    without = [str(reply) for reply in replies if not reply.headers.get(name)]
    assert not without, f"{name} is missing from {without}"
    return replies


@rule("A well-formed X-Request-ID of the client comes back, also in a refusal.")
def request_id_is_echoed(client: Client) -> None:
    wanted = "kit-7b1f0a52-9c1e-4c0e-8f57-0d9d0c3b1a11"
    for reply in tour(client, X_Request_ID=wanted):
        same(reply.headers.get("X-Request-ID"), wanted, f"X-Request-ID of {reply}")


@rule("A malformed X-Request-ID is replaced, never repeated.")
def malformed_request_ids(client: Client) -> None:
    for value in (
        b"",
        b"a b",
        b"<script>",
        b'"quoted"',
        b"x" * 1000,
        "schlüssel".encode(),
        b"a;b=c",
        b"tab\tbed",
        b"{jndi:ldap://x}",
    ):
        for base in (client.gateway, client.status):
            reply = status_is(client.get(f"{base}/livez", {"X-Request-ID": value}), 200)
            got = reply.headers.get("X-Request-ID")
            assert re.fullmatch(r"[\w.:-]{8,128}", got, re.ASCII), f"X-Request-ID {value[:20]!r} became {got!r}"
            assert got.encode() != value, f"X-Request-ID {value[:20]!r} was repeated"


@rule("Every reply says X-Content-Type-Options: nosniff.")
def nosniff(client: Client) -> None:
    for reply in _all_with(client, "X-Content-Type-Options"):
        same(reply.headers.get("X-Content-Type-Options").lower(), "nosniff", f"X-Content-Type-Options of {reply}")


@rule("Every reply has a Referrer-Policy that does not give whole addresses to other sites.")
def referrer_policy(client: Client) -> None:
    for reply in _all_with(client, "Referrer-Policy"):
        policy = reply.headers.get("Referrer-Policy").lower()
        assert policy in ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"), (
            f"{reply}: {policy}"
        )


@rule("Every reply has a Cross-Origin-Resource-Policy.")
def resource_policy(client: Client) -> None:
    for reply in _all_with(client, "Cross-Origin-Resource-Policy"):
        policy = reply.headers.get("Cross-Origin-Resource-Policy")
        assert policy in ("same-origin", "same-site", "cross-origin"), f"{reply}: {policy}"


@rule("Pages have a Content-Security-Policy without unsafe script, and may not be framed.")
def page_policies(client: Client) -> None:
    for base in (client.gateway, client.status):
        for path in ("/", "/docs", "/problems/job-not-finished"):
            reply = status_is(client.get(base + path, {"Accept": "text/html"}), 200)
            policy = reply.headers.get("Content-Security-Policy")
            assert "default-src" in policy, f"{reply}: Content-Security-Policy is {policy!r}"
            script = re.search(r"script-src([^;]*)|default-src([^;]*)", policy)
            assert script and "unsafe" not in script[0], f"{reply}: {policy}"
            framed = "frame-ancestors" in policy or reply.headers.get("X-Frame-Options").upper() in (
                "DENY",
                "SAMEORIGIN",
            )
            assert framed, f"{reply} may be framed"


@rule("No reply tells the version of a server.")
def no_server_version(client: Client) -> None:
    for reply in tour(client):
        for name in ("Server", "X-Powered-By", "Via"):
            assert not re.search(r"\d|/", reply.headers.get(name)), f"{reply}: {name} is {reply.headers.get(name)!r}"


@rule("Even the refusal of a request that can't be read has the headers that every reply has.")
def refusals_of_the_server_itself(client: Client) -> None:
    for base in (client.gateway, client.status):
        host = urlsplit(base).netloc.encode()
        for data in (
            b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nbad header\r\n\r\n",
            b"GET /livez HTTP/1.1\r\nHost: " + host + b"\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        ):
            reply = client.raw(base, data)
            assert reply is not None, "no reply came"
            for name in ("X-Request-ID", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"):
                assert name in reply.headers, f"{reply}: no {name}"
            assert not re.search(r"\d", reply.headers.get("Server")), f"Server is {reply.headers.get('Server')!r}"


@rule("Every reply has a Date or none, one Content-Type where it has a body, and no Set-Cookie on status.")
def plain_header_fields(client: Client) -> None:
    for reply in tour(client):
        if reply.body:
            same(len(reply.headers.all("Content-Type")), 1, f"Content-Type lines of {reply}")
        assert len(reply.headers.all("Content-Length")) <= 1, f"{reply}: Content-Length twice"
        if reply.url.startswith(client.status):
            assert "Set-Cookie" not in reply.headers, f"{reply} sets a cookie, but status writes nothing"
