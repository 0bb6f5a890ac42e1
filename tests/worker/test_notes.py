"""The memory that a parent and its child share."""

import os
import time

from services.worker.notes import Notes


def test_a_parent_that_is_at_work_is_not_silent() -> None:
    notes = Notes()
    time.sleep(0.05)
    assert notes.silence >= 0.05
    notes.be_present()
    assert notes.silence < 0.05


def test_a_forked_child_sees_what_its_parent_notes_afterwards() -> None:
    notes = Notes()
    reading, writing = os.pipe()
    told, tell = os.pipe()
    if os.fork() == 0:
        os.read(told, 1)
        os.write(writing, f"{notes.cancelled} {notes.silence < 10}".encode())
        os._exit(0)
    notes.cancelled = "a" * 32 + "-12"
    notes.be_present()
    os.write(tell, b"x")
    assert os.read(reading, 100).decode() == "a" * 32 + "-12 True"
    os.wait()


def test_a_shorter_name_leaves_nothing_of_a_longer_one() -> None:
    notes = Notes()
    assert notes.cancelled == ""
    notes.cancelled = "abcdef-10"
    notes.cancelled = "abc-1"
    assert notes.cancelled == "abc-1"
