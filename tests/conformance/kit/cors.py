"""Browsers on other origins: preflights and exposed headers (the Fetch standard)."""

from tests.conformance.kit.checks import same, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule

EXPOSED = frozenset(
    [
        "location",
        "retry-after",
        "etag",
        "link",
        "idempotency-replayed",
        "preference-applied",
        "ratelimit",
        "ratelimit-policy",
        "x-request-id",
    ]
)


def _allows(reply: Reply, origin: str) -> None:
    allowed = reply.headers.get("Access-Control-Allow-Origin")
    assert allowed in ("*", origin), f"{reply} for {origin}: Access-Control-Allow-Origin is {allowed!r}"
    if allowed != "*":
        assert "origin" in reply.headers.tokens("Vary"), (
            f"{reply} depends on Origin, but Vary is {reply.headers.get('Vary')!r}"
        )
    if reply.headers.get("Access-Control-Allow-Credentials") == "true":
        assert allowed != "*", "credentials with any origin"


@rule("The gateway's page may read replies of status, and the other way round.")
def each_other(client: Client) -> None:
    job = client.parked()
    _allows(client.get(job.location, {"Origin": client.gateway}), client.gateway)
    _allows(client.submit(query="validate=true", fields={"Origin": client.status}), client.status)


@rule("A refusal may be read across origins, too.")
def refusals_are_readable(client: Client) -> None:
    _allows(client.get(f"{client.status}/v1/jobs/nothing", {"Origin": client.gateway}), client.gateway)
    _allows(client.submit("simulate", {"seconds": "soon"}, fields={"Origin": client.status}), client.status)
    _allows(client.post("text-report", "text/xml", b"x", fields={"Origin": client.status}), client.status)


@rule("CORS exposes Location, Retry-After, ETag, Link and the other headers that a client needs.")
def exposed_headers(client: Client) -> None:
    job = client.parked()
    for reply in (
        client.submit(query={"delay": 600}, fields={"Origin": client.status}),
        client.submit("simulate", {"seconds": "soon"}, fields={"Origin": client.status}),
        client.get(job.location, {"Origin": client.gateway}),
        client.get(f"{client.status}/v1/jobs/nothing", {"Origin": client.gateway}),
    ):
        missing = EXPOSED - reply.headers.tokens("Access-Control-Expose-Headers")
        assert not missing, f"{reply} does not expose {sorted(missing)}"


def _preflight(client: Client, url: str, origin: str, method: str, headers: str) -> Reply:
    fields = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    reply = status_is(client.send("OPTIONS", url, fields, key=False), 200, 204)
    _allows(reply, origin)
    methods = reply.headers.tokens("Access-Control-Allow-Methods")
    assert method.lower() in methods or "*" in methods, f"{reply}: the methods allowed are {methods}"
    allowed = reply.headers.tokens("Access-Control-Allow-Headers")
    missing = {name.strip().lower() for name in headers.split(",")} - allowed
    assert not missing, f"{reply}: the headers allowed are {allowed}, not {missing}"
    return reply


@rule("A preflight lets a page submit with a key, preferences and a trace.")
def preflight_of_a_submission(client: Client) -> None:
    wanted = "content-type, idempotency-key, prefer, traceparent, x-request-id, authorization"
    _preflight(client, client.type_url("text-report"), client.status, "POST", wanted)


@rule("A preflight lets a page cancel.")
def preflight_of_a_cancellation(client: Client) -> None:
    _preflight(client, f"{client.gateway}/v1/jobs/{client.parked().id}", client.status, "DELETE", "authorization")


@rule("A preflight lets a page read with conditions, preferences and ranges, and resume events.")
def preflight_of_a_read(client: Client) -> None:
    url = client.parked().location
    _preflight(client, url, client.gateway, "GET", "if-none-match, prefer, authorization")
    _preflight(client, f"{url}/files/a.png", client.gateway, "GET", "range, if-range")
    _preflight(client, f"{url}/events", client.gateway, "GET", "last-event-id")


@rule("A preflight is answered without an API key, and enqueues nothing.")
def preflight_is_free(client: Client) -> None:
    reply = _preflight(client, client.type_url("text-report"), client.status, "POST", "content-type")
    assert "Location" not in reply.headers, "a preflight made a job"


@rule("An event stream may be followed across origins.")
def streams_across_origins(client: Client) -> None:
    job = client.finished()
    with client.stream(f"{job.location}/events", {"Origin": client.gateway}) as (status, headers, _):
        same(status, 200, "status")
        _allows(Reply("GET", f"{job.location}/events", status, headers, b""), client.gateway)


@rule("The Origin null, and an Origin that is no origin, get no credentials.")
def strange_origins(client: Client) -> None:
    for origin in ("null", "https://evil.example", "javascript:", "http://", "*"):
        reply = client.get(f"{client.status}/livez", {"Origin": origin})
        credentials = reply.headers.get("Access-Control-Allow-Credentials") == "true"
        assert not credentials, f"{origin} may send credentials"
