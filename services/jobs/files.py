"""Uploaded files as a job's input sees them, and the rules that a file field sets."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, get_args

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

STORED = {"stored": True}
"""Validation context of the worker: only there may a file come from a stored description."""


class File(BaseModel):
    """One uploaded file. `size` is in bytes; `name` is what the client called it, made safe."""

    model_config = ConfigDict(frozen=True)

    name: str
    media_type: str
    size: int
    key: str
    _path: Path | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _only_uploads(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, dict) and (info.context or {}).get("stored"):
            return value
        if isinstance(value, cls):
            return value
        raise ValueError("send this field as a file: a part of multipart/form-data, or the raw body")

    @classmethod
    def at(cls, path: Path, *, name: str, media_type: str, key: str = "") -> "File":
        """A file that lies at `path` on this machine."""
        file = cls.model_construct(name=name, media_type=media_type, size=path.stat().st_size, key=key)
        file._path = path
        return file

    @property
    def path(self) -> Path:
        """Where the file lies on the worker's disk while the job runs."""
        if self._path is None:
            raise RuntimeError("an uploaded file can be read only while its job runs")
        return self._path

    def open(self) -> BinaryIO:
        """The file, opened for reading bytes."""
        return self.path.open("rb")


@dataclass(frozen=True)
class FileRule:
    """What one file field takes: media types, and at most `max_bytes` bytes."""

    accepts: tuple[str, ...]
    max_bytes: int

    def example(self, path: Path) -> File:
        """The example file at `path`, described as an upload of it would be."""
        guess = mimetypes.guess_type(path.name)[0]
        media_type = guess if guess in self.accepts else self.accepts[0]
        return File.at(path, name=path.name, media_type=media_type)


def file_field(*, accepts: tuple[str, ...], max_bytes: int, description: str, optional: bool = False) -> Any:
    """A model field that takes an uploaded file of one of the media types `accepts`."""
    extra: dict[str, Any] = {"x-accepts": list(accepts), "x-max-bytes": max_bytes}
    if optional:
        return Field(default=None, description=description, json_schema_extra=extra)
    return Field(description=description, json_schema_extra=extra)


def file_rules(model: type[BaseModel]) -> Mapping[str, FileRule]:
    """The file fields of an input model, by name."""
    rules = {}
    for name, info in model.model_fields.items():
        if File in (info.annotation, *get_args(info.annotation)):
            rules[name] = _rule(name, info)
    return rules


def _rule(name: str, info: FieldInfo) -> FileRule:
    extra = info.json_schema_extra
    if not isinstance(extra, dict) or "x-accepts" not in extra:
        raise TypeError(f"declare the file field `{name}` with file_field(accepts=…, max_bytes=…)")
    return FileRule(tuple(extra["x-accepts"]), int(extra["x-max-bytes"]))  # type: ignore[arg-type]
