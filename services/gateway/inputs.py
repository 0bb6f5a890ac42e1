"""From a request to a job's input: the four forms in which it can arrive, and one in which it is checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from services.gateway.uploads import Uploads, check_rule, describe
from services.jobs.files import File
from services.jobs.job_type import ENVELOPE, OPTION_NAMES, JobType
from services.jobs.strict_json import BadJson, dump_model, loads
from services.web.problems import Problem
from services.web.request import Request

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MOST_ERRORS = 100

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request understood: the input's values, the options, and whether the values came as text."""

    values: Values
    options: Values
    textual: bool


def parse(request: Request, kind: JobType, uploads: Uploads) -> Parsed:
    """Take the request apart; raises a Problem for what is not as its Content-Type says."""
    _refuse_coding(request)
    _require_length(request)
    request.body_limit = kind.body_limit if request.mimetype != "application/json" else kind.max_body
    request.sink = uploads if kind.files else None
    query, options = _query(request, kind)
    body, textual = _body(request, kind, uploads)
    if not textual and "input" in body and body.keys() <= ENVELOPE:
        body, given = _envelope(body)
        _refuse_double(options, given, "options")
        options = {**options, **given}
    _refuse_double(query, body, "")
    return Parsed({**query, **body}, options, textual or bool(query))


def _refuse_coding(request: Request) -> None:
    """Refuse a compressed body (RFC 9110, section 8.4), which would be taken for what it is not."""
    coding = request.environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if coding not in ("identity", ""):
        detail = f"No Content-Encoding is taken here, not {coding[:60]}: send the body as it is."
        raise Problem("unsupported-media-type", detail, headers={"Accept-Encoding": "identity"})


def _require_length(request: Request) -> None:
    """Refuse a request that says of what type its body is, but not how long it is (RFC 9110, section 15.5.12)."""
    environ = request.environ
    if "CONTENT_TYPE" in environ and "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
        raise Problem("length-required", "Send Content-Length, or a chunked body.")


def validate(kind: JobType, parsed: Parsed) -> tuple[str, int]:
    """The input as JSON text, checked by the job type's model, and its expected run time in milliseconds (0: unknown).

    Raises `invalid-input` with every mistake.
    """
    errors = _unknown_fields(kind, parsed.values) + _file_errors(kind, parsed.values)
    try:
        inputs = kind.input_model.model_validate(parsed.values)
    except ValidationError as error:
        errors += [as_mistake(entry, parsed.values) for entry in error.errors(include_url=False, include_input=False)]
        raise invalid_input(errors) from None
    if errors:
        raise invalid_input(errors)
    return _dump(inputs, parsed.textual), kind.expected_ms(inputs)


def invalid_input(errors: list[dict[str, str]]) -> Problem:
    """The refusal of an input, with the first mistake in its detail."""
    first = errors[0]
    shown = {"errors": errors[:MOST_ERRORS]}
    return Problem("invalid-input", f"{first['pointer'] or 'The input'}: {first['detail']}", shown)


def mistake(pointer: str, detail: str, kind: str) -> dict[str, str]:
    """One entry of `errors`."""
    return {"pointer": pointer, "detail": detail, "type": kind}


def _dump(inputs: BaseModel, textual: bool) -> str:
    text = "" if textual else inputs.model_dump_json(by_alias=True)
    if text and "null" not in text:  # which is how pydantic writes what is not finite
        return text
    try:
        return dump_model(inputs)
    except ValueError:
        raise invalid_input([mistake("", "a number is not finite", "finite_number")]) from None


def _query(request: Request, kind: JobType) -> tuple[Values, Values]:
    if not request.query_string:
        return {}, {}
    values = _fields(kind, request.args.lists())
    options = {name: values.pop(name) for name in OPTION_NAMES & values.keys()}
    return values, options


def _body(request: Request, kind: JobType, uploads: Uploads) -> tuple[Values, bool]:
    media_type = request.mimetype
    if media_type == "application/json":
        return _json(request), False
    if media_type == FORM:
        return _fields(kind, request.form.lists()), True
    if media_type == MULTIPART:
        return {**_fields(kind, request.form.lists()), **_parts(request)}, True
    field = _raw_field(kind, media_type)
    if field:
        file, _ = uploads.receive(request.stream, field, media_type)
        return {field: file}, True
    if not media_type and not request.stream.read(1):
        return {}, True
    raise Problem(
        "unsupported-media-type",
        f"{kind.name} takes no body of type {media_type[:100] or 'unknown (Content-Type is missing)'}.",
        {"accepts": accepted_types(kind)},
        headers={"Accept-Post": ", ".join(accepted_types(kind))},
    )


def accepted_types(kind: JobType) -> list[str]:
    """The media types in which a job type's input can be sent."""
    raw = next(iter(kind.files.values())).accepts if len(kind.files) == 1 else ()
    return ["application/json", FORM, MULTIPART, *raw]


def _json(request: Request) -> Values:
    try:
        body = loads(request.stream.read())
    except BadJson as error:
        raise Problem("bad-body", f"The body is not valid JSON: {error}.") from None
    if not isinstance(body, dict):
        raise invalid_input([mistake("", "send a JSON object", "object_type")])
    return body


def _envelope(body: Values) -> tuple[Values, Values]:
    inputs, options = body["input"], body.get("options", {})
    for name, value in (("input", inputs), ("options", options)):
        if not isinstance(value, dict):
            raise invalid_input([mistake(f"/{name}", "send a JSON object", "object_type")])
    return inputs, options


def _fields(kind: JobType, lists: Iterable[tuple[str, list[str]]]) -> Values:
    return {name: values if name in kind.arrays or len(values) > 1 else values[0] for name, values in lists}


def _parts(request: Request) -> Mapping[str, Any]:
    parts = {}
    for name, storages in request.files.lists():
        if len(storages) > 1 or name in request.form:
            raise invalid_input([mistake(f"/{name}", "send one file for this field", "too_many_files")])
        storage = storages[0]
        if not storage.filename and not getattr(storage.stream, "size", 0):
            continue  # what a browser sends for a file field in which nothing was chosen
        parts[name] = describe(storage.stream, storage.filename or name, storage.mimetype)
    return parts


def _raw_field(kind: JobType, media_type: str) -> str:
    if len(kind.files) != 1:
        return ""
    field, rule = next(iter(kind.files.items()))
    return field if media_type in rule.accepts else ""


def _refuse_double(first: Values, second: Values, where: str) -> None:
    for name in first.keys() & second.keys():
        pointer = f"/{where}/{name}" if where else f"/{name}"
        raise invalid_input([mistake(pointer, "given in the query and in the body: give it once", "given_twice")])


def _unknown_fields(kind: JobType, values: Values) -> list[dict[str, str]]:
    known = kind.field_names
    if known is None or known >= values.keys():
        return []
    says = f"no such field; {kind.name} takes {', '.join(sorted(known))}"
    return [mistake(f"/{_escape(name)}", says, "unknown_field") for name in values if name not in known]


def _file_errors(kind: JobType, values: Values) -> list[dict[str, str]]:
    found = []
    for name, rule in kind.files.items():
        if isinstance(values.get(name), File) and (said := check_rule(name, values[name], rule)):
            found.append(mistake(f"/{name}", said, "file"))
    return found


def as_mistake(entry: Any, values: Any, base: str = "") -> dict[str, str]:
    """A pydantic error as an entry of `errors`; its location is followed only as far as the input goes."""
    pointer, here = base, values
    for part in entry["loc"]:
        inside = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
        if not inside and not (isinstance(here, dict) and entry["type"] == "missing"):
            break
        pointer += f"/{_escape(str(part))}"
        here = here[part] if inside else None
    return mistake(pointer, str(entry["msg"]).removeprefix("Value error, "), str(entry["type"]))


def _escape(name: str) -> str:
    return name[:100].replace("~", "~0").replace("/", "~1")
