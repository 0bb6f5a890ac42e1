"""The Accept header (RFC 9110, section 12.5.1): what can't be given as the client wants it is refused with 406."""

from functools import lru_cache

from flask import Flask, Response
from werkzeug.http import parse_accept_header

from services.web.problems import Problem, response
from services.web.request import current

JSON = "application/json"
PROBLEM = "application/problem+json"
GIVEN = frozenset({200, 206})


def install(app: Flask) -> None:
    """Look at what each GET of the interface gives; so no route has to say it beforehand.

    Pages, health and figures are given to whoever asks: no probe or browser should fail for its Accept.
    """

    @app.after_request
    def refuse(reply: Response) -> Response:
        request = current()
        accept = request.environ.get("HTTP_ACCEPT", "*/*")
        if accept == "*/*" or reply.status_code not in GIVEN or not request.path.startswith("/v1/"):
            return reply
        if request.method not in ("GET", "HEAD") or accepts(accept, reply.mimetype or ""):
            return reply
        reply.close()
        return response(_refusal(reply.mimetype))


def require_accepted(media_type: str = JSON) -> None:
    """Raise `not-acceptable`, before any work is done, for a client that rules replies of this type out."""
    accept = current().environ.get("HTTP_ACCEPT", "*/*")
    if accept != "*/*" and not accepts(accept, media_type):
        raise _refusal(media_type)


@lru_cache(512)
def accepts(accept: str, media_type: str) -> bool:
    """Whether a header's value lets a reply have this type; parameters beside `q` are taken as met.

    A client that takes problem documents is taken to read all our JSON.
    """
    weights: dict[str, float] = {}
    for given, weight in parse_accept_header(accept):
        name = given.partition(";")[0].strip().lower()
        weights[name] = max(weight, weights.get(name, 0.0))
    if not weights:
        return True
    names = (media_type, PROBLEM) if media_type == JSON and PROBLEM in weights else (media_type,)
    return any(_weight(weights, name) > 0 for name in names)


def _weight(weights: dict[str, float], name: str) -> float:
    """The weight of the most specific range that holds `name`."""
    ranges = (name, f"{name.partition('/')[0]}/*", "*/*", "*")
    return next((weights[one] for one in ranges if one in weights), 0.0)


def _refusal(media_type: str | None) -> Problem:
    return Problem("not-acceptable", f"This is given as {media_type or 'bytes'}, which the Accept header rules out.")
