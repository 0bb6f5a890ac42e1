"""Every problem type's own page: its `type` URI resolves here."""

from typing import Any

from flask import Blueprint, abort

from services.web.problem_types import PROBLEM_TYPES


def problem_blueprint() -> Blueprint:
    """`/problems/` lists the problem types, `/problems/{slug}` explains one."""
    routes = Blueprint("problems", __name__)

    @routes.get("/problems/")
    def all_problems() -> dict[str, Any]:
        return {"problems": [{"type": kind.uri, "title": kind.title} for kind in PROBLEM_TYPES.values()]}

    @routes.get("/problems/<slug>")
    def one_problem(slug: str) -> dict[str, Any]:
        kind = PROBLEM_TYPES.get(slug)
        if kind is None:
            abort(404)
        shown = {"type": kind.uri, "title": kind.title, "status": kind.status, "meaning": kind.meaning}
        return {**shown, "mend": kind.mend, "example": kind.example}

    return routes
