"""The running job as its function sees it, connected to the store and to file storage."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from services.jobs.blobs import CHUNK, Blobs, writing
from services.jobs.connection import StoreError
from services.jobs.dispatch import Dispatch, Run
from services.worker.scratch import Scratch

log = logging.getLogger(__name__)

PROGRESS_INTERVAL_S = 0.2
LONGEST_MESSAGE = 2_000


class ConnectedJob:
    """What a function gets as its `job`: see services.jobs.RunningJob."""

    def __init__(self, run: Run, dispatch: Dispatch, blobs: Blobs, scratch: Scratch) -> None:
        self.id, self.attempt = run.id, run.attempt
        self.cancelled = False
        self._run, self._dispatch, self._blobs, self._scratch = run, dispatch, blobs, scratch
        self._files: list[dict[str, Any]] = []
        self._next_progress = 0.0

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell the client how far the work is; told too often, only the latest in each fifth of a second counts."""
        if not math.isfinite(fraction):
            raise ValueError(f"progress takes a number from 0.0 to 1.0, not {fraction!r}")
        if time.monotonic() < self._next_progress:
            return
        self._next_progress = time.monotonic() + PROGRESS_INTERVAL_S
        percent = round(max(0.0, min(fraction, 1.0)) * 100, 1)
        self._tell(lambda: self._dispatch.progress(self._run, percent, _clean(message)))

    def log(self, message: str) -> None:
        """Add a line to the job's log."""
        log.info("job=%s run=%s trace=%s %s", self.id, self._run.number, self._run.trace, message)
        self._tell(lambda: self._dispatch.log(self._run, _clean(message)))

    @contextmanager
    def save_file(self, name: str, media_type: str) -> Iterator[BinaryIO]:
        """A new result file; it counts only if the block ends well and the job succeeds."""
        if not name or len(name) > 200 or not name.isprintable() or "/" in name or "\\" in name or name[0] == ".":
            raise ValueError(f"{name!r} can't name a result file: no path, no leading dot, at most 200 characters")
        path = self._scratch.new_file()
        with path.open("w+b") as file:
            yield file
            size, digest = file.seek(0, 2), hashlib.sha256()
            file.seek(0)
            key = f"jobs/{self.id}/files/{self._run.number}-{len(self._files)}"
            with writing(self._blobs, key) as stored:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    stored.write(chunk)
        path.unlink()
        self._files.append(
            {
                "name": name,
                "media_type": media_type,
                "size": size,
                "slug": _slug(name, len(self._files)),
                "key": key,
                "etag": digest.hexdigest()[:32],
            }
        )

    @property
    def files_json(self) -> str:
        """The saved files as JSON, or "" if there are none."""
        return json.dumps(self._files, separators=(",", ":")) if self._files else ""

    def _tell(self, report: Any) -> None:
        """News about a job may get lost; the job goes on."""
        try:
            self.cancelled = self.cancelled or report() in ("cancelling", "lost")
        except StoreError as error:
            log.warning("job=%s could not be reported on: %s", self.id, error)


def _clean(message: str) -> str:
    return message[:LONGEST_MESSAGE].encode("utf-8", "replace").decode()


def _slug(name: str, index: int) -> str:
    """The file's name in URLs: its own where that is plain, with a number before it to keep it unique."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "-" for char in name)
    return f"{index + 1}-{plain}"[:100]
