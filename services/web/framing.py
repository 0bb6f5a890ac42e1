"""What HTTP/1.1 asks of every request and connection beside its content: one Host, a known coding, a clean end."""

from functools import lru_cache

from flask import Flask, Response

from services.web.body_guard import content_length
from services.web.origins import HOST
from services.web.problems import Problem
from services.web.request import current
from services.web.server_refusals import BAD_CODING


def install(app: Flask) -> None:
    """Check every request of `app`, and see every reply off."""
    app.before_request(_check)
    app.after_request(_leave_body)


def _check() -> None:
    """RFC 9112, sections 3.2 and 6.1. Two Host lines come as one value with a comma, which is no host."""
    environ = current().environ
    host = environ.get("HTTP_HOST")
    if host is None:
        if environ.get("SERVER_PROTOCOL") != "HTTP/1.0":
            raise Problem("untrusted-host", "The request has no Host header.")
    elif not _is_host(host):
        raise Problem("untrusted-host", "The Host header is not one host name.")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").lower() != "chunked":
        raise Problem("bad-request", BAD_CODING.detail)


@lru_cache(256)
def _is_host(text: str) -> bool:
    return HOST.fullmatch(text) is not None


def _leave_body(response: Response) -> Response:
    """Tell a server that reads bodies only on demand that this one was not asked for to its end."""
    request = current()
    client = request.environ.get("gunicorn.socket")
    if client is not None and request.unread:
        client.leave_body(None if response.status_code == 408 else content_length(request.environ))
    return response
