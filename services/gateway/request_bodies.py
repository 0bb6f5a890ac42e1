"""The forms in which a job type's input can be sent, as OpenAPI describes them, and as commands."""

import json
import shlex
from typing import Any

from services.gateway.inputs import FORM, MULTIPART
from services.jobs.files import FileRule
from services.jobs.job_type import JobType
from services.web.openapi import JSON, Part, sample, schema


def input_without_files(kind: JobType, whole: Part) -> Part:
    """The input's schema without its file fields: what JSON and a plain form can say."""
    required = [name for name in whole.get("required", []) if name not in kind.files]
    properties = {name: of for name, of in whole["properties"].items() if name not in kind.files}
    made = {**whole, "properties": properties, "required": required}
    made.setdefault("additionalProperties", False)
    return {name: value for name, value in made.items() if value != []}


def not_null(of: Part) -> Part:
    """A field's schema without null, which neither a query nor a form can say."""
    some = [entry for entry in of.get("anyOf", []) if entry != {"type": "null"}]
    if len(some) != 1:
        return of
    return {name: value for name, value in {**of, **some[0]}.items() if name != "anyOf" and value is not None}


def envelope(kind: JobType, options: Part) -> Part:
    """The input together with the job's options."""
    return {
        "type": "object",
        "description": "The input with the job's options; the options can be given in the query instead.",
        "properties": {"input": schema(f"{kind.name}.input"), "options": options},
        "required": ["input"],
        "additionalProperties": False,
    }


def request_body(kind: JobType, schemas: Part) -> Part:
    """Every media type that the job type takes, each with its schema and, where it can be said, an example."""
    whole, plain = schemas[f"{kind.name}.form"], schemas[f"{kind.name}.input"]
    needed = kind.files.keys() & set(whole.get("required", []))
    content: Part = {}
    if not needed:
        either = {"anyOf": [schema(f"{kind.name}.input"), schema(f"{kind.name}.envelope")]}
        content[JSON] = {"schema": either, "example": dict(kind.example)}
        content[FORM] = {"schema": _without(kind, whole) if kind.files else schema(f"{kind.name}.form")}
    content[MULTIPART] = _multipart(kind)
    if len(kind.files) == 1:
        field, rule = next(iter(kind.files.items()))
        for media_type in rule.accepts:
            content[media_type] = _raw(kind, field, rule, media_type)
    return {"required": bool(plain.get("required") or needed), "content": content}


def _without(kind: JobType, whole: Part) -> Part:
    return {**whole, "properties": {name: of for name, of in whole["properties"].items() if name not in kind.files}}


def form(kind: JobType, whole: Part) -> Part:
    """The input's schema as a form with files says it: file fields are bytes, and nothing is null."""
    properties = {name: not_null(of) for name, of in whole["properties"].items()}
    for name in kind.files:
        says = whole["properties"][name].get("description", "")
        properties[name] = {"type": "string", "format": "binary", "description": says}
    return {"additionalProperties": False, **whole, "properties": properties}


def _multipart(kind: JobType) -> Part:
    encoding = {name: {"contentType": ", ".join(rule.accepts)} for name, rule in kind.files.items()}
    return {"schema": schema(f"{kind.name}.form"), **({"encoding": encoding} if encoding else {})}


def _raw(kind: JobType, field: str, rule: FileRule, media_type: str) -> Part:
    says = f"The body fills `{field}`; at most {rule.max_bytes:,} bytes."
    made: Part = {"schema": {"type": "string", "format": "binary", "description": says}}
    path = kind.example_files.get(field)
    if path and rule.example(path).media_type == media_type:
        url = f"/v1/job-types/{kind.name}/examples/{field}"
        made["examples"] = {"file": {"summary": path.name, "externalValue": url}}
    return made


def samples(kind: JobType) -> list[Part]:
    """Submissions of the example as commands that work when pasted."""
    url = f"$GATEWAY/v1/jobs/{kind.name}"
    if not kind.example_files:
        body = shlex.quote(json.dumps(dict(kind.example), ensure_ascii=False))
        return sample("JSON", f"curl -i -H 'Content-Type: {JSON}' \\", f"  -d {body} \\", f"  {url}")
    fetch = [f"curl -so {path.name} {_file_url(kind, field)}" for field, path in kind.example_files.items()]
    parts = [f"-F {name}={shlex.quote(str(item))}" for name, item in _pairs(kind.example)]
    parts += [f"-F {field}=@{path.name}" for field, path in kind.example_files.items()]
    found = sample("a form with files", *fetch, f"curl -i {' '.join(parts)} {url}")
    if len(kind.files) == 1:
        field, path = next(iter(kind.example_files.items()))
        media_type = kind.files[field].example(path).media_type
        found += sample("the file alone", f"curl -i -H 'Content-Type: {media_type}' --data-binary @{path.name} {url}")
    return found


def _file_url(kind: JobType, field: str) -> str:
    return f"$GATEWAY/v1/job-types/{kind.name}/examples/{field}"


def _pairs(example: Any) -> list[tuple[str, Any]]:
    """The example's values as a form has them: one pair for each entry of a list."""
    return [(name, item) for name, value in example.items() for item in (value if isinstance(value, list) else [value])]
