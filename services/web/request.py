"""The request class of both services: guarded bodies, and uploads that go where the handler says."""

from typing import IO, Any, Protocol

from flask import Request as FlaskRequest
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property

from services.web.body_guard import BodyGuard
from services.web.problems import Problem

DEFAULT_LIMIT = 1_000_000


class UploadSink(Protocol):
    """Where the files of a multipart body go."""

    def open(self, filename: str, media_type: str) -> IO[bytes]:
        """A place for one file part."""


class Request(FlaskRequest):
    """A request whose body is read through a BodyGuard of `body_limit` bytes."""

    body_limit = DEFAULT_LIMIT
    sink: UploadSink | None = None
    max_form_memory_size = DEFAULT_LIMIT
    max_form_parts = 1_000

    @cached_property
    def stream(self) -> Any:
        """The body, guarded."""
        return BodyGuard(self.environ, self.body_limit)

    def make_form_data_parser(self) -> FormDataParser:
        """A parser that says so when a form can't be read, instead of taking it for an empty one."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except ValueError as error:
            raise Problem("bad-body", f"The form can't be read: {error}.") from None
        if None in self.form or None in self.files:
            raise Problem("bad-body", "A part of the form has no name.")

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if self.sink is None:
            raise Problem("unsupported-media-type", "No files are taken here.")
        return self.sink.open(filename or "", content_type or "application/octet-stream")
