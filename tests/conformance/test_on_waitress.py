"""The whole kit, as its command, against the platform on its second server."""

import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import make_platform

ROOT = Path(__file__).resolve().parents[2]


def run_kit(gateway: str, status: str) -> subprocess.CompletedProcess[str]:
    """Run the kit as `scripts/conformance` does."""
    command = [sys.executable, "-m", "tests.conformance.kit", "--base-url", gateway, "--status-url", status]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_waitress_keeps_the_contract_as_gunicorn_does(tmp_path: Path) -> None:
    with make_platform(tmp_path, server="waitress") as platform:
        run = run_kit(platform.gateway_url, platform.status_url)
    assert run.returncode == 0, failures(run.stdout)


def failures(table: str) -> str:
    """What the kit's table says of the rules that failed, and its last line."""
    verdicts = re.split(r"\n  (?=\S)", table)
    return "\n".join([each.rstrip() for each in verdicts if each.startswith("FAIL")] + table.splitlines()[-1:])
