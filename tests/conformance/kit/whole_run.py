"""A look back at every reply of the run: what none of them may hold, and what each of its kind must say."""

import re

from tests.conformance.kit.checks import gives_nothing_away, problem, whole_seconds
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped


def _seen(client: Client, *codes: int) -> list[Reply]:
    with client.ledger.lock:
        return [reply for reply in client.ledger.replies if not codes or reply.status in codes]


@rule("No reply of the whole run was a server error.", when="last")
def no_server_errors(client: Client) -> None:
    found = [
        f"{reply}: {reply.text[:120]}"
        for reply in _seen(client)
        if reply.status >= 500 and reply.status not in (501, 503)
    ]
    assert not found, f"{len(found)} server errors, such as {found[:3]}"


@rule("No reply of the whole run held a stack trace, a path of the server or an internal name.", when="last")
def nothing_given_away(client: Client) -> None:
    for reply in _seen(client):
        if reply.media_type != "text/html" and not reply.url.endswith(("/openapi.json", "/metrics")):
            gives_nothing_away(reply)


@rule("Every refusal of the whole run was application/problem+json with a type, title, status and detail.", when="last")
def refusals_are_problems(client: Client) -> None:
    for reply in _seen(client):
        if reply.status >= 400 and reply.method != "HEAD":
            problem(reply, reply.status)


@rule("Every reply of the whole run had a request id, and told no server version.", when="last")
def headers_everywhere(client: Client) -> None:
    for reply in _seen(client):
        assert reply.headers.get("X-Request-ID"), f"{reply} has no X-Request-ID"
        assert not re.search(r"\d", reply.headers.get("Server")), f"{reply}: Server is {reply.headers.get('Server')!r}"


@rule("Every 429 and 503 of the run, and every 409 that will pass, said Retry-After.", when="last")
def busy_replies_say_when(client: Client) -> None:
    for reply in _seen(client, 429, 503):
        if "/readyz" not in reply.url and reply.method != "HEAD":
            whole_seconds(reply)
    for reply in _seen(client, 409):
        if reply.method == "POST":
            whole_seconds(reply, 1)


@rule("Every 429 of the run said RateLimit and RateLimit-Policy.", when="last")
def rate_limits_are_told(client: Client) -> None:
    met = _seen(client, 429)
    if not met:
        raise Skipped("the run never met the rate limit")
    for reply in met:
        for name in ("RateLimit", "RateLimit-Policy"):
            assert re.match(r'"?[\w.-]+"?\s*(;|,|$)', reply.headers.get(name)), (
                f"{reply}: {name} is {reply.headers.get(name)!r}"
            )
