"""Which pages of other origins may call (the Fetch standard, CORS protocol)."""

from collections.abc import Callable

from flask import Flask, Response
from werkzeug.exceptions import SecurityError

from services.jobs.document import Origins
from services.jobs.settings import Settings
from services.web.origins import origins_from
from services.web.problems import Problem
from services.web.request import current

EXPOSED = (
    "Location, Retry-After, ETag, Link, Idempotency-Replayed, Preference-Applied, RateLimit, RateLimit-Policy, "
    "X-Request-ID"
)
ALLOWED = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Last-Event-ID, Prefer, "
    "Range, X-Request-ID, traceparent, tracestate"
)
PREFLIGHT_AGE_S = "600"
DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def install(app: Flask, settings: Settings) -> None:
    """Let pages of the two services read each other's replies, with cookies, and those of CORS_ORIGINS likewise.

    `*` lets every page read, but never with cookies.
    """
    anyone = settings.cors_origins == "*"
    sites = frozenset() if anyone else frozenset(settings.cors_origins.split(","))
    origins = origins_from(settings)

    @app.after_request
    def allow(response: Response) -> Response:
        headers = response.headers
        headers.add("Vary", "Origin")
        request = current()
        site = request.environ.get("HTTP_ORIGIN")
        if not site:
            return response
        if site in sites or site in _ours(origins):
            headers["Access-Control-Allow-Origin"] = site
            headers["Access-Control-Allow-Credentials"] = "true"
        elif anyone:
            headers["Access-Control-Allow-Origin"] = "*"
        else:
            return response
        headers["Access-Control-Expose-Headers"] = EXPOSED
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            _answer_preflight(response)
        return response


def _answer_preflight(response: Response) -> None:
    response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
    response.headers["Access-Control-Allow-Headers"] = ALLOWED
    response.headers["Access-Control-Max-Age"] = PREFLIGHT_AGE_S


def _ours(origins: Callable[[], Origins]) -> tuple[str, ...]:
    """The origins of the two services as browsers write them; none for a request to a host that is not ours."""
    try:
        here = origins()
    except (Problem, SecurityError):
        return ()
    return as_browsers_write(here.gateway), as_browsers_write(here.status)


def as_browsers_write(origin: str) -> str:
    """An origin without its scheme's default port (the Origin header leaves it out)."""
    return origin.lower().removesuffix(DEFAULT_PORTS[origin.partition(":")[0].lower()])
