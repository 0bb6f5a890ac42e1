"""Every command of docs/flask-tour.md is run as it is printed, and gives the status that is printed above it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.embedded.platform import Platform
from tests.conftest import make_platform

ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r"^# (\d{3})\n(.+)$", re.MULTILINE)
COMMANDS = COMMAND.findall((ROOT / "docs" / "flask-tour.md").read_text())

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that asks for API keys."""
    with make_platform(tmp_path_factory.mktemp("keyed"), api_keys=f"tour:{'0' * 64}", workers=1) as running:
        yield running


def test_the_tour_has_a_command_for_every_stop() -> None:
    assert len(COMMANDS) >= 25


@pytest.mark.parametrize(("status", "command"), COMMANDS)
def test_a_command_of_the_tour_does_what_it_says(
    status: str, command: str, platform: Platform, keyed: Platform, tmp_path: Path
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    origins = {"GATEWAY": platform.gateway_url, "STATUS": platform.status_url, "KEYED": keyed.gateway_url}
    run = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, **origins},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    heads = re.findall(rb"^HTTP/1\.1 (\d{3})", run.stdout, re.MULTILINE)
    assert heads and heads[-1] == status.encode(), run.stdout[-600:] + run.stderr[-300:]
