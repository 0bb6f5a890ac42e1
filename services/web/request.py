"""The request class of both services: guarded bodies, and uploads that go where the handler says."""

from functools import lru_cache
from typing import IO, Any, Protocol, cast

from flask import Request as FlaskRequest
from flask import request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.http import parse_options_header
from werkzeug.utils import cached_property

from services.web.body_guard import BodyGuard, has_body
from services.web.forms import Fields, Files, read_multipart, read_query, read_urlencoded
from services.web.problems import Problem

DEFAULT_LIMIT = 1_000_000


class UploadSink(Protocol):
    """Where the files of a multipart body go."""

    def open(self, filename: str, media_type: str) -> IO[bytes]:
        """A place for one file part."""


class Request(FlaskRequest):
    """A request whose body is read through a BodyGuard of `body_limit` bytes. `id` stands in its reply and the log."""

    id = ""
    body_limit = DEFAULT_LIMIT
    sink: UploadSink | None = None
    max_form_memory_size = DEFAULT_LIMIT
    max_form_parts = 1_000

    @cached_property
    def stream(self) -> Any:
        """The body, guarded."""
        return BodyGuard(self.environ, self.body_limit)

    @property
    def mimetype(self) -> str:
        """The body's media type in lower case, without parameters."""
        return _media_type(self.environ.get("CONTENT_TYPE", ""))

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query's parameters; a query that is not UTF-8 is refused."""
        return ImmutableMultiDict(read_query(self.query_string))

    @property
    def unread(self) -> bool:
        """Whether some of the body may not have been read."""
        guard = self.__dict__.get("stream")
        return not guard.ended if isinstance(guard, BodyGuard) else has_body(self.environ)

    def close(self) -> None:
        """Close the files that came with the request, if any were read."""
        if "files" in self.__dict__:
            super().close()

    def _load_form_data(self) -> None:
        """Where Werkzeug reads forms for `form` and `files`."""
        if "form" in self.__dict__:
            return
        fields: Fields = []
        files: Files = []
        if self.mimetype == "application/x-www-form-urlencoded":
            fields = read_urlencoded(self.stream.read())
        elif self.mimetype == "multipart/form-data":
            boundary = self.mimetype_params.get("boundary", "")
            limits = {"most_bytes": self.max_form_memory_size, "most_parts": self.max_form_parts}
            fields, files = read_multipart(self.stream, boundary, self._open_file, **limits)
        self.__dict__ |= {"form": ImmutableMultiDict(fields), "files": ImmutableMultiDict(files)}

    def _open_file(self, filename: str, media_type: str) -> IO[bytes]:
        if self.sink is None:
            raise Problem("unsupported-media-type", "No files are taken here.")
        return self.sink.open(filename, media_type)


@lru_cache(256)
def _media_type(content_type: str) -> str:
    return parse_options_header(content_type)[0].lower()


def current() -> Request:
    """The request at hand itself. Flask's `request` looks for it anew at each attribute, for a microsecond."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]
