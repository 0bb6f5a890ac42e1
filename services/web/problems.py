"""Problem details (RFC 9457): the one form in which both services refuse."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, SecurityError

from services.jobs.blobs import BlobError
from services.jobs.connection import StoreError
from services.jobs.strict_json import dumps
from services.web.problem_types import PROBLEM_TYPES

log = logging.getLogger(__name__)

STORE_RETRY_S = 2
BY_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "request-timeout",
    411: "length-required",
    412: "precondition-failed",
    413: "too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    431: "headers-too-large",
}


class Problem(Exception):
    """A refusal: a problem type's slug, what is wrong this time, and further members and headers."""

    def __init__(
        self,
        slug: str,
        detail: str,
        members: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.headers = slug, detail, dict(headers or {})
        self.members = {name: value for name, value in (members or {}).items() if value is not None}


def response(problem: Problem) -> Response:
    """The problem as an HTTP response."""
    kind = PROBLEM_TYPES[problem.slug]
    body = {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": problem.detail, **problem.members}
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(dumps(body), kind.status, headers, content_type="application/problem+json")


def install(app: Flask) -> None:
    """Answer every error of `app` with a problem."""
    app.register_error_handler(Problem, response)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(StoreError, _from_store)
    for error in BlobError:
        app.register_error_handler(error, _from_storage)
    app.register_error_handler(Exception, _from_bug)


def _from_http(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):
        return response(Problem("untrusted-host", "The Host header names a host that is not served here."))
    slug = BY_STATUS.get(error.code or 500, "internal-error" if (error.code or 500) >= 500 else "bad-request")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Content-Range", "Retry-After")}
    return response(Problem(slug, _detail(slug, error), headers=headers))


def _detail(slug: str, error: HTTPException) -> str:
    if slug == "not-found":
        return f"There is nothing at {request.path[:200]} on this service."
    if slug == "method-not-allowed":
        return f"{request.method} is not a method of {request.path[:200]}."
    return str(error.description or PROBLEM_TYPES[slug].meaning)


def _from_store(error: Exception) -> Response:
    log.warning("store: %s: %s", type(error).__name__, error)
    detail = "The store gave no answer. Send the same request again, with the same Idempotency-Key."
    return response(Problem("store-unavailable", detail, headers={"Retry-After": str(STORE_RETRY_S)}))


def _from_storage(error: Exception) -> Response:
    log.error("file storage: %s: %s", type(error).__name__, error)
    detail = "File storage gave no answer. Send the same request again."
    return response(Problem("store-unavailable", detail, headers={"Retry-After": str(STORE_RETRY_S)}))


def _from_bug(error: Exception) -> Response:
    log.exception("unexpected error", exc_info=error)
    return response(Problem("internal-error", "The service met an error of its own; nothing was enqueued."))
