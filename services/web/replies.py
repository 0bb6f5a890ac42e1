"""Replies that both services give in the same way."""

from flask import Response as FlaskResponse
from flask import request

from services.jobs.document import View
from services.web.response import Response


def job_response(seen: View, status: int) -> Response:
    """A job document with its ETag, and when to ask again unless the job is done."""
    headers = [("ETag", f'"{seen.etag}"'), ("Cache-Control", "no-cache")]
    if seen.retry_after:
        headers.append(("Retry-After", str(seen.retry_after)))
    return Response(seen.body, status, headers, content_type="application/json")


def conditional(response: FlaskResponse) -> FlaskResponse:
    """The response, or 304 if the client has it already (RFC 9110, conditional requests)."""
    response.make_conditional(request)
    return response
