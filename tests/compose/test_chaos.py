"""Faults at random, done to containers."""

import subprocess
import sys

import pytest

from scripts.compose.project import ROOT, why_not

pytestmark = [pytest.mark.compose, pytest.mark.chaos]


def test_the_promises_hold_while_containers_are_killed_paused_and_restarted(capsys: pytest.CaptureFixture[str]) -> None:
    if reason := why_not():
        pytest.skip(reason)
    command = [sys.executable, "-m", "loadtests.chaos", "--compose", "--jobs", "60", "--faults", "6", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    with capsys.disabled():
        print(f"\n{done.stdout}")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "accepted 60, lost 0" in done.stdout
