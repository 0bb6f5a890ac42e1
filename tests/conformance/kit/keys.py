"""API keys, where the platform has them: who comes without one is told so."""

from tests.conformance.kit.checks import problem, status_is
from tests.conformance.kit.client import JSON, Client
from tests.conformance.kit.http import Fields, Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped


def _submit(client: Client, fields: Fields) -> Reply:
    own = {"Content-Type": JSON, **dict(fields)}
    return client.send("POST", client.type_url("text-report", "validate=true"), own, b'{"text": "a"}', key=False)


def _need_keys(client: Client) -> None:
    if not client.platform.api_key:
        status_is(_submit(client, {}), 200)
        raise Skipped("no API keys are configured")


@rule("Without an API key, a submission is refused with 401 and WWW-Authenticate: Bearer.")
def no_key(client: Client) -> None:
    _need_keys(client)
    reply = _submit(client, {})
    problem(reply, 401)
    assert reply.headers.get("WWW-Authenticate").lower().startswith("bearer"), reply.headers.get("WWW-Authenticate")


@rule("A wrong API key, an empty one and another scheme are refused with 401.")
def wrong_keys(client: Client) -> None:
    _need_keys(client)
    right = client.platform.api_key
    for value in (
        "Bearer wrong",
        "Bearer ",
        "Bearer",
        f"Basic {right}",
        f"Bearer {right}x",
        right,
        "Bearer " + "é" * 9,
    ):
        problem(_submit(client, {"Authorization": value}), 401)


@rule("The right API key is taken, whatever the case of its scheme.")
def the_right_key(client: Client) -> None:
    _need_keys(client)
    for scheme in ("Bearer", "bearer", "BEARER"):
        status_is(_submit(client, {"Authorization": f"{scheme} {client.platform.api_key}"}), 200)


@rule("The list of jobs needs an API key.")
def listing_needs_a_key(client: Client) -> None:
    _need_keys(client)
    problem(client.send("GET", f"{client.status}/v1/jobs", key=False), 401)
