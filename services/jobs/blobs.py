"""File storage: uploads, result files and large results, under names of our own.

A local folder or a bucket (`s3://…`, `gs://…`, `az://…`), through obstore.
Keys are `jobs/JOB-ID/…`, so that all files of a job go at once, and an orphan is told by its job.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

CHUNK = 1 << 18

Result = TypeVar("Result")

BlobError = (BaseError, OSError)
"""Whatever keeps file storage from answering."""


class Blobs(Protocol):
    """Whoever keeps files."""

    def write(self, key: str) -> "BlobWriter":
        """A new file; it is there only once its writer is closed."""

    def size(self, key: str) -> int:
        """A file's size in bytes; raises FileNotFoundError."""

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """A file's bytes from `start` up to, but not including, `end`."""

    def read(self, key: str) -> bytes:
        """A whole small file."""

    def delete_job(self, job_id: str) -> None:
        """Remove every file of a job."""


class BlobWriter(Protocol):
    """A file being written."""

    def write(self, data: bytes, /) -> int:
        """Add bytes."""

    def close(self) -> None:
        """Make the file exist, whole."""


class Call(Protocol):
    """How calls that may block for long are made."""

    def __call__(self, function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
        """Call `function`."""


def call_here(function: Callable[..., Result], *arguments: Any, **options: Any) -> Result:
    """Call `function` in this thread."""
    return function(*arguments, **options)


class _Writer:
    """A file being written, each step made the way its storage makes calls."""

    def __init__(self, writer: Any, call: Call) -> None:
        self._writer, self._call = writer, call

    def write(self, data: bytes, /) -> int:
        self._call(self._writer.write, data)
        return len(data)

    def close(self) -> None:
        self._call(self._writer.close)


class BlobStorage:
    """Files in a local folder or a bucket; `call` makes the calls that may block."""

    def __init__(self, url: str, call: Call = call_here) -> None:
        self._call = call
        local = url if "://" not in url else unquote(urlsplit(url).path) if url.startswith("file://") else ""
        self._folder = Path(local) if local else None
        self._store: ObjectStore = LocalStore(self._folder, mkdir=True) if self._folder else from_url(url)

    def write(self, key: str) -> BlobWriter:
        """A new file; nothing is seen of it until its writer is closed."""
        return _Writer(self._call(obstore.open_writer, self._store, key), self._call)

    def size(self, key: str) -> int:
        """A file's size in bytes; raises FileNotFoundError."""
        return int(self._call(obstore.head, self._store, key)["size"])

    def stream(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """A file's bytes from `start` up to, but not including, `end`."""
        if end <= start:
            return
        found = self._call(obstore.get, self._store, key, options={"range": (start, end)})
        chunks = iter(found.stream(min_chunk_size=CHUNK))
        while (chunk := self._call(next, chunks, None)) is not None:
            yield bytes(chunk)

    def read(self, key: str) -> bytes:
        """A whole small file."""
        return bytes(self._call(lambda: obstore.get(self._store, key).bytes()))

    def fetch(self, key: str, target: Path) -> None:
        """Copy a file to `target` on this machine."""
        with target.open("wb") as copy:
            for chunk in obstore.get(self._store, key).stream(min_chunk_size=CHUNK):
                copy.write(chunk)

    def put(self, key: str, source: BinaryIO) -> None:
        """Store what `source` holds from where it stands, whole or not at all."""
        with writing(self, key) as writer:
            shutil.copyfileobj(source, writer, CHUNK)

    def delete_job(self, job_id: str) -> None:
        """Remove every file of a job; it is no error if there are none."""
        self._call(self._delete, job_id)

    def _delete(self, job_id: str) -> None:
        if self._folder:
            shutil.rmtree(self._folder / "jobs" / job_id, ignore_errors=True)
            return
        for page in obstore.list(self._store, f"jobs/{job_id}/"):
            obstore.delete(self._store, [entry["path"] for entry in page])

    def jobs_older_than(self, seconds: float) -> Iterator[str]:
        """Ids of jobs that have files whose newest is older than `seconds`."""
        limit, newest = time.time() - seconds, dict[str, float]()
        if self._folder:
            newest = {path.name: _newest(path) for path in (self._folder / "jobs").glob("*")}
        else:
            for page in obstore.list(self._store, "jobs/"):
                for entry in page:
                    job_id = entry["path"].split("/")[1]
                    newest[job_id] = max(newest.get(job_id, 0.0), entry["last_modified"].timestamp())
        return (job_id for job_id, when in newest.items() if when < limit)


def _newest(folder: Path) -> float:
    times = [path.stat().st_mtime for path in [folder, *folder.rglob("*")] if path.exists()]
    return max(times, default=0.0)


@contextmanager
def writing(blobs: Blobs, key: str) -> Iterator[BinaryIO]:
    """A file to write to, stored whole when the block ends well, and not at all when it does not."""
    writer = blobs.write(key)
    yield cast(BinaryIO, writer)
    writer.close()
