"""A small HTTP client for tests against running services: standard library only."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any


@dataclass
class Reply:
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> Reply:
    """One exchange; header names are given with underscores for dashes. Error statuses are replies too."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, method=method, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=40) as reply:
            return Reply(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


def submit(gateway: str, kind: str, inputs: dict[str, Any], **headers: str) -> Reply:
    return call(
        "POST", f"{gateway}/v1/jobs/{kind}", json.dumps(inputs).encode(), Content_Type="application/json", **headers
    )


def wait_for(location: str, state: str = "", seconds: float = 30) -> dict[str, Any]:
    """The job document once it is done, or in the given state."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reply = call("GET", location)
        job: dict[str, Any] = reply.json
        if reply.status == 200 and (job["state"] == state or (not state and job["done"])):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{location} was not {state or 'done'} within {seconds} s: {job}")


def run_job(gateway: str, kind: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Submit a job and wait until it is done."""
    reply = submit(gateway, kind, inputs)
    assert reply.status == 202, reply.body
    return wait_for(reply.headers["Location"])
