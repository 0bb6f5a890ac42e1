"""A running job without a platform: to try and test a job type's function by itself."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class LocalJob:
    """Keeps progress, log lines and files in memory."""

    id = "local"

    def __init__(self, *, cancelled: bool = False, attempt: int = 1) -> None:
        self.cancelled, self.attempt = cancelled, attempt
        self.media_types: dict[str, str] = {}
        self.fractions: list[float] = []
        self.lines: list[str] = []
        self.files: dict[str, bytes] = {}

    def progress(self, fraction: float, message: str = "") -> None:
        """Remember how far the work is."""
        self.fractions.append(fraction)

    def log(self, message: str) -> None:
        """Remember a log line."""
        self.lines.append(message)

    @contextmanager
    def save_file(self, name: str, media_type: str) -> Iterator[BinaryIO]:
        """Remember a file's bytes."""
        buffer = io.BytesIO()
        yield buffer
        self.files[name] = buffer.getvalue()
        self.media_types[name] = media_type
