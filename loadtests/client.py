"""A good client: submits a job, follows Location, waits as Retry-After asks, until the result is known."""

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from loadtests.errors import JobFailed, JobProblem, JobRefused, JobVanished
from loadtests.exchange import COME_BACK, Exchange, Reply, at_origin, describe, document, retry_after
from loadtests.offer import Offer

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

Document = dict[str, Any]


class JobClient:
    """One user of the platform at `gateway`.

    `status_origin` replaces the origin of each Location, for networks in which the public name means
    nothing. `limit` is the most seconds that one job may take from its submission to its known result.
    """

    def __init__(
        self,
        exchange: Exchange,
        gateway: str,
        status_origin: str = "",
        limit: float = 60.0,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange, self._gateway, self._status_origin, self._limit = exchange, gateway, status_origin, limit
        self._sleep, self._now = sleep, now
        self.location = ""
        """Where the last job can be read."""

    def run(self, offer: Offer) -> Document:
        """The finished job's document; raises a JobProblem when the job does not come to a result."""
        self.location, deadline = "", self._now() + self._limit
        accepted = self._submit(offer, deadline)
        self.location = self._status_url(accepted.headers.get("Location", ""))
        job = self._follow(accepted, deadline)
        if job.get("state") != "succeeded":
            error = job.get("error") or {}
            said = [error[name] for name in ("title", "detail") if error.get(name)]
            raise JobFailed(": ".join(said) or str(job.get("state")))
        if "result" not in job:
            raise JobVanished("succeeded, but its document holds no result")
        return job

    def _submit(self, offer: Offer, deadline: float) -> Reply:
        """The gateway's 202. What is sent again has the same key, so that no second job comes of it."""
        headers = {"Content-Type": offer.content_type, "Idempotency-Key": uuid.uuid4().hex}
        while True:
            url = f"{self._gateway}/v1/jobs/{offer.job_type}"
            reply = self._exchange("POST", url, offer.job_type, headers, offer.body)
            if reply.status in (200, 202):
                return reply
            if reply.status not in COME_BACK:
                raise JobRefused(describe(reply, detail=True))
            self._wait(reply, deadline, JobRefused(f"not taken within {self._limit:g} s, at last: {describe(reply)}"))

    def _follow(self, reply: Reply, deadline: float) -> Document:
        """The job's document once it says `done`; raises JobVanished when it can't be had."""
        job, etag = _job(reply), reply.headers.get("ETag", "")
        while not job["done"]:
            last = "" if reply.status in (200, 202, 304) else f", last answer: {describe(reply)}"
            late = f"not done within {self._limit:g} s, last seen {job.get('state')}{last}"
            self._wait(reply, deadline, JobVanished(late))
            reply = self._exchange("GET", self.location, "job", {"If-None-Match": etag} if etag else {})
            if reply.status == 200:
                job, etag = _job(reply), reply.headers.get("ETag", "")
            elif reply.status != 304 and reply.status not in COME_BACK:
                raise JobVanished(describe(reply))
        return job

    def _wait(self, reply: Reply, deadline: float, too_late: JobProblem) -> None:
        """Wait as long as the reply asks; at the deadline there is one last look, and no time after it."""
        left = deadline - self._now()
        if left <= 0:
            raise too_late
        self._sleep(min(retry_after(reply), left))

    def _status_url(self, location: str) -> str:
        if not location.startswith(("http://", "https://")):
            raise JobVanished(f"its Location is {location!r}, which is no absolute URL")
        if self._status_origin:
            return at_origin(location, self._status_origin)
        host = urlsplit(location).hostname
        if host not in LOOPBACK and host != urlsplit(self._gateway).hostname:
            raise JobVanished(f"its Location is on {host}, not on the host under test; --status-url would allow it")
        return location


def _job(reply: Reply) -> Document:
    job = document(reply)
    if not isinstance(job.get("done"), bool):
        raise JobVanished(f"{reply.status} without a job document")
    return job
