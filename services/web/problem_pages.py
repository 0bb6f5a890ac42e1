"""Every problem type's own page: its `type` URI resolves here, for programs and for people."""

from collections.abc import Callable
from json import dumps
from typing import Any

from flask import Blueprint, Response, abort, jsonify

from services.jobs.document import Origins
from services.web.openapi import problem_example
from services.web.pages import by_accept, page, policy, render, wants_page
from services.web.problem_types import PROBLEM_TYPES, ProblemType

ORIGINS = {
    "job-raised": "job",
    "job-timeout": "timeout",
    "worker-lost": "worker-lost",
    "invalid-result": "invalid-result",
}
"""What `origin` says in a job's `error`, by slug."""


def problem_blueprint(service: str, origins: Callable[[], Origins]) -> Blueprint:
    """`/problems/` lists the problem types, `/problems/{slug}` explains one."""
    routes = Blueprint("problems", __name__)

    @routes.get("/problems/")
    def all_problems() -> Response:
        if wants_page():
            kinds = sorted(PROBLEM_TYPES.values(), key=lambda kind: (kind.status < 400, kind.status))
            html = render("problems.html", service=service, origins=origins(), kinds=kinds)
            return by_accept(page(html, policy()))
        listed = [{"type": kind.uri, "title": kind.title} for kind in PROBLEM_TYPES.values()]
        return by_accept(jsonify({"problems": listed}))

    @routes.get("/problems/<slug>")
    def one_problem(slug: str) -> Response:
        kind = PROBLEM_TYPES.get(slug)
        if kind is None:
            abort(404)
        if wants_page():
            here = origins()
            example = with_origins(kind.example, here)
            shown = dumps(_as_met(kind), indent=2, ensure_ascii=False)
            html = render("problem.html", service=service, origins=here, kind=kind, example=example, shown=shown)
            return by_accept(page(html, policy()))
        return by_accept(jsonify(_shown(kind)))

    return routes


def _shown(kind: ProblemType) -> dict[str, Any]:
    shown = {"type": kind.uri, "title": kind.title, "status": kind.status, "meaning": kind.meaning}
    return {**shown, "mend": kind.mend, "example": kind.example}


def _as_met(kind: ProblemType) -> dict[str, Any]:
    """The problem as a client meets it: as a reply, or in the `error` of a job."""
    if kind.status >= 400:
        return problem_example(kind)
    failure = {"type": kind.uri, "title": kind.title, "detail": kind.meaning, "origin": ORIGINS[kind.slug]}
    return {"state": "failed", "error": failure}


def with_origins(command: str, here: Origins) -> str:
    """A command with the services' true origins, so that it works when pasted."""
    return command.replace("$GATEWAY", here.gateway).replace("$STATUS", here.status)
