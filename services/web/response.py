"""The response class of both services."""

from typing import Any

from flask import Response as FlaskResponse
from werkzeug.datastructures import Headers

READY = frozenset({200, 202})


class Response(FlaskResponse):
    """A response whose headers are handed to the server as they are: our locations are absolute and plain ASCII."""

    autocorrect_location_header = False

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """The headers with their Content-Length; whatever is not plainly there goes Werkzeug's own way."""
        if self.status_code not in READY or not isinstance(self.response, list):
            return super().get_wsgi_headers(environ)
        if "Content-Length" not in self.headers:
            self.headers.add("Content-Length", str(sum(map(len, self.response))))
        return self.headers
