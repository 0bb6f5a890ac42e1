"""The writer of `scripts/chaos` that keeps the store's disk busy: within its bounds, and without a trace."""

import threading
import time
from pathlib import Path

from loadtests.chaos.disk import Disk
from loadtests.chaos.target import Act
from loadtests.chaos.writer import PIECE, THREADS, Writer


def test_the_writer_ends_with_the_bytes_it_may_write_and_leaves_nothing(tmp_path: Path) -> None:
    size = 4 * THREADS * len(PIECE)
    writer = Writer(tmp_path, seconds=60, size=size)
    writer.run()
    assert writer.written == size
    assert list(tmp_path.iterdir()) == []


def test_the_writer_ends_with_its_time(tmp_path: Path) -> None:
    writer = Writer(tmp_path, seconds=0)
    writer.run()
    assert writer.written == 0


def test_the_writer_ends_when_it_is_told_to(tmp_path: Path) -> None:
    writer = Writer(tmp_path, seconds=60)
    writing = threading.Thread(target=writer.run)
    writing.start()
    writer.stop()
    writing.join()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_is_busy_between_begin_and_finish(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    assert disk.reachable
    disk.begin(Act.SLOW)
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in tmp_path.iterdir()):
        assert time.monotonic() < deadline
    disk.finish(Act.SLOW)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    assert not Disk(tmp_path / "elsewhere").reachable
