"""`GET /v1/job-types`: which kinds of job there are, their schemas, examples and limits."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, send_file

from services.gateway.inputs import accepted_types
from services.gateway.submitting import find_type
from services.jobs.catalogue import Catalogue
from services.jobs.document import Origins
from services.jobs.job_type import JobType
from services.web.problems import Problem


def job_type_blueprint(catalogue: Catalogue, origins: Callable[[], Origins]) -> Blueprint:
    """The routes that describe the catalogue."""
    routes = Blueprint("job_types", __name__)

    @routes.get("/v1/job-types")
    def list_types() -> dict[str, Any]:
        base = origins().gateway
        return {"job_types": [_summary(kind, base) for kind in catalogue.values()]}

    @routes.get("/v1/job-types/<name>")
    def one_type(name: str) -> dict[str, Any]:
        return describe(find_type(catalogue, name), origins().gateway)

    @routes.get("/v1/job-types/<name>/examples/<field>")
    def example_file(name: str, field: str) -> Response:
        kind = find_type(catalogue, name)
        path = kind.example_files.get(field)
        if path is None:
            raise Problem("no-such-file", f"{name} has no example file for {field[:60]!r}.")
        media_type = kind.files[field].example(path).media_type
        return send_file(path, mimetype=media_type, as_attachment=True, download_name=path.name)

    return routes


def _summary(kind: JobType, base: str) -> dict[str, Any]:
    links = {"self": f"{base}/v1/job-types/{kind.name}", "submit": f"{base}/v1/jobs/{kind.name}"}
    return {"name": kind.name, "summary": kind.summary, "links": links}


def describe(kind: JobType, base: str) -> dict[str, Any]:
    """All that a client needs to submit a job of this type. Sizes are bytes, times are seconds."""
    files = {
        field: {
            "name": path.name,
            "media_type": kind.files[field].example(path).media_type,
            "url": f"{base}/v1/job-types/{kind.name}/examples/{field}",
        }
        for field, path in kind.example_files.items()
    }
    limits = {"body": kind.max_body, "timeout": kind.timeout, "attempts": kind.max_attempts, "keep": kind.keep}
    return {
        **_summary(kind, base),
        "accepts": accepted_types(kind),
        "input": kind.input_model.model_json_schema(),
        "result": kind.result_model.model_json_schema(),
        "example": dict(kind.example),
        "example_files": files,
        "files": {name: {"accepts": rule.accepts, "max_bytes": rule.max_bytes} for name, rule in kind.files.items()},
        "limits": limits,
    }
