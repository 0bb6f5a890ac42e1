"""Replies that both services give in the same way."""

from flask import Response, request

from services.jobs.document import View


def job_response(seen: View, status: int) -> Response:
    """A job document with its ETag, and when to ask again unless the job is done."""
    response = Response(seen.body, status, content_type="application/json")
    response.headers["ETag"] = f'"{seen.etag}"'
    response.headers["Cache-Control"] = "no-cache"
    if seen.retry_after:
        response.headers["Retry-After"] = str(seen.retry_after)
    return response


def conditional(response: Response) -> Response:
    """The response, or 304 if the client has it already (RFC 9110, conditional requests)."""
    response.make_conditional(request)
    return response
