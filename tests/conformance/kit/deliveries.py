"""What a webhook's receiver gets, and how every try is listed."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.conformance.kit.checks import problem, same
from tests.conformance.kit.client import Client
from tests.conformance.kit.listing import jobs_of
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped
from tests.conformance.kit.webhooks import trial


@rule("A job without a callback has a list of deliveries, which is empty.")
def no_deliveries(client: Client) -> None:
    job = client.finished()
    same(jobs_of(client.get(f"{job.location}/deliveries")), [], "deliveries")


@rule("The deliveries of a job that never existed are 404.")
def deliveries_of_nothing(client: Client) -> None:
    problem(client.get(f"{client.status}/v1/jobs/nothing/deliveries"), 404)


class _Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent on its server, and answers with the next of the server's codes."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        codes: list[int] = self.server.codes  # type: ignore[attr-defined]
        fields = {name.lower(): value for name, value in self.headers.items()} | {":path": self.path}
        self.server.received.append((fields, body))  # type: ignore[attr-defined]
        self.send_response(codes.pop(0) if codes else 204)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the run's own output is the report."""


Received = list[tuple[dict[str, str], bytes]]


@contextmanager
def _receiver(client: Client, *codes: int) -> Iterator[tuple[str, Received]]:
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    received: Received = []
    server.codes, server.received = list(codes), received  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/hook"
        if trial(client, url) != 200:
            raise Skipped("WEBHOOK_ALLOW does not name the loopback address, where the kit could receive")
        yield url, received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _wait_for(client: Client, received: Received, count: int) -> None:
    while len(received) < count:
        client.pause(0.1)


@rule("A done job is told to its callback in one POST: Standard Webhooks headers, type and the job document.")
def delivered(client: Client) -> None:
    with _receiver(client) as (url, received):
        job = client.finished(query={"callback_url": url})
        _wait_for(client, received, 1)
        client.pause(1)
        same(len(received), 1, "requests to the receiver")
    headers, payload = received[0][0], json.loads(received[0][1])
    same(payload["type"], "job.succeeded", "type")
    same(payload["data"]["id"], job.id, "data.id")
    assert payload.get("timestamp"), f"the payload has no timestamp: {payload}"
    assert headers["webhook-id"], "no webhook-id"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60, headers["webhook-timestamp"]
    for signature in headers["webhook-signature"].split():
        version, _, value = signature.partition(",")
        same((version, len(base64.b64decode(value))), ("v1", 32), "the signature")


@rule("A receiver that answers 500 is tried again with the same webhook-id, and every try is listed.")
def retried(client: Client) -> None:
    with _receiver(client, 500) as (url, received):
        job = client.finished(query={"callback_url": url})
        _wait_for(client, received, 2)
        client.pause(0.5)
        tries = jobs_of(client.get(f"{job.location}/deliveries"))
    ids = [headers["webhook-id"] for headers, _ in received]
    same(ids[0], ids[1], "the webhook-id of the second try")
    same(len(tries), 2, "tries listed")


@rule("A redirect of a receiver is not followed.")
def redirects_are_not_followed(client: Client) -> None:
    with _receiver(client, 302, 307) as (url, received):
        client.finished(query={"callback_url": url})
        _wait_for(client, received, 1)
        client.pause(1)
    same({headers[":path"] for headers, _ in received}, {"/hook"}, "the paths that were asked for")


@rule("A failed and a cancelled job are told as job.failed and job.cancelled.")
def other_ends(client: Client) -> None:
    with _receiver(client) as (url, received):
        client.cancel(client.accepted(query={"callback_url": url, "delay": 600}))
        _wait_for(client, received, 1)
        value = {"seconds": 0, "kind": "sleep", "fail_rate": 1}
        client.finished("simulate", value, {"callback_url": url, "priority": "high"})
        _wait_for(client, received, 2)
    same([json.loads(body)["type"] for _, body in received], ["job.cancelled", "job.failed"], "the types")
