"""Headers of every reply: request id, security, and nothing about what serves it."""

import re
import secrets

from flask import Flask, Response, g, request

REQUEST_ID = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
SECURITY = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("X-Frame-Options", "DENY"),
]
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


def install(app: Flask) -> None:
    """Give every reply of `app` its headers."""
    app.before_request(_identify)
    app.after_request(_finish)


def _identify() -> None:
    theirs = request.headers.get("X-Request-ID", "")
    g.request_id = theirs if REQUEST_ID.fullmatch(theirs) else secrets.token_hex(8)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers.add("X-Request-ID", g.get("request_id") or secrets.token_hex(8))
    headers.extend(SECURITY)
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    return response
