"""Replies that both services give in the same way."""

from collections.abc import Iterable
from dataclasses import replace

from flask import Response as FlaskResponse
from werkzeug.datastructures import Headers

from services.jobs.blobs import Blobs
from services.jobs.document import View
from services.jobs.record import Record
from services.web.problems import Problem
from services.web.request import current
from services.web.response import Response

CONDITIONS = frozenset({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"})


def whole(job: Record, blobs: Blobs) -> Record:
    """The record with its result, wherever that is kept."""
    return replace(job, result=blobs.read(job.result_key).decode()) if job.result_key else job


def job_response(seen: View, status: int, more: Iterable[tuple[str, str]] = (), *, cache: str = "no-cache") -> Response:
    """A job document with its ETag, when to ask again unless the job is done, and `more` headers."""
    headers = Headers()
    headers.add("Content-Type", "application/json")
    headers.add("Content-Length", str(len(seen.body)))
    headers.add("ETag", f'"{seen.etag}"')
    headers.add("Cache-Control", cache)
    for name, value in more:
        headers.add(name, value)
    if seen.retry_after:
        headers.add("Retry-After", str(seen.retry_after))
    return Response([seen.body], status, headers)


def conditional(response: FlaskResponse) -> FlaskResponse:
    """The response, or 304 if the client has it already; a problem if it wants another one (RFC 9110, section 13)."""
    request = current()
    if request.environ.keys().isdisjoint(CONDITIONS):
        return response
    status = response.status_code
    response.make_conditional(request)
    if response.status_code == 412 and request.if_match.star_tag:
        response.status_code = status  # there is something, which is all that * asks
    if response.status_code == 412:
        raise Problem("precondition-failed", "This is not what If-Match names.")
    return response
