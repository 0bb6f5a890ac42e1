"""What the two Flask apps have in common, in one place."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from services.jobs.figures import Figures
from services.jobs.pulse import Pulse
from services.jobs.settings import Settings
from services.web import cors, headers, problems
from services.web.body_guard import drain
from services.web.health import health_blueprint
from services.web.metrics import metrics_blueprint
from services.web.problem_pages import problem_blueprint
from services.web.request import Request
from services.web.request_times import BEGAN, RequestTimes
from services.web.response import Response


class App(Flask):
    """A Flask app that reads bodies through a guard and answers without detours."""

    request_class = Request
    response_class = Response

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request; its time is counted from here."""
        environ[BEGAN] = time.perf_counter()
        return super().wsgi_app(environ, start_response)


def make_app(name: str, settings: Settings, pulse: Pulse, figures: Figures, document: dict[str, Any]) -> App:
    """An app with problems, headers, health and the service `document` at `/`; its own routes come on top."""
    app = App(name, static_folder=None)
    app.config["TRUSTED_HOSTS"] = settings.hosts
    app.json.sort_keys = False  # type: ignore[attr-defined]
    times = RequestTimes(app)
    problems.install(app)
    headers.install(app)
    cors.install(app, settings)
    app.after_request(_finish_body)
    app.register_blueprint(health_blueprint(pulse))
    app.register_blueprint(problem_blueprint())
    app.register_blueprint(metrics_blueprint(times, figures))
    app.add_url_rule("/", "service", lambda: document)
    return app


def _finish_body(response: Response) -> Response:
    """A refusal has to reach a client that is still sending: take in what is left, or say that we hang up."""
    if response.status_code >= 400 and request.method in ("POST", "PUT", "PATCH") and not drain(request.environ):
        response.headers["Connection"] = "close"
    return response
