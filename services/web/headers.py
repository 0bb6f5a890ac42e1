"""Headers of every reply: request id, and what pages may do. The response class adds those that are always the same."""

import re

from flask import Flask, Response

from services.web.request import current
from services.web.trace import span

REQUEST_ID = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


def install(app: Flask) -> None:
    """Give every reply of `app` its headers."""
    app.before_request(_identify)
    app.after_request(_finish)


def _identify() -> None:
    request = current()
    theirs = request.environ.get("HTTP_X_REQUEST_ID", "")
    request.id = theirs if theirs and REQUEST_ID.fullmatch(theirs) else span()


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.add("X-Request-ID", current().id or span())
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    return response
