"""The scratch folder: gone with the job, and with its process if that ends first."""

import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from services.worker.scratch import PREFIX, Scratch, sweep_scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_folder_exists_only_while_something_is_in_it(temporary: Path) -> None:
    scratch = Scratch("w")
    assert list(temporary.iterdir()) == []
    file = scratch.new_file()
    file.write_text("x")
    assert scratch.new_file() != file
    scratch.clear()
    assert list(temporary.iterdir()) == []
    scratch.new_file().write_text("y")
    scratch.clear()
    assert list(temporary.iterdir()) == []


def test_the_folder_is_its_owners_alone() -> None:
    scratch = Scratch("w")
    assert scratch.new_file().parent.stat().st_mode & 0o777 == 0o700
    scratch.clear()


def test_a_parent_removes_what_its_dead_child_has_left(temporary: Path) -> None:
    Scratch("w").new_file().write_text("x")
    Scratch("w").remove()
    assert list(temporary.iterdir()) == []


def test_what_a_living_process_uses_is_not_swept(temporary: Path) -> None:
    scratch = Scratch("w")
    scratch.new_file().write_text("x")
    assert sweep_scratch(0) == 0
    scratch.clear()


def test_what_a_killed_process_has_left_is_swept(temporary: Path) -> None:
    child = os.fork()
    if child == 0:
        Scratch("killed").new_file().write_text("x")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    folder = temporary / f"{PREFIX}killed"
    assert folder.exists()
    assert sweep_scratch(60) == 0, "it may be about to take its lock"
    os.utime(folder, (time.time() - 100,) * 2)
    assert sweep_scratch(60) == 1
    assert not folder.exists()


def test_other_temporary_folders_are_left_alone(temporary: Path) -> None:
    (temporary / "coatcheck-chaos-1").mkdir()
    assert sweep_scratch(0) == 0
    assert (temporary / "coatcheck-chaos-1").exists()
