"""What the two Flask apps have in common, in one place."""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from flask import Flask, request_tearing_down
from flask import Request as FlaskRequest
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter
from werkzeug.sansio.utils import get_host

from services.jobs.figures import Figures
from services.jobs.pulse import Pulse
from services.jobs.settings import Settings
from services.web import accepting, cors, framing, headers, problems
from services.web.health import health_blueprint
from services.web.metrics import metrics_blueprint
from services.web.request import Request
from services.web.request_times import BEGAN, RequestTimes
from services.web.response import Response
from services.web.routes import Routes


class NoSessions(SessionInterface):
    """Flask's own sessions, of which there are none: one that can't be written stands for all of them."""

    def __init__(self) -> None:
        self._none = NullSession()

    def open_session(self, app: Flask, request: FlaskRequest) -> NullSession:
        """The session of a request."""
        return self._none


class Context(RequestContext):
    """What Flask keeps of a request. Its route is looked for among those that are known already."""

    app: "App"

    def match_request(self) -> None:
        """Find the route; where there is none, Flask says why."""
        request = self.request
        try:
            request.url_rule, request.view_args = self.app.routes.find(request.method, request.path)
        except HTTPException:
            super().match_request()


class App(Flask):
    """A Flask app that reads bodies through a guard and answers without detours."""

    request_class = Request
    response_class = Response
    session_interface = NoSessions()

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.routes = Routes(self.url_map)

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """What is kept of a request while it is answered."""
        return Context(self, environ)

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request; its time is counted from here."""
        environ[BEGAN] = time.perf_counter()
        return super().wsgi_app(environ, start_response)

    def create_url_adapter(self, request: FlaskRequest | None) -> MapAdapter | None:
        """As Flask makes it, but a host is looked at only once for all the requests that name it."""
        if request is None or "HTTP_HOST" not in request.environ:
            return super().create_url_adapter(request)
        scheme, query = request.scheme, request.query_string.decode("latin-1")
        trusted = request.trusted_hosts = self.config["TRUSTED_HOSTS"]
        request.host, name = _look_at(scheme, request.environ["HTTP_HOST"], trusted)
        return MapAdapter(
            self.url_map, name, request.root_path, "", scheme, request.path, request.method, query_args=query
        )

    def preprocess_request(self) -> Any:
        """As Flask does it; it looks for checks of a blueprint's own only where there are some."""
        if self.url_value_preprocessors or self.before_request_funcs.keys() != {None}:
            return super().preprocess_request()
        for check in self.before_request_funcs[None]:
            answer = check()
            if answer is not None:
                return answer
        return None

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """As Flask does it, where there is anything to do after a request."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(exc)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: none here is asynchronous, so none has to be looked at for that on every call."""
        return func


@lru_cache(256)
def _look_at(scheme: str, host: str, trusted: tuple[str, ...] | None) -> tuple[str, str]:
    """The host as a request has it and as URLs are matched; raises SecurityError for one that is not trusted."""
    plain = get_host(scheme, host, None, trusted)
    return plain, Map().bind(plain).server_name


def make_app(name: str, settings: Settings, pulse: Pulse, figures: Figures) -> App:
    """An app with problems, headers, health and metrics; its own routes and its front come on top."""
    app = App(name, static_folder=None)
    app.config["TRUSTED_HOSTS"] = settings.hosts
    app.json.sort_keys = False  # type: ignore[attr-defined]
    times = RequestTimes(app)
    problems.install(app)
    headers.install(app)
    cors.install(app, settings)
    framing.install(app)
    accepting.install(app)
    app.register_blueprint(health_blueprint(pulse))
    app.register_blueprint(metrics_blueprint(times, figures))
    return app
