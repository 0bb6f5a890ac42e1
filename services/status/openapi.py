"""The status service's OpenAPI document."""

from services.jobs.record import STATES
from services.status.listing import DEFAULT_LIMIT, LARGEST_LIMIT
from services.status.schemas import STATUS_MODELS
from services.web.openapi import (
    SHARED_MODELS,
    Part,
    assemble,
    link,
    parameters,
    query,
    refusals,
    reply,
    sample,
    schema,
    service_paths,
)
from services.web.schemas import document_schemas

SAYS = """Ask for jobs, their results, files and events: the query side of Coatcheck.

A submission's `Location` leads here. While a job is not done, `Retry-After` says when it is worth asking again, and
`If-None-Match` with the last `ETag` makes asking cheap. Better than asking often: `Prefer: wait=N`, or the events.
This service reads. It can't write a job: jobs are submitted and cancelled at the gateway.
Every refusal is a problem (RFC 9457), and its `type` leads to a page that says how to mend the request.
HEAD and OPTIONS work on every path, and every reply has an `X-Request-ID`.
"""

CACHED = ("ETag", "Cache-Control")
LOST = ("no-such-job", "job-gone", "store-unavailable", "not-acceptable")
OTHER = "precondition-failed"
EVENTS = """The job's history and what goes on happening, as server-sent events:

- `state`: `{"state": …, "attempt": …}`
- `progress`: `{"percent": …, "message": …}`
- `log`: `{"message": …}`
- `done`: the job document; the stream ends after it

Each event has an id. `Last-Event-ID` resumes with nothing missed or repeated; asked again after `done` it is 204,
so that browsers stop. While nothing happens a comment comes every few seconds."""


def status_document(server: str = "", *, keyed: bool = False) -> Part:
    """The document. `server` is the service's origin, if it is fixed; `keyed` says that lists need an API key."""
    schemas = document_schemas((*SHARED_MODELS, *STATUS_MODELS))
    security: list[Part] = [{"key": []}] if keyed else [{"session": []}, {}]
    paths = {
        "/v1/jobs/{job_id}": {"get": _job()},
        "/v1/jobs/{job_id}/result": {"get": _result()},
        "/v1/jobs/{job_id}/events": {"get": _events()},
        "/v1/jobs/{job_id}/files/{slug}": {"get": _file()},
        "/v1/jobs/{job_id}/deliveries": {"get": _deliveries()},
        "/v1/jobs": {"get": _list(security)},
    }
    return assemble("Coatcheck: status", SAYS, server, paths | service_paths(), schemas)


def _job() -> Part:
    links = {"result": link("getResult"), "events": link("getEvents"), "deliveries": link("getDeliveries")}
    shown = reply("The job, whatever its state.", schema("Job"), "Retry-After", "Vary", *CACHED, links=links)
    shown["headers"]["Preference-Applied"] = {"$ref": "#/components/headers/Preference-Applied"}
    return {
        "operationId": "getJob",
        "summary": "A job as it stands",
        "description": "While it is not done, `Retry-After` says when to ask again. With `Prefer: wait=N` the reply "
        "comes as soon as the job differs from what `If-None-Match` names or, without that, is done.",
        "tags": ["Read a job"],
        "security": [],
        "parameters": [
            *parameters("JobId", "Prefer", "IfNoneMatch"),
            query("redirect", "Lead to the result, once there is one", {"type": "boolean", "default": False}),
        ],
        "responses": {
            "200": shown,
            "303": reply("It has succeeded: go there.", {"type": "string"}, "Location", media_type="text/html"),
            "304": reply("It is as `If-None-Match` says.", None, *CACHED),
            **refusals(*LOST, OTHER),
        },
        "x-codeSamples": [
            *sample("as it is now", "curl -i $STATUS/v1/jobs/$JOB_ID"),
            *sample("when it is done", "curl -i -H 'Prefer: wait=30' $STATUS/v1/jobs/$JOB_ID"),
        ],
    }


def _result() -> Part:
    return {
        "operationId": "getResult",
        "summary": "A job's result alone",
        "description": "As its type gives it. 409 while the job is not done, and if it did not succeed.",
        "tags": ["Read a job"],
        "security": [],
        "parameters": parameters("JobId", "IfNoneMatch"),
        "responses": {
            "200": reply("The result.", {}, *CACHED),
            "304": reply("You have it.", None, "ETag"),
            **refusals(*LOST, OTHER, "job-not-finished", "job-did-not-succeed"),
        },
        "x-codeSamples": sample("curl", "curl -s $STATUS/v1/jobs/$JOB_ID/result"),
    }


def _events() -> Part:
    of = {
        "type": "object",
        "description": "One event; the stream is these, written as the WHATWG's HTML standard has it",
        "required": ["event", "id", "data"],
        "properties": {
            "event": {"enum": ["state", "progress", "log", "done"]},
            "id": {"type": "string"},
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
    }
    return {
        "operationId": "getEvents",
        "summary": "Follow a job by server-sent events",
        "description": EVENTS,
        "tags": ["Read a job"],
        "security": [],
        "parameters": parameters("JobId", "LastEventId"),
        "responses": {
            "200": reply(
                "The stream; it ends when the job is done.", of, "Cache-Control", media_type="text/event-stream"
            ),
            "204": reply("There is nothing after the last event that you have seen."),
            **refusals(*LOST, "too-many-streams"),
        },
        "x-codeSamples": sample("curl", "curl -N $STATUS/v1/jobs/$JOB_ID/events"),
    }


def _file() -> Part:
    binary = {"type": "string", "format": "binary"}
    always = ("ETag", "Accept-Ranges", "Content-Disposition", "Cache-Control")
    name: Part = {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}}
    name["description"] = "The last part of a `url` among the job's `files`"
    return {
        "operationId": "getFile",
        "summary": "One of a job's files, whole or in part",
        "tags": ["Read a job"],
        "security": [],
        "parameters": [*parameters("JobId", "Range", "IfRange", "IfNoneMatch"), name],
        "responses": {
            "200": reply("The file.", binary, *always, media_type="*/*"),
            "206": reply("The part.", binary, "Content-Range", *always, media_type="*/*"),
            "304": reply("You have it.", None, "ETag"),
            **refusals(*LOST, OTHER, "no-such-file", "range-not-satisfiable"),
        },
        "x-codeSamples": sample("curl", "curl -OJ $STATUS/v1/jobs/$JOB_ID/files/thumbnail-64.webp"),
    }


def _deliveries() -> Part:
    return {
        "operationId": "getDeliveries",
        "summary": "Every try at telling a job's callback of its end",
        "tags": ["Read a job"],
        "security": [],
        "parameters": parameters("JobId", "IfNoneMatch"),
        "responses": {
            "200": reply("The tries; none without a callback.", schema("Deliveries"), *CACHED),
            "304": reply("They are as `If-None-Match` says.", None, "ETag"),
            **refusals(*LOST, OTHER),
        },
        "x-codeSamples": sample("curl", "curl -s $STATUS/v1/jobs/$JOB_ID/deliveries"),
    }


def _list(security: list[Part]) -> Part:
    some = reply("A page of them; `Link` leads to the next.", schema("JobList"), "Link", "Cache-Control", "Vary")
    says = "As `application/x-ndjson`: all of them, one job document a line"
    some["content"]["application/x-ndjson"] = {"schema": {"type": "string", "description": says}}
    names = {"type": "array", "items": {"type": "string"}}
    states = {"type": "array", "items": {"enum": list(STATES)}}
    number: Part = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT}
    commas = {"style": "form", "explode": False}
    return {
        "operationId": "listJobs",
        "summary": "Your own jobs, newest first",
        "description": "Yours are those that you submitted with your API key or, where there are no keys, with the "
        "session cookie that the gateway has set.",
        "tags": ["List jobs"],
        "security": security,
        "parameters": [
            {**query("state", "Only jobs in these states", states), **commas},
            {**query("type", "Only jobs of these types", names), **commas},
            query("limit", "Jobs on a page", number),
            query("cursor", "Where the page begins; take it from `Link`", {"type": "string", "minLength": 1}),
        ],
        "responses": {
            "200": some,
            **refusals("unauthorized", "not-acceptable", "invalid-query", "store-unavailable"),
        },
        "x-codeSamples": [
            *sample("a page", 'curl -s -b cookies.txt "$STATUS/v1/jobs?state=running&limit=5"'),
            *sample("all", "curl -s -b cookies.txt -H 'Accept: application/x-ndjson' $STATUS/v1/jobs"),
        ],
    }
