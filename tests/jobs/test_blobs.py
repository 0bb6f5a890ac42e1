import io
import os
import time
from pathlib import Path

import pytest

from services.jobs.blobs import BlobError, BlobStorage, writing

KEY = "jobs/one/input/0"


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStorage:
    return BlobStorage(str(tmp_path / "blobs") if request.param == "folder" else "memory:///")


def put(blobs: BlobStorage, data: bytes, key: str = KEY) -> None:
    with writing(blobs, key) as file:
        file.write(data)


def test_what_is_written_is_read_back(blobs: BlobStorage) -> None:
    put(blobs, b"abc")
    assert (blobs.read(KEY), blobs.size(KEY)) == (b"abc", 3)


def test_an_empty_file_is_a_file(blobs: BlobStorage) -> None:
    put(blobs, b"")
    assert (blobs.read(KEY), blobs.size(KEY), list(blobs.stream(KEY, 0, 0))) == (b"", 0, [])


def test_a_large_file_is_written_and_read_in_parts(blobs: BlobStorage) -> None:
    part = bytes(range(256)) * 4096
    writer = blobs.write(KEY)
    for _ in range(25):
        assert writer.write(part) == len(part)
    writer.close()
    assert blobs.size(KEY) == 25 * len(part)
    assert b"".join(blobs.stream(KEY, 0, 25 * len(part))) == part * 25


@pytest.mark.parametrize(("start", "end", "found"), [(0, 5, b"01234"), (3, 7, b"3456"), (9, 10, b"9"), (4, 4, b"")])
def test_a_part_of_a_file_is_streamed(blobs: BlobStorage, start: int, end: int, found: bytes) -> None:
    put(blobs, b"0123456789")
    assert b"".join(blobs.stream(KEY, start, end)) == found


def test_a_file_is_not_there_until_its_writer_is_closed(blobs: BlobStorage) -> None:
    writer = blobs.write(KEY)
    for _ in range(12):
        writer.write(b"x" * 1_000_000)
    with pytest.raises(FileNotFoundError):
        blobs.size(KEY)
    writer.close()
    assert blobs.size(KEY) == 12_000_000


def test_nothing_is_stored_of_a_file_whose_writing_failed(blobs: BlobStorage) -> None:
    with pytest.raises(ValueError, match="broken"), writing(blobs, KEY) as file:
        file.write(b"abc")
        raise ValueError("broken")
    with pytest.raises(FileNotFoundError):
        blobs.size(KEY)


def test_a_file_that_is_not_there_is_an_error_of_file_storage(blobs: BlobStorage) -> None:
    for call in (blobs.size, blobs.read):
        with pytest.raises(BlobError):
            call("jobs/none/input/0")
    with pytest.raises(BlobError):
        list(blobs.stream("jobs/none/input/0", 0, 1))


def test_files_are_fetched_to_this_machine_and_put_from_it(blobs: BlobStorage, tmp_path: Path) -> None:
    blobs.put(KEY, io.BytesIO(b"abc"))
    blobs.fetch(KEY, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"abc"


def test_all_files_of_a_job_go_at_once_and_those_of_others_stay(blobs: BlobStorage) -> None:
    put(blobs, b"a")
    put(blobs, b"b", "jobs/one/files/1-0")
    put(blobs, b"c", "jobs/one-more/input/0")
    blobs.delete_job("one")
    assert list(blobs.jobs_older_than(-1)) == ["one-more"]
    assert blobs.read("jobs/one-more/input/0") == b"c"
    blobs.delete_job("one")


def test_an_upload_that_is_under_way_is_removed_with_its_job(tmp_path: Path) -> None:
    blobs = BlobStorage(str(tmp_path / "blobs"))
    writer = blobs.write(KEY)
    for _ in range(25):
        writer.write(b"x" * 1_000_000)
    blobs.delete_job("one")
    del writer
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_orphans_are_told_by_the_age_of_their_newest_file(tmp_path: Path) -> None:
    blobs = BlobStorage(str(tmp_path))
    put(blobs, b"a")
    put(blobs, b"b", "jobs/two/input/0")
    old = time.time() - 1000
    for path in (tmp_path / "jobs" / "one").rglob("*"):
        os.utime(path, (old, old))
    os.utime(tmp_path / "jobs" / "one", (old, old))
    assert list(blobs.jobs_older_than(500)) == ["one"]
    put(blobs, b"c", "jobs/one/files/1-0")
    assert list(blobs.jobs_older_than(500)) == []
    assert sorted(blobs.jobs_older_than(-1)) == ["one", "two"]


def test_a_bucket_tells_the_age_of_files_too() -> None:
    blobs = BlobStorage("memory:///")
    put(blobs, b"a")
    assert (list(blobs.jobs_older_than(500)), list(blobs.jobs_older_than(-1))) == ([], ["one"])


@pytest.mark.parametrize("name", ["plain", "with blank", "with#hash", "with?mark", "with%41percent", "ünï"])
def test_a_folder_may_be_named_as_it_likes(tmp_path: Path, name: str) -> None:
    put(BlobStorage(str(tmp_path / name)), b"abc")
    assert (tmp_path / name / KEY).read_bytes() == b"abc"


def test_a_folder_may_be_given_as_a_file_url(tmp_path: Path) -> None:
    put(BlobStorage((tmp_path / "with blank").as_uri()), b"abc")
    assert (tmp_path / "with blank" / KEY).read_bytes() == b"abc"


def test_calls_that_may_block_are_made_as_asked(tmp_path: Path) -> None:
    made: list[str] = []

    def call(function, *arguments, **options):  # type: ignore[no-untyped-def]
        made.append(getattr(function, "__name__", "?"))
        return function(*arguments, **options)

    blobs = BlobStorage(str(tmp_path), call=call)
    put(blobs, b"abc")
    assert b"".join(blobs.stream(KEY, 0, 3)) == b"abc"
    assert made[0] == "open_writer" and "write" in made and "close" in made and "get" in made
