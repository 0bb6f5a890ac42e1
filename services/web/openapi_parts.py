"""Parameters, headers and problem members that the OpenAPI documents of both services refer to by name."""

from typing import Any

from services.jobs.ids import PATTERN
from services.web.problem_types import PROBLEM_TYPES

Parts = dict[str, dict[str, Any]]

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def _parameter(place: str, name: str, says: str, schema: dict[str, Any], example: str | None = None) -> dict[str, Any]:
    made = {"name": name, "in": place, "required": place == "path", "description": says, "schema": schema}
    return made if example is None else {**made, "example": example}


def _header(says: str, schema: dict[str, Any] | None = None, *, required: bool = False) -> dict[str, Any]:
    return {"description": says, "required": required, "schema": schema or {"type": "string"}}


PARAMETERS: Parts = {
    "JobId": _parameter(
        *("path", "job_id", "The job's id, from the reply to its submission"),
        {"type": "string", "pattern": f"^{PATTERN.pattern}$"},
        "0123456789abcdef0123456789abcdef",
    ),
    "Slug": _parameter(
        *("path", "slug", "The last part of a problem's `type`"),
        {"type": "string", "enum": list(PROBLEM_TYPES)},
        "job-not-finished",
    ),
    "IdempotencyKey": _parameter(
        *("header", "Idempotency-Key", "The same key with the same payload gives the same job, never a second one"),
        {"type": "string", "pattern": "^[\\x20-\\x7e]{1,255}$"},
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    "Prefer": _parameter(
        *("header", "Prefer", "`wait=N` (RFC 7240): answer as soon as there is news, at the latest after N seconds"),
        {"type": "string"},
        "wait=10",
    ),
    "Traceparent": _parameter(
        *("header", "traceparent", "W3C Trace Context; the job's log lines carry it on"),
        {"type": "string"},
        TRACEPARENT,
    ),
    "IfNoneMatch": _parameter(
        *("header", "If-None-Match", "The ETag of what you have: 304 while it is still right"), {"type": "string"}
    ),
    "Range": _parameter("header", "Range", "The bytes that you want", {"type": "string"}, "bytes=0-1023"),
    "IfRange": _parameter("header", "If-Range", "Send the part only if the file has this ETag", {"type": "string"}),
    "LastEventId": _parameter(
        *("header", "Last-Event-ID", "The last event that you have seen: the stream goes on after it"),
        {"type": "string"},
    ),
}

HEADERS: Parts = {
    "X-Request-ID": _header("The request's id: yours if it was well formed", {"type": "string"}, required=True),
    "Location": _header("The job on the status service", {"type": "string", "format": "uri"}, required=True),
    "Content-Location": _header("Where the job is on the status service", {"type": "string", "format": "uri"}),
    "Retry-After": _header("Whole seconds after which it is worth asking again", {"type": "integer", "minimum": 1}),
    "ETag": _header("Changes exactly when the body does"),
    "Link": _header("Where to go from here (RFC 8288)"),
    "Vary": _header("The request headers on which the reply depends"),
    "Cache-Control": _header("Who may keep the reply, and for how long"),
    "Preference-Applied": _header("The wait that was honoured, such as `wait=10`"),
    "Idempotency-Replayed": _header("`true` if an earlier request with this key made the job", {"const": "true"}),
    "RateLimit": _header("What is left of your quota, where there is one (draft-ietf-httpapi-ratelimit-headers)"),
    "RateLimit-Policy": _header("Your quota, where there is one (draft-ietf-httpapi-ratelimit-headers)"),
    "WWW-Authenticate": _header("How to say who you are (RFC 6750)"),
    "Accept-Post": _header("The media types that are taken here"),
    "Accept-Ranges": _header("`bytes`: parts can be asked for", {"const": "bytes"}),
    "Content-Range": _header("Which bytes these are, of how many"),
    "Content-Disposition": _header("The file's name (RFC 6266)"),
    "Set-Cookie": _header("The session with which a client without an API key finds its jobs again"),
}

_NAMES = {"type": "array", "items": {"type": "string"}}
MEMBERS: dict[str, dict[str, dict[str, Any]]] = {
    "invalid-input": {
        "errors": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Mistake"},
            "examples": [[{"pointer": "/top", "detail": "Input should be less than 101", "type": "less_than_equal"}]],
        }
    },
    "invalid-query": {"parameter": {"type": "string", "examples": ["state"]}},
    "no-such-job-type": {"known": {**_NAMES, "examples": [["simulate", "text-report"]]}},
    "no-such-file": {"known": {**_NAMES, "examples": [["thumbnail-64.webp"]]}},
    "unsupported-media-type": {"accepts": {**_NAMES, "examples": [["application/json"]]}},
    "too-large": {"limit": {"type": "integer", "description": "In bytes", "examples": [1_000_000]}},
    "job-gone": {
        "expired_at": {"type": "string", "format": "date-time", "examples": ["2026-01-31T12:00:00.000Z"]},
        "state": {"type": "string", "description": "How it had ended", "examples": ["succeeded"]},
    },
    "job-did-not-succeed": {"state": {"enum": ["failed", "cancelled"], "examples": ["cancelled"]}},
}
"""Members that a problem has beside those of all problems, by slug."""

SECURITY: Parts = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key, where the operator has configured keys"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "coatcheck_session",
        "description": "Set by the gateway with the first submission, where there are no API keys",
    },
}
