"""What both services show of themselves: `/`, `/docs`, `/openapi.json`, `/problems/…` and what their pages load."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from services.jobs.document import Origins
from services.web.docs_page import docs_page
from services.web.openapi import VERSION, Part, openapi_blueprint
from services.web.pages import Render, by_accept, for_any_origin, page, policy, static_blueprint, wants_page
from services.web.problem_pages import problem_blueprint


@dataclass(frozen=True)
class Front:
    """What is particular to one service: its name, its OpenAPI document, its page, and links for programs."""

    service: str
    document: Part
    page: Render
    links: Callable[[Origins], dict[str, str]]


def install_front(app: Flask, front: Front, origins: Callable[[], Origins]) -> None:
    """Give the app its pages and documents."""
    app.register_blueprint(openapi_blueprint(front.document))
    app.register_blueprint(static_blueprint())
    app.register_blueprint(problem_blueprint(front.service, origins))
    app.register_blueprint(_pages(front, origins))


def _pages(front: Front, origins: Callable[[], Origins]) -> Blueprint:
    routes = Blueprint("front", __name__)
    start = for_any_origin(front.page)
    docs = for_any_origin(lambda here: docs_page(front.document, front.service, here))

    @routes.get("/")
    def service() -> Response:
        here = origins()
        if not wants_page():
            return by_accept(jsonify(service_document(front, here)))
        other = here.status if front.service == "gateway" else here.gateway
        return by_accept(page(start(here), policy(other)))

    @routes.get("/docs")
    def documentation() -> Response:
        accepted = request.accept_mimetypes
        if accepted.quality("text/html") < accepted.quality("application/json"):
            return by_accept(jsonify(front.document))
        return by_accept(page(docs(origins()), policy()))

    return routes


def service_document(front: Front, here: Origins) -> dict[str, Any]:
    """What a program finds at `/`: where everything is."""
    base = here.gateway if front.service == "gateway" else here.status
    both = {
        "openapi": f"{base}/openapi.json",
        "docs": f"{base}/docs",
        "problems": f"{base}/problems/",
        "live": f"{base}/livez",
        "ready": f"{base}/readyz",
    }
    return {"service": front.service, "version": VERSION, "links": {**front.links(here), **both}}
