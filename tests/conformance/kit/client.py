"""What a rule holds in its hands: the platform's two origins, and the few steps that most rules share."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.conformance.kit import http
from tests.conformance.kit.http import Fields, Headers, Reply
from tests.conformance.kit.samples import broken_picture
from tests.conformance.kit.target import Platform, Skipped

Document = dict[str, Any]
JSON = "application/json"
QUICK: Mapping[str, str] = {"text": "to be or not to be"}


@dataclass(frozen=True)
class Job:
    """A job that was accepted: where it is, and the document as it was then."""

    location: str
    document: Document
    reply: Reply

    @property
    def id(self) -> str:
        """The job's id."""
        return str(self.document["id"])


class Client:
    """Talks to the platform for one rule; no request goes on after `deadline` (monotonic seconds)."""

    def __init__(self, platform: Platform, deadline: float) -> None:
        self.platform = platform
        self.gateway = platform.gateway
        self.status = platform.status
        self.ledger = platform.ledger
        self.deadline = deadline
        self._open: list[str] = []

    # --- requests ---------------------------------------------------------------------------

    def left(self, most: float = 10.0) -> float:
        """Seconds that a request may take now; AssertionError when the rule's time is over."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise AssertionError("the rule ran out of time")
        return min(left, most)

    def send(
        self,
        method: str,
        url: str,
        fields: Fields = (),
        body: bytes | None = None,
        *,
        key: bool = True,
        most: float = 10.0,
    ) -> Reply:
        """Send one request; a 429 is obeyed and sent again, as a well-behaved client does."""
        while True:
            reply = self.ledger.note(http.send(method, url, self._with_key(fields, key), body, self.left(most)))
            if reply.status != 429:
                return reply
            time.sleep(self.left(float(reply.headers.get("Retry-After", "1"))))

    def get(self, url: str, fields: Fields = (), most: float = 10.0) -> Reply:
        """GET this URL."""
        return self.send("GET", url, fields, most=most)

    def stream(
        self, url: str, fields: Fields = (), most: float = 10.0
    ) -> AbstractContextManager[tuple[int, Headers, HTTPResponse]]:
        """GET this URL and hand out the body unread; `most` bounds each read in seconds."""
        return http.stream("GET", url, self._with_key(fields, True), None, self.left(most))

    def raw(
        self, base: str, data: bytes | Iterable[bytes], *, half_close: bool = False, most: float = 10.0
    ) -> Reply | None:
        """Send bytes as they are; None when the server closed, or kept silent, without a reply."""
        reply, _ = http.raw(base, data, half_close=half_close, timeout=self.left(most))
        return reply

    def _with_key(self, fields: Fields, key: bool) -> list[tuple[str, str | bytes]]:
        own = http.pairs(fields)
        if key and self.platform.api_key:
            own.append(("Authorization", f"Bearer {self.platform.api_key}"))
        return own

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the rule's time."""
        time.sleep(self.left(seconds))

    # --- submitting -------------------------------------------------------------------------

    def type_url(self, kind: str, query: Mapping[str, Any] | str = "") -> str:
        """Where jobs of this type are submitted, with a query string."""
        text = query if isinstance(query, str) else urlencode(query)
        return f"{self.gateway}/v1/jobs/{kind}" + (f"?{text}" if text else "")

    def post(
        self,
        kind: str,
        media_type: str | None,
        body: bytes,
        query: Mapping[str, Any] | str = "",
        fields: Fields = (),
        most: float = 35.0,
    ) -> Reply:
        """Submit these bytes as this media type; a job that comes of it is cleaned up after the rule."""
        own = http.pairs(fields)
        if media_type is not None:
            own.append(("Content-Type", media_type))
        reply = self.send("POST", self.type_url(kind, query), own, body, most=most)
        if reply.status == 202:
            self._open.append(str(reply.json().get("id")))
        return reply

    def submit(
        self,
        kind: str = "text-report",
        value: object = QUICK,
        query: Mapping[str, Any] | str = "",
        fields: Fields = (),
        most: float = 35.0,
    ) -> Reply:
        """Submit a JSON value."""
        return self.post(kind, JSON, json.dumps(value).encode(), query, fields, most)

    def accepted(
        self, kind: str = "text-report", value: object = QUICK, query: Mapping[str, Any] | str = "", fields: Fields = ()
    ) -> Job:
        """Submit a JSON value that must be accepted with 202."""
        return taken(self.submit(kind, value, query, fields))

    def parked(self, fields: Fields = (), value: object = QUICK) -> Job:
        """A job that stays queued for the length of the rule, because it was submitted with a delay."""
        return self.accepted("text-report", value, {"delay": 600}, fields)

    def running(self, seconds: float = 30.0, **more: object) -> Job:
        """A job that is running now, and would go on for this long."""
        job = self.accepted("simulate", {"seconds": seconds, "kind": "sleep", **more}, {"priority": "high"})
        self.until(job, lambda document: document["state"] == "running", "running")
        return job

    def finished(self, kind: str = "text-report", value: object = QUICK, query: Mapping[str, Any] | str = "") -> Job:
        """A job that has come to its end, with its last document."""
        return self.end_of(self.accepted(kind, value, query))

    def failed(self) -> Job:
        """A job that has failed at once: its picture is truncated."""
        job = self.end_of(taken(self.post("image-thumbnails", "image/png", broken_picture())))
        assert job.document["state"] == "failed", f"a truncated picture should fail, the job {job.document['state']}"
        return job

    # --- following a job --------------------------------------------------------------------

    def read(self, job: Job) -> Document:
        """The job's document now."""
        reply = self.get(job.location)
        assert reply.status == 200, f"{reply}: {reply.text[:200]}"
        document: Document = reply.json()
        return document

    def until(self, job: Job, reached: Callable[[Document], bool], what: str) -> Document:
        """Read the job until `reached` says so; fails at once when the job ends without it."""
        while True:
            document = self.read(job)
            if reached(document):
                return document
            assert not document["done"], (
                f"the job was never seen {what}: it {document['state']} ({document.get('error')})"
            )
            self.pause(0.1)

    def end_of(self, job: Job) -> Job:
        """The same job when it is done."""
        return Job(job.location, self.until(job, lambda document: document["done"] is True, "done"), job.reply)

    def cancel(self, job: Job, query: str = "") -> Reply:
        """DELETE the job on the gateway."""
        return self.send("DELETE", f"{self.gateway}/v1/jobs/{job.id}" + (f"?{query}" if query else ""))

    # --- who the client is ------------------------------------------------------------------

    def session(self) -> dict[str, str]:
        """A Cookie header of a fresh session of the gateway; skipped where API keys tell clients apart."""
        if self.platform.api_key:
            raise Skipped("API keys are configured, so the caller's jobs are told apart by key, not by cookie")
        cookies = session_cookies(self)
        assert cookies, "the gateway set no session cookie, neither on its page nor on a submission"
        return {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies)}

    def clean_up(self) -> None:
        """Cancel the jobs of this rule that may still be open."""
        self.deadline = time.monotonic() + 10
        for job_id in self._open:
            with suppress(Exception):
                self.send("DELETE", f"{self.gateway}/v1/jobs/{job_id}")


def session_cookies(client: Client) -> list[str]:
    """The Set-Cookie lines that a new visitor gets from the gateway: on its page, or else on a submission.

    The submitted job is purged again, so that the session begins without jobs.
    """
    page = client.get(f"{client.gateway}/", {"Accept": "text/html"})
    if page.headers.all("Set-Cookie"):
        return page.headers.all("Set-Cookie")
    submitted = client.submit()
    client.send("DELETE", f"{client.gateway}/v1/jobs/{submitted.json()['id']}?purge=true")
    return submitted.headers.all("Set-Cookie")


def taken(reply: Reply) -> Job:
    """The job that this 202 speaks of."""
    assert reply.status == 202, f"expected 202 Accepted: {reply}: {reply.text[:400]}"
    return Job(reply.headers.get("Location"), reply.json(), reply)


def new_key() -> str:
    """An idempotency key that nobody has used."""
    return f"kit-{uuid.uuid4()}"


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
