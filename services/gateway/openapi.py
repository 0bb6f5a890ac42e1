"""The gateway's OpenAPI document, made from the job types."""

import inspect
import re
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from services.gateway.options import Options
from services.gateway.request_bodies import envelope, form, input_without_files, not_null, request_body, samples
from services.gateway.schemas import GATEWAY_MODELS
from services.jobs.catalogue import Catalogue
from services.jobs.job_type import JobType
from services.web.openapi import (
    JSON,
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
)
from services.web.openapi import service_paths as paths_of_both
from services.web.schemas import REFERENCE, document_schemas

SAYS = """Hand in slow work and get a ticket: the command side of Coatcheck.

Submit a job with `POST /v1/jobs/{type}`. The reply comes at once, as 202 with the job's address in `Location`: it
is on the status service, which is asked for the job's state and result. `Retry-After` says when that is worth while.

An `Idempotency-Key` makes it safe to send a submission again. `?validate=true` tries one without submitting it.
Every refusal is a problem (RFC 9457), and its `type` leads to a page that says how to mend the request.
HEAD and OPTIONS work on every path, and every reply has an `X-Request-ID`.
"""

OPTIONS = {
    "priority": "Which queue the job waits in",
    "delay": "Seconds to wait before the job may start",
    "run_at": "When the job may start, in RFC 3339 with an offset; not together with `delay`",
    "timeout": "Seconds that one attempt may take, up to the job type's own limit",
    "callback_url": "A public http(s) URL that gets one signed POST when the job has ended",
    "validate": "Only try: everything but the enqueueing",
}

SUBMIT = (
    *("bad-request", "bad-body", "bad-idempotency-key", "unauthorized", "not-acceptable", "request-timeout"),
    *("length-required", "too-large", "unsupported-media-type", "invalid-input", "idempotency-key-reused"),
    *("rate-limited", "queue-full", "store-unavailable"),
)
CANCEL = ("unauthorized", "no-such-job", "not-acceptable", "job-gone", "invalid-query", "store-unavailable")


def gateway_document(catalogue: Catalogue, server: str = "", *, keyed: bool = False) -> Part:
    """The document. `server` is the gateway's origin, if it is fixed; `keyed` says that callers need an API key."""
    schemas = document_schemas((*SHARED_MODELS, *GATEWAY_MODELS)) | _schemas(catalogue)
    security: list[Part] = [{"key": []}] if keyed else [{"session": []}, {}]
    paths = {f"/v1/jobs/{kind.name}": _submit(kind, schemas, security) for kind in catalogue.values()}
    paths |= _job_paths([{"key": []}] if keyed else []) | _type_paths() | paths_of_both()
    return assemble("Coatcheck: gateway", SAYS, server, paths, schemas, {"JobEnded": _callback()})


def _schemas(catalogue: Catalogue) -> Part:
    """Each job type's models as they are, and its input in the form without files in which JSON takes it."""
    pairs: list[tuple[Any, JsonSchemaMode]] = [(Options, "validation")]
    for kind in catalogue.values():
        pairs += [(kind.input_model, "validation"), (kind.result_model, "serialization")]
    named, found = models_json_schema(pairs, ref_template=REFERENCE)
    schemas: Part = found["$defs"]
    options = _by_name(schemas, named[Options, "validation"])
    for name, says in OPTIONS.items():
        options["properties"][name] = {**options["properties"][name], "description": says}
    options["properties"]["callback_url"] |= {"format": "uri", "pattern": "^https?://"}
    for kind in catalogue.values():
        whole = _by_name(schemas, named[kind.input_model, "validation"])
        schemas[f"{kind.name}.input"] = input_without_files(kind, whole)
        schemas[f"{kind.name}.envelope"] = envelope(kind, named[Options, "validation"])
        result = named[kind.result_model, "serialization"]
        own = {"properties": {"type": {"const": kind.name}, "result": result}}
        schemas[f"{kind.name}.job"] = {"allOf": [schema("Job"), own]}
        schemas[f"{kind.name}.form"] = form(kind, whole)
    return schemas


def _by_name(schemas: Part, reference: Part) -> Part:
    found: Part = schemas[reference["$ref"].rpartition("/")[2]]
    return found


def _submit(kind: JobType, schemas: Part, security: list[Part]) -> Part:
    text = inspect.getdoc(kind.function) or ""
    accepted = reply(
        "Accepted: the job is kept and will be run.",
        *(schema(f"{kind.name}.job"), "Location", "Retry-After", "ETag", "Link", "Vary", "Cache-Control"),
        *("Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "Set-Cookie"),
        links={"cancel": link("cancelJob")},
    )
    done = reply(
        "With `Prefer: wait`, the job has ended in time. With `validate=true`, the input is right.",
        {"anyOf": [schema(f"{kind.name}.job"), schema("Understood")]},
        *("Content-Location", "ETag", "Link", "Vary", "Cache-Control", "Preference-Applied", "Idempotency-Replayed"),
        *("RateLimit", "RateLimit-Policy", "Set-Cookie"),
    )
    operation = {
        "operationId": "submit" + re.sub(r"(?:^|-)(.)", lambda match: match[1].upper(), kind.name),
        "summary": kind.summary,
        "description": text.partition("\n")[2].strip(),
        "tags": ["Submit a job"],
        "security": security,
        "parameters": parameters("IdempotencyKey", "Prefer", "Traceparent") + _query(kind, schemas),
        "requestBody": request_body(kind, schemas),
        "responses": {"200": done, "202": accepted, **refusals(*SUBMIT)},
        "callbacks": {"ended": {"$ref": "#/components/callbacks/JobEnded"}},
        "x-codeSamples": samples(kind),
    }
    return {"post": {name: value for name, value in operation.items() if value != ""}}


def _query(kind: JobType, schemas: Part) -> list[Part]:
    """The options; and the plain fields, where a raw body leaves no other place for them."""
    options: Part = dict(schemas["Options"]["properties"])
    options["timeout"] = {"type": "integer", "minimum": 1, "maximum": kind.timeout}
    found = [query(name, OPTIONS[name], _plain(options[name])) for name in OPTIONS]
    if len(kind.files) == 1:
        for name, of in schemas[f"{kind.name}.input"]["properties"].items():
            found.append(query(name, f"{of.get('description', name)}. Here or in the body, not in both", _plain(of)))
    return found


def _plain(of: Part) -> Part:
    return {name: value for name, value in not_null(of).items() if name not in ("title", "description")}


def _job_paths(security: list[Part]) -> Part:
    shown = ("ETag", "Cache-Control")
    cancel = {
        "operationId": "cancelJob",
        "summary": "Cancel a job, or purge it",
        "description": "A queued job never starts. A running one is asked to stop, and stopped within seconds. "
        "One that is done stays as it is, unless it is purged: its result and its files are removed.",
        "tags": ["Cancel a job"],
        "security": security,
        "parameters": [
            *parameters("JobId"),
            query("purge", "Remove its result and its files, too", {"type": "boolean", "default": False}),
        ],
        "responses": {
            "200": reply("It is cancelled, or was done already.", schema("Job"), *shown),
            "202": reply("It runs, and is being stopped.", schema("Job"), "Retry-After", *shown),
            **refusals(*CANCEL),
        },
        "x-codeSamples": sample("curl", "curl -i -X DELETE $GATEWAY/v1/jobs/$JOB_ID"),
    }
    forget = {
        "operationId": "endSession",
        "summary": "End the session: forget its list of jobs",
        "description": "The jobs stay, and can be read by whoever knows their ids.",
        "tags": ["Cancel a job"],
        "security": [{"session": []}, {}],
        "responses": {"204": reply("It is forgotten.", None, "Set-Cookie"), **refusals("store-unavailable")},
        "x-codeSamples": sample("curl", "curl -i -X DELETE -b cookies.txt $GATEWAY/v1/session"),
    }
    return {"/v1/jobs/{job_id}": {"delete": cancel}, "/v1/session": {"delete": forget}}


def _type_paths() -> Part:
    name: Part = {"name": "name", "in": "path", "required": True, "description": "A job type's name"}
    name["schema"] = {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"}
    field: Part = {"name": "field", "in": "path", "required": True, "description": "A file field's name"}
    field["schema"] = {"type": "string"}
    plain: Part = {"tags": ["Job types"], "security": []}
    missing = refusals("no-such-job-type", "not-acceptable")
    file = reply("The file.", {"type": "string", "format": "binary"}, "ETag", media_type="*/*")
    return {
        "/v1/job-types": {
            "get": {
                **{"operationId": "listJobTypes", "summary": "Which kinds of job there are", **plain},
                "responses": {"200": reply("All of them.", schema("JobTypeList")), **refusals("not-acceptable")},
                "x-codeSamples": sample("curl", "curl $GATEWAY/v1/job-types"),
            }
        },
        "/v1/job-types/{name}": {
            "get": {
                **{"operationId": "getJobType", "summary": "One job type: schemas, example, limits", **plain},
                "parameters": [name],
                "responses": {"200": reply("The job type.", schema("JobType")), **missing},
                "x-codeSamples": sample("curl", "curl $GATEWAY/v1/job-types/text-report"),
            }
        },
        "/v1/job-types/{name}/examples/{field}": {
            "get": {
                **{"operationId": "getExampleFile", "summary": "The example file for one field", **plain},
                "parameters": [name, field],
                "responses": {"200": file, **refusals("no-such-job-type", "no-such-file", "not-acceptable")},
            }
        },
    }


def _callback() -> Part:
    told = {
        "summary": "The job has ended",
        "description": "Sent once, signed (Standard Webhooks 1.0), and tried again until it is answered with 2xx. "
        "A large result is left out. `GET /v1/jobs/{id}/deliveries` on the status service lists every try.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        "requestBody": {"required": True, "content": {JSON: {"schema": schema("Event")}}},
        "responses": {"2XX": {"description": "Taken: it is not sent again"}},
    }
    return {"{$request.query.callback_url}": {"post": told}}
