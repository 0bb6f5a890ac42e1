"""The files of one submission, on their way into file storage."""

import hashlib
from collections.abc import Iterable
from typing import IO, Any, cast

from services.jobs.blobs import Blobs, BlobWriter
from services.jobs.connection import StoreError
from services.jobs.files import File, FileRule
from services.web.problems import Problem


class Upload:
    """One file being received: written on, measured and hashed in one pass."""

    def __init__(self, writer: BlobWriter, key: str, limit: int) -> None:
        self._writer, self.key, self._limit = writer, key, limit
        self._hash = hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        """Add bytes; raises a `too-large` problem past the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise Problem("too-large", f"A file may have at most {self._limit} bytes here.", {"limit": self._limit})
        self._hash.update(data)
        return self._writer.write(data)

    def seek(self, position: int) -> None:
        """The form parser rewinds each part when it is whole: the moment to finish it."""
        self.finish()

    def finish(self) -> None:
        """Make the file exist in storage."""
        if not self.closed:
            self.closed = True
            self._writer.close()

    def close(self) -> None:
        """Nothing to close: an upload that was not finished leaves nothing behind."""

    @property
    def digest(self) -> str:
        """The SHA-256 of what was written."""
        return self._hash.hexdigest()


class Uploads:
    """All files of one submission; `discard` removes them again, and so does an error within `with`."""

    def __init__(self, blobs: Blobs, job_id: str, limit: int) -> None:
        self._blobs, self._job_id, self._limit = blobs, job_id, limit
        self._uploads: list[Upload] = []

    def __enter__(self) -> "Uploads":
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """After an error of the store the job may have been accepted: its files are swept when no job claims them."""
        if isinstance(error, Exception) and not isinstance(error, StoreError):
            self.discard()

    def open(self, filename: str, media_type: str) -> IO[bytes]:
        """A place for one more file."""
        key = f"jobs/{self._job_id}/input/{len(self._uploads)}"
        upload = Upload(self._blobs.write(key), key, self._limit)
        self._uploads.append(upload)
        return cast(IO[bytes], upload)

    def receive(self, stream: Iterable[bytes], name: str, media_type: str) -> tuple[File, Upload]:
        """Take in a whole raw body as one file."""
        upload = cast(Upload, self.open(name, media_type))
        for chunk in stream:
            upload.write(chunk)
        upload.finish()
        return describe(upload, name, media_type), upload

    @property
    def digests(self) -> list[str]:
        """The SHA-256 of each file, in the order of arrival."""
        return [upload.digest for upload in self._uploads]

    def discard(self) -> None:
        """Leave nothing behind of a submission that was refused."""
        if self._uploads:
            self._blobs.delete_job(self._job_id)


def describe(upload: Any, name: str, media_type: str) -> File:
    """What the job's input says of an upload."""
    return File.model_construct(name=safe_name(name), media_type=media_type, size=upload.size, key=upload.key)


def safe_name(name: str) -> str:
    """A client's file name without paths, control characters or excess: fit to be shown and handed back."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(char for char in last if char.isprintable() and not 0xD800 <= ord(char) <= 0xDFFF)
    return clean.strip(" .")[:200] or "file"


def check_rule(field: str, file: File, rule: FileRule) -> str:
    """What is wrong with a file for its field, or ""."""
    if file.media_type not in rule.accepts:
        return f"send one of {', '.join(rule.accepts)}, not {file.media_type or 'a part without Content-Type'}"
    if file.size > rule.max_bytes:
        return f"send at most {rule.max_bytes} bytes, not {file.size}"
    if file.size == 0:
        return "the file is empty"
    return ""
