"""Forms and queries read strictly: what is cut off, malformed or not UTF-8 is refused, never guessed at."""

from collections.abc import Callable, Iterator
from typing import IO, Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from services.web.problems import Problem

BLOCK = 65_536
MOST_FIELDS = 10_000
CHARSETS = frozenset({"utf-8", "us-ascii", "ascii"})

Fields = list[tuple[str, str]]
Files = list[tuple[str, FileStorage]]
OpenFile = Callable[[str, str], IO[bytes]]


def read_query(query: bytes) -> Fields:
    """The parameters of a query string; raises `bad-request` where it is not UTF-8."""
    try:
        return parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Problem("bad-request", "The query is not UTF-8, in percent-encoding.") from None


def read_urlencoded(body: bytes) -> Fields:
    """The fields of `application/x-www-form-urlencoded`; raises `bad-body` where they are not UTF-8."""
    if body.count(b"&") >= MOST_FIELDS:
        raise Problem("too-large", f"A form may have at most {MOST_FIELDS} fields.", {"limit": MOST_FIELDS})
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise Problem("bad-body", "The form is not UTF-8.") from None


def read_multipart(
    stream: Any, boundary: str, open_file: OpenFile, *, most_bytes: int, most_parts: int
) -> tuple[Fields, Files]:
    """The fields and files of `multipart/form-data` (RFC 7578); each file is written to what `open_file` gives.

    `most_bytes` bounds each field, `most_parts` the fields and files together.
    """
    if not boundary or not boundary.isascii():
        raise Problem("bad-body", "The Content-Type multipart/form-data names no boundary.")
    parts = _Parts(open_file, most_bytes)
    try:
        for event in _events(MultipartDecoder(boundary.encode(), most_bytes, max_parts=most_parts), stream):
            parts.take(event)
    except UnicodeDecodeError:
        raise Problem("bad-body", "The name or the text of a part of the form is not UTF-8.") from None
    except ValueError:
        raise Problem("bad-body", "The parts of the form are cut off, malformed, or not parted as announced.") from None
    except RequestEntityTooLarge:
        says = f"A form may have at most {most_parts} parts, and {most_bytes} bytes in a field."
        raise Problem("too-large", says, {"limit": most_bytes}) from None
    return parts.fields, parts.files


def _events(decoder: MultipartDecoder, stream: Any) -> Iterator[Event]:
    data = b" "
    while data:
        data = stream.read(BLOCK)
        decoder.receive_data(data or None)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            yield event


class _Parts:
    """Takes the events of a multipart body and keeps what they come to."""

    def __init__(self, open_file: OpenFile, most_bytes: int) -> None:
        self.fields: Fields = []
        self.files: Files = []
        self._open, self._most = open_file, most_bytes
        self._part: Field | File | None = None
        self._text = bytearray()
        self._file: IO[bytes] | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, Field | File):
            self._begin(event)
        elif isinstance(event, Data):
            self._add(event.data)
            if not event.more_data:
                self._end()

    def _begin(self, part: Field | File) -> None:
        if part.name is None:
            raise Problem("bad-body", "A part of the form has no name.")
        self._part, self._file, self._text = part, None, bytearray()
        if isinstance(part, File):
            self._file = self._open(part.filename, part.headers.get("Content-Type") or "application/octet-stream")

    def _add(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
            return
        self._text += data
        if len(self._text) > self._most:
            raise RequestEntityTooLarge

    def _end(self) -> None:
        part = self._part
        if isinstance(part, File) and self._file is not None:
            self._file.seek(0)
            self.files.append((part.name, FileStorage(self._file, part.filename, part.name, headers=part.headers)))
        elif part is not None:
            self.fields.append((part.name, _text(part, self._text)))


def _text(part: Field | File, text: bytearray) -> str:
    charset = parse_options_header(part.headers.get("Content-Type"))[1].get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise Problem("bad-body", f"The field {part.name[:60]!r} is in {charset[:40]!r}: send UTF-8.")
    return text.decode()
