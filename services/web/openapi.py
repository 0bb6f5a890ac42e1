"""The pieces of which both services make their OpenAPI document, and the route that serves it."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response

from services.web.openapi_parts import HEADERS, MEMBERS, PARAMETERS, SECURITY
from services.web.problem_types import PROBLEM_TYPES, ProblemType
from services.web.replies import conditional
from services.web.schemas import Health, Life, Mistake, Problem, ProblemList, ProblemPage, ServiceDocument

VERSION = "0.1.0"
JSON = "application/json"
PROBLEM = "application/problem+json"
ANYWHERE = ("untrusted-host", "uri-too-long", "headers-too-large", "internal-error")
"""Problems that any request may meet."""

SHARED_MODELS = (Health, Life, Mistake, Problem, ProblemList, ProblemPage, ServiceDocument)

Part = dict[str, Any]


def schema(name: str) -> Part:
    """A reference to a schema among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def parameters(*names: str) -> list[Part]:
    """References to parameters among the components."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def query(name: str, says: str, of: Part) -> Part:
    """A query parameter that may be left out."""
    return {"name": name, "in": "query", "required": False, "description": says, "schema": of}


def reply(says: str, of: Part | None = None, *headers: str, media_type: str = JSON, links: Part | None = None) -> Part:
    """A response: what it means, the schema of its body if it has one, and the headers that it carries."""
    made: Part = {"description": says}
    names = ("X-Request-ID", *headers)
    made["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if of is not None:
        made["content"] = {media_type: {"schema": of}}
    if links:
        made["links"] = links
    return made


def refusals(*slugs: str) -> Part:
    """The responses with which an operation refuses, by status code: these problems and those met anywhere."""
    by_status: dict[int, list[str]] = {}
    for slug in (*slugs, *ANYWHERE):
        by_status.setdefault(PROBLEM_TYPES[slug].status, []).append(slug)
    return {str(code): {"$ref": f"#/components/responses/{'.'.join(by_status[code])}"} for code in sorted(by_status)}


def link(operation: str) -> Part:
    """A link to an operation on the job that a response shows."""
    return {"operationId": operation, "parameters": {"job_id": "$response.body#/id"}}


def sample(title: str, *lines: str) -> list[Part]:
    """A request as a command, in the form that documentation tools know."""
    return [{"lang": "Shell", "label": title, "source": "\n".join(lines)}]


def assemble(title: str, says: str, server: str, paths: Part, schemas: Part, callbacks: Part | None = None) -> Part:
    """The whole document. Of the components only those are taken up that something refers to."""
    document: Part = {
        "openapi": "3.1.1",
        "info": {
            "title": title,
            "summary": says.partition("\n")[0],
            "description": says,
            "version": VERSION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server or "/"}],
        "tags": _tags(paths),
        "paths": paths,
        "components": {"securitySchemes": SECURITY, "callbacks": callbacks or {}},
    }
    found: dict[str, Part] = {"responses": {}, "parameters": {}, "headers": {}, "schemas": {}}
    waiting = list(_references(document))
    while waiting:
        kind, name = waiting.pop()
        if kind in found and name not in found[kind]:
            found[kind][name] = _component(kind, name, schemas)
            waiting += _references(found[kind][name])
    document["components"] |= {kind: dict(sorted(parts.items())) for kind, parts in found.items()}
    return document


def _component(kind: str, name: str, schemas: Part) -> Part:
    if kind == "responses":
        return _refusal([PROBLEM_TYPES[slug] for slug in name.split(".")])
    known: Mapping[str, Part] = {"parameters": PARAMETERS, "headers": HEADERS, "schemas": schemas}[kind]
    return known[name]


def _references(part: object) -> Iterator[tuple[str, str]]:
    yield from re.findall(r'"\$ref": "#/components/(\w+)/([^"]+)"', json.dumps(part))


def _tags(paths: Part) -> list[Part]:
    names = [name for path in paths.values() for operation in path.values() for name in operation["tags"]]
    return [{"name": name} for name in dict.fromkeys(names)]


def _refusal(kinds: Sequence[ProblemType]) -> Part:
    code = kinds[0].status
    own: Part = {"type": {"enum": [kind.uri for kind in kinds]}, "status": {"const": code}}
    for kind in kinds:
        own |= MEMBERS.get(kind.slug, {})
    made = reply(" or ".join(kind.title for kind in kinds) + ".", None, *_headers_of(kinds))
    examples = {kind.slug: {"summary": kind.title, "value": problem_example(kind)} for kind in kinds}
    made["content"] = {PROBLEM: {"schema": {"allOf": [schema("Problem"), {"properties": own}]}, "examples": examples}}
    return made


def _headers_of(kinds: Sequence[ProblemType]) -> list[str]:
    """What comes with each of these problems; where only some bring a header, none is promised."""
    brings = {"unauthorized": {"WWW-Authenticate"}, "rate-limited": {"Retry-After", "RateLimit", "RateLimit-Policy"}}
    brings |= {slug: {"Retry-After"} for slug in ("job-not-finished", "queue-full", "too-many-streams")}
    brings |= {"store-unavailable": {"Retry-After"}, "range-not-satisfiable": {"Content-Range"}}
    brings |= {"unsupported-media-type": {"Accept-Post"}}
    return sorted(set.intersection(*(brings.get(kind.slug, set()) for kind in kinds)))


def problem_example(kind: ProblemType) -> Part:
    """A problem of this type as clients get it."""
    own = {name: of["examples"][0] for name, of in MEMBERS.get(kind.slug, {}).items()}
    return {"type": kind.uri, "title": kind.title, "status": kind.status, "detail": kind.meaning, **own}


def service_paths() -> Part:
    """The paths that both services have: the service itself, its documents, health, problems and metrics."""
    page = {"schema": {"type": "string"}}
    front = reply("The service document, or for people a page.", schema("ServiceDocument"), "Vary")
    front["content"]["text/html"] = page
    problem = reply("The problem type explained, as JSON or as a page.", schema("ProblemPage"), "Vary")
    problem["content"]["text/html"] = page
    problems = reply("All problem types.", schema("ProblemList"), "Vary")
    problems["content"]["text/html"] = page
    text: Part = {"type": "string"}
    docs = reply("The page; for programs this document.", {"type": "object"}, "Vary")
    docs["content"]["text/html"] = page
    return {
        "/": _get("service", "What there is on this service", front),
        "/openapi.json": _get("openapi", "This document", reply("OpenAPI 3.1.", {"type": "object"}, "ETag")),
        "/docs": _get("docs", "This document as a page", docs),
        "/livez": _get("livez", "Whether this process answers", reply("It does.", schema("Life"))),
        "/readyz": _get(
            *("readyz", "Whether the store answers, and how many workers there are"),
            reply("It does.", schema("Health")),
            "store-unavailable",
        ),
        "/metrics": _get("metrics", "Figures for Prometheus", reply("The figures.", text, media_type="text/plain")),
        "/problems/": _get("problems", "All problem types", problems),
        "/problems/{slug}": {
            "get": {
                **_get("problem", "What a problem means, and a request that mends it", problem, "not-found")["get"],
                "parameters": parameters("Slug"),
            }
        },
    }


def _get(name: str, summary: str, good: Part, *slugs: str) -> Part:
    operation = {"operationId": name, "summary": summary, "tags": ["The service"], "security": []}
    return {"get": {**operation, "responses": {"200": good, **refusals("not-acceptable", *slugs)}}}


def openapi_blueprint(document: Part) -> Blueprint:
    """`/openapi.json`: made once, at the start."""
    routes = Blueprint("openapi", __name__)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    etag = hashlib.sha256(body).hexdigest()[:20]

    @routes.get("/openapi.json")
    def openapi() -> Response:
        response = Response(body, content_type=JSON)
        response.set_etag(etag)
        response.headers["Cache-Control"] = "no-cache"
        return conditional(response)

    return routes
