"""`GET /v1/jobs/{id}` and its result."""

import re
from collections.abc import Callable

from flask import Blueprint, Response, redirect

from services.jobs.blobs import Blobs
from services.jobs.document import Origins, job_url, view
from services.jobs.estimate import NO_PACE, retry_after
from services.jobs.reader import Reader, Reading
from services.jobs.record import Record
from services.jobs.strict_json import loads
from services.status.finding import find
from services.web.accepting import require_accepted
from services.web.hang_up import client_left
from services.web.prefer import applied, wanted_wait
from services.web.problems import Problem
from services.web.replies import conditional, job_response, whole
from services.web.request import current
from services.web.waiting import Waiting

OUR_ETAG = re.compile(r'"([\w-]+)"')


def reading_blueprint(reader: Reader, blobs: Blobs, origins: Callable[[], Origins], waiting: Waiting) -> Blueprint:
    """The routes that show a job."""
    routes = Blueprint("reading", __name__)

    @routes.get("/v1/jobs/<job_id>")
    def show(job_id: str) -> Response:
        require_accepted()
        here, etag, wait = origins(), _known_etag(), wanted_wait()
        reading = find(reader, job_id, etag)
        waited = False
        if wait and not _has_news(reading, etag, here):
            left = client_left(current().environ)
            later, waited = waiting.until(job_id, wait, lambda seen: _has_news(seen, etag, here), etag, left)
            reading = later or reading
        if reading.record is None:
            return applied(_same(etag, reading), wait if waited else None)
        if reading.record.state == "succeeded" and _wants_redirect():
            return _redirect(job_url(here, job_id))
        seen = view(whole(reading.record, blobs), reading.pace, reading.now, here)
        response = job_response(seen, 200, cache=_cacheable(reading) if reading.record.done else "no-cache")
        return conditional(applied(response, wait if waited else None))

    @routes.get("/v1/jobs/<job_id>/result")
    def result(job_id: str) -> Response:
        require_accepted()
        reading = find(reader, job_id)
        job = reading.record
        assert job is not None
        _require_success(job, reading)
        response = Response(whole(job, blobs).result, content_type="application/json")
        response.headers["ETag"] = f'"{job.finished_at}-{job.run}-result"'
        response.headers["Cache-Control"] = _cacheable(reading)
        return conditional(response)

    return routes


def _known_etag() -> str:
    """The one ETag that the client has, if it names one."""
    request = current()
    text = request.environ.get("HTTP_IF_NONE_MATCH", "")
    if not text:
        return ""
    ours = OUR_ETAG.fullmatch(text)
    if ours:
        return ours[1]
    tags = request.if_none_match.as_set()
    return str(next(iter(tags))) if len(tags) == 1 else ""


def _has_news(reading: Reading, etag: str, origins: Origins) -> bool:
    """Whether there is what a waiting client waits for: the end, or anything else than the document it has."""
    job = reading.record
    if job is None or job.done:
        return True
    return bool(etag) and view(job, reading.pace, reading.now, origins).etag != etag


def _wants_redirect() -> bool:
    request = current()
    return bool(request.query_string) and request.args.get("redirect") == "true"


def _redirect(location: str) -> Response:
    response = redirect(f"{location}/result", 303)
    assert isinstance(response, Response)
    return response


def _same(etag: str, reading: Reading) -> Response:
    response = Response(status=304)
    response.headers.add("ETag", f'"{etag}"')
    response.headers.add("Cache-Control", _cacheable(reading))
    return response


def _cacheable(reading: Reading) -> str:
    """For the client's own cache, until the job expires."""
    return f"private, max-age={max(0, (reading.expires_at - reading.now) // 1000)}"


def _require_success(job: Record, reading: Reading) -> None:
    if not job.done:
        wait = retry_after(job, reading.pace or NO_PACE, reading.now)
        raise Problem("job-not-finished", f"The job is {job.state}.", headers={"Retry-After": str(wait)})
    if job.state != "succeeded":
        members = {"state": job.state, "error": loads(job.error.encode()) if job.error else None}
        raise Problem("job-did-not-succeed", f"The job is {job.state}.", members)
