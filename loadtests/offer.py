"""A job that is ready to be submitted: one job type's example, in the form in which it is sent."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A file that belongs to a job type's example."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """The body of a submission and its media type; `weight` is its share among the others."""

    job_type: str
    content_type: str
    body: bytes
    weight: int = 1


def make_offer(job_type: str, inputs: Mapping[str, Any], files: Mapping[str, ExampleFile], weight: int = 1) -> Offer:
    """JSON where there are no files, multipart/form-data (RFC 7578) otherwise."""
    if not files:
        return Offer(job_type, "application/json", json.dumps(dict(inputs)).encode(), weight)
    boundary = secrets.token_hex(16)
    parts = [_part(name, text.encode()) for name, value in inputs.items() for text in _texts(value)]
    parts += [_part(name, file.content, file) for name, file in files.items()]
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    body += f"--{boundary}--\r\n".encode()
    return Offer(job_type, f"multipart/form-data; boundary={boundary}", body, weight)


def _part(name: str, content: bytes, file: ExampleFile | None = None) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"'
    if file:
        head += f'; filename="{file.name}"\r\nContent-Type: {file.media_type}'
    return head.encode() + b"\r\n\r\n" + content


def _texts(value: Any) -> list[str]:
    """A field's values as text: a list is sent as a repeated field."""
    values = value if isinstance(value, list) else [value]
    return [each if isinstance(each, str) else json.dumps(each) for each in values]
