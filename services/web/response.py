"""The response class of both services."""

from collections.abc import Iterable
from typing import Any, cast

from flask import Response as FlaskResponse
from werkzeug.datastructures import Headers
from werkzeug.http import remove_entity_headers

READY = frozenset({200, 202, 304})
SECURITY = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-site"),
    ("X-Frame-Options", "DENY"),
]
"""What every reply says, whatever it is and whoever asked."""


class Response(FlaskResponse):
    """A response whose headers are handed to the server as they are: our locations are absolute and plain ASCII.

    Every reply says what SECURITY has; an after-request hook that added it to each would cost more than all others.
    """

    autocorrect_location_header = False

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """The headers with their Content-Length; whatever is not plainly there goes Werkzeug's own way."""
        if not self._is_ready():
            return super().get_wsgi_headers(environ)
        if self.status_code == 304:
            remove_entity_headers(self.headers)
        elif "Content-Length" not in self.headers:
            self.headers.add("Content-Length", str(sum(map(len, self.response))))
        return self.headers

    def get_wsgi_response(self, environ: Any) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Body, status and headers as the server gets them."""
        headers = self.get_wsgi_headers(environ)
        return self.get_app_iter(environ), self.status, [*headers, *SECURITY]

    def get_app_iter(self, environ: Any) -> Iterable[bytes]:
        """The body; as it stands where all of it is there, and nothing to be done after it has been sent."""
        if self._on_close or not self._is_ready():
            return super().get_app_iter(environ)
        bodiless = environ["REQUEST_METHOD"] == "HEAD" or self.status_code == 304
        return [] if bodiless else cast(list[bytes], self.response)

    def _is_ready(self) -> bool:
        return self.status_code in READY and isinstance(self.response, list)
