"""The gateway's page: what Coatcheck is, and a form for each job type."""

import json
from dataclasses import dataclass
from typing import Any

from services.gateway.openapi import gateway_document
from services.gateway.request_bodies import not_null, samples
from services.jobs.catalogue import Catalogue
from services.jobs.document import Origins
from services.jobs.job_type import JobType
from services.jobs.settings import Settings
from services.web.front import Front
from services.web.openapi import Part
from services.web.pages import Render, render
from services.web.problem_pages import with_origins

LINE = 200
"""Characters up to which a text is asked for in one line."""


@dataclass(frozen=True)
class FormField:
    """One field of a form: `kind` is how it is asked for, `value` what stands in it at first."""

    name: str
    kind: str
    says: str
    required: bool
    value: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: str = "any"
    accepts: str = ""
    example: str = ""
    item: str = ""


@dataclass(frozen=True)
class TypeForm:
    """A job type as the page shows it."""

    name: str
    summary: str
    fields: list[FormField]
    commands: list[tuple[str, str]]


def gateway_front(settings: Settings, catalogue: Catalogue) -> Front:
    """What the gateway shows of itself."""
    keyed = bool(settings.keys)
    document = gateway_document(catalogue, settings.gateway_public_url, keyed=keyed)
    return Front("gateway", document, gateway_page(catalogue, document, keyed=keyed), _links)


def _links(here: Origins) -> dict[str, str]:
    return {
        "submit": f"{here.gateway}/v1/jobs/{{type}}",
        "cancel": f"{here.gateway}/v1/jobs/{{id}}{{?purge}}",
        "job_types": f"{here.gateway}/v1/job-types",
        "status": f"{here.status}/",
    }


def gateway_page(catalogue: Catalogue, document: Part, *, keyed: bool = False) -> Render:
    """The page for given origins. Its forms are made from the document's schemas."""
    schemas = document["components"]["schemas"]

    def page(here: Origins) -> str:
        forms = [_form(kind, schemas[f"{kind.name}.form"], here) for kind in catalogue.values()]
        first = next((kind.name for kind in catalogue.values() if not kind.example_files), forms[0].name)
        return render("gateway.html", service="gateway", origins=here, forms=forms, first=first, keyed=keyed)

    return page


def _form(kind: JobType, schema: Part, here: Origins) -> TypeForm:
    required = schema.get("required", [])
    fields = [
        _file(kind, name, of, name in required) if name in kind.files else _plain(kind, name, of, name in required)
        for name, of in schema["properties"].items()
    ]
    commands = [(entry["label"], with_origins(entry["source"], here)) for entry in samples(kind)]
    return TypeForm(kind.name, kind.summary, fields, commands)


def _file(kind: JobType, name: str, of: Part, required: bool) -> FormField:
    example = f"/v1/job-types/{kind.name}/examples/{name}" if name in kind.example_files else ""
    return FormField(
        *(name, "file", of.get("description", ""), required),
        value=kind.example_files[name].name if example else "",
        accepts=",".join(kind.files[name].accepts),
        example=example,
    )


def _plain(kind: JobType, name: str, whole: Part, required: bool) -> FormField:
    of = not_null(whole)
    value = kind.example.get(name, of.get("default"))
    form = _kind(of)
    return FormField(
        *(name, form, of.get("description", ""), required),
        value=_shown(value, form),
        choices=tuple(str(choice) for choice in of.get("enum", ())),
        least=of.get("minimum"),
        most=of.get("maximum"),
        step="1" if of.get("type") == "integer" else "any",
        item=str(of.get("items", {}).get("type", "")),
    )


def _kind(of: Part) -> str:
    kind = of.get("type")
    if "enum" in of:
        return "choice"
    if kind == "boolean":
        return "flag"
    if kind in ("integer", "number"):
        return "number"
    if kind == "string":
        return "line" if of.get("maxLength", LINE + 1) <= LINE or "format" in of else "text"
    if kind == "array" and of.get("items", {}).get("type") in ("integer", "number", "string"):
        return "list"
    return "json"


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "list":
        return ", ".join(map(str, value))
    if kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    if kind == "flag":
        return "true" if value else ""
    return str(value)
