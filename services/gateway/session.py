"""The session of a client without an API key: a cookie that finds its jobs again."""

import time
from collections.abc import Callable
from functools import lru_cache

from flask import Blueprint, Response, after_this_request

from services.jobs.document import Origins
from services.jobs.intake import Intake
from services.web.callers import COOKIE, Caller, Callers
from services.web.request import current

THIRTY_DAYS_S = 30 * 86_400
SESSION_HERE = "session-here"


def session_blueprint(callers: Callers, intake: Intake, origins: Callable[[], Origins]) -> Blueprint:
    """`DELETE /v1/session`: the client's list of jobs is forgotten here, and the cookie there."""
    routes = Blueprint("session", __name__)

    @routes.delete("/v1/session")
    def forget() -> Response:
        caller = Caller("", "") if callers.keyed else callers.known()
        if caller.owner:
            intake.forget(caller.owner)
        response = Response(status=204, headers={"Cache-Control": "no-store"})
        response.delete_cookie(COOKIE, path="/", secure=_tls(origins()), httponly=True, samesite="Lax")
        return response

    return routes


def give_session(caller: Caller, origins: Origins) -> None:
    """Let the reply to this request set the cookie of a session that has just begun."""
    if not caller.fresh:
        return

    @after_this_request
    def give(response: Response) -> Response:
        line = _cookie_line(int(time.time()), _tls(origins))
        response.headers.add("Set-Cookie", line.replace(SESSION_HERE, caller.fresh))
        return response


@lru_cache(2)
def _cookie_line(_second: int, secure: bool) -> str:
    """The Set-Cookie of a session that begins in this second, but for the session. Dates take long to write."""
    response = Response()
    response.set_cookie(
        COOKIE, SESSION_HERE, max_age=THIRTY_DAYS_S, path="/", secure=secure, httponly=True, samesite="Lax"
    )
    return str(response.headers["Set-Cookie"])


def _tls(origins: Origins) -> bool:
    """Whether the client's connection is encrypted, as far as can be seen from here."""
    return current().is_secure or origins.gateway.startswith("https:")
