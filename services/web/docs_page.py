"""`/docs`: the OpenAPI document as a page, made from nothing else."""

import json
from dataclasses import dataclass, field
from typing import Any

from services.jobs.document import Origins
from services.web.openapi import Part
from services.web.pages import render
from services.web.problem_pages import with_origins
from services.web.problem_types import PROBLEM_TYPES

SCHEMA = "#/components/schemas/"


@dataclass(frozen=True)
class Field:
    """One row of a table: a property, a parameter or a header."""

    name: str
    of: Part
    required: bool
    says: str
    place: str = ""


@dataclass(frozen=True)
class Body:
    """One media type of a request or reply."""

    media_type: str
    of: Part
    fields: list[Field]
    example: str = ""


@dataclass(frozen=True)
class Answer:
    """One status code of an operation; `problems` are the slugs that it may mean."""

    code: str
    says: str
    bodies: list[Body]
    headers: list[str]
    problems: list[str]


@dataclass(frozen=True)
class Operation:
    """One method on one path."""

    method: str
    path: str
    id: str
    summary: str
    says: str
    parameters: list[Field]
    bodies: list[Body]
    answers: list[Answer]
    samples: list[tuple[str, str]] = field(default_factory=list)


def docs_page(document: Part, service: str, here: Origins) -> str:
    """The page, with commands that work from where the client is."""
    groups: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_operation(document, method.upper(), path, operation, here))
    schemas = {
        name: (of.get("description", ""), fields_of(of)) for name, of in document["components"]["schemas"].items()
    }
    kinds = [PROBLEM_TYPES[slug] for slug in dict.fromkeys(_all_problems(document))]
    info = document["info"]
    return render(
        "docs.html",
        service=service,
        origins=here,
        info=info,
        groups=groups,
        schemas=schemas,
        kinds=sorted(kinds, key=lambda kind: kind.status),
        bounds=bounds,
    )


def _operation(document: Part, method: str, path: str, operation: Part, here: Origins) -> Operation:
    parameters = [_resolved(document, entry) for entry in operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {})
    commands = operation.get("x-codeSamples") or [{"label": "curl", "source": f"curl -i ${service_of(document)}{path}"}]
    return Operation(
        method=method,
        path=path,
        id=operation["operationId"],
        summary=operation["summary"],
        says=operation.get("description", ""),
        parameters=[
            Field(entry["name"], entry["schema"], entry["required"], entry["description"], entry["in"])
            for entry in parameters
        ],
        bodies=[_body(name, entry) for name, entry in content.items()],
        answers=[_answer(document, code, entry) for code, entry in operation["responses"].items()],
        samples=[(entry["label"], with_origins(entry["source"], here)) for entry in commands],
    )


def service_of(document: Part) -> str:
    """The name that stands for this service's origin in commands."""
    return "GATEWAY" if "gateway" in document["info"]["title"] else "STATUS"


def _body(media_type: str, entry: Part) -> Body:
    example = json.dumps(entry["example"], indent=2, ensure_ascii=False) if "example" in entry else ""
    return Body(media_type, entry["schema"], fields_of(entry["schema"]), example)


def _answer(document: Part, code: str, entry: Part) -> Answer:
    whole = _resolved(document, entry)
    problems = list(whole.get("content", {}).get("application/problem+json", {}).get("examples", {}))
    bodies = [] if problems else [_body(name, body) for name, body in whole.get("content", {}).items()]
    return Answer(code, whole["description"], bodies, _own_headers(whole), problems)


def _own_headers(answer: Part) -> list[str]:
    return [name for name in answer.get("headers", {}) if name != "X-Request-ID"]


def fields_of(of: Part) -> list[Field]:
    """The properties of an object's schema, its own and those that it adds to another."""
    parts = [of, *of.get("allOf", [])]
    required = {name for part in parts for name in part.get("required", [])}
    return [
        Field(name, schema, name in required, schema.get("description", "") if isinstance(schema, dict) else "")
        for part in parts
        for name, schema in part.get("properties", {}).items()
    ]


def _resolved(document: Part, entry: Part) -> Part:
    reference = entry.get("$ref")
    if not reference:
        return entry
    _, _, kind, name = reference.split("/", 3)
    found: Part = document["components"][kind][name]
    return found


def _all_problems(document: Part) -> list[str]:
    return [slug for name in document["components"]["responses"] for slug in name.split(".")]


def bounds(of: dict[str, Any]) -> list[str]:
    """What a schema asks of a value beyond its type, in words."""
    limits = (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    )
    found = [_range(of.get(least), of.get(most)) + unit for least, most, unit in limits if {least, most} & of.keys()]
    if of.get("default") not in (None, "", False):
        found.append(f"default {json.dumps(of['default'])}")
    return found


def _range(least: float | None, most: float | None) -> str:
    low, high = (f"{bound:,}".removesuffix(".0") if bound is not None else "" for bound in (least, most))
    if low and high:
        return f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}"
