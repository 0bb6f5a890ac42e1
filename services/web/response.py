"""The response class of both services."""

from collections.abc import Iterable
from typing import Any

from flask import Response as FlaskResponse
from werkzeug.datastructures import Headers

READY = frozenset({200, 202})
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
        if self.status_code not in READY or not isinstance(self.response, list):
            return super().get_wsgi_headers(environ)
        if "Content-Length" not in self.headers:
            self.headers.add("Content-Length", str(sum(map(len, self.response))))
        return self.headers

    def get_wsgi_response(self, environ: Any) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Body, status and headers as the server gets them."""
        body, status, headers = super().get_wsgi_response(environ)
        return body, status, headers + SECURITY
