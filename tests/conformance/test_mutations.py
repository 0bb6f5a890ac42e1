"""The conformance kit notices when a promise is broken: each mutation of a copy of the platform turns it red."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.embedded import valkey
from services.jobs.settings import Settings
from tests.conformance.mutations import CONTROL, MUTATIONS, Mutation

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]
COPIED = ("services", "scripts", "examples", "tests/samples")
START_S, END_S = 60.0, 30.0


@dataclass(frozen=True)
class Verdict:
    """What the kit came to: its exit status, the names of the rules that failed, and all that it printed."""

    status: int
    failed: frozenset[str]
    output: str


def copy_platform(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name)
    return folder


def mutate(folder: Path, mutation: Mutation) -> None:
    file = folder / mutation.file
    text = file.read_text()
    count = text.count(mutation.old)
    assert count == 1, f"{mutation.file} holds {mutation.old!r} {count} times: bring the mutation up to date"
    file.write_text(text.replace(mutation.old, mutation.new))


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, str]]:
    """The platform whose code lies in `folder`: the addresses of its gateway and status service."""
    gateway, status = valkey.free_port(), valkey.free_port()
    settings = {"GATEWAY_PORT": str(gateway), "STATUS_PORT": str(status), "DATA_DIR": str(folder / "data")}
    known = {name.upper() for name in Settings.model_fields}
    environment = {name: value for name, value in os.environ.items() if name not in known}
    environment |= {**settings, "WORKER_GRACE": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "scripts.embedded.up"]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(process, folder / "up.log")
        _require_copy(folder)
        yield f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{status}"
    finally:
        process.terminate()
        process.wait(END_S)


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while "Ready." not in log.read_text():
        assert process.poll() is None, f"the platform did not start: {log.read_text()}"
        assert time.monotonic() < deadline, f"the platform was not ready in time: {log.read_text()}"
        time.sleep(0.05)


def _require_copy(folder: Path) -> None:
    """The processes run in the copy: a platform of the original code would prove nothing."""
    for file in (folder / "data" / "run").glob("gateway.pid"):
        assert Path(f"/proc/{file.read_text().strip()}/cwd").resolve() == folder.resolve()
        return
    raise AssertionError("the gateway left no process id")


def run_kit(origins: tuple[str, str], rules: Sequence[str]) -> Verdict:
    command = [sys.executable, "-m", "tests.conformance.kit", "--base-url", origins[0], "--status-url", origins[1]]
    done = subprocess.run([*command, "--only", ",".join(rules)], cwd=ROOT, capture_output=True, text=True, check=False)
    failed = re.findall(r"^  FAIL  .*\n +([a-z_]+\.[a-z0-9_]+):$", done.stdout, re.MULTILINE)
    return Verdict(done.returncode, frozenset(failed), done.stdout + done.stderr)


def test_an_unmutated_copy_keeps_every_rule_that_the_mutations_break(tmp_path: Path) -> None:
    rules = sorted({CONTROL, *(name for mutation in MUTATIONS for name in mutation.rules.split())})
    with running(copy_platform(tmp_path)) as origins:
        verdict = run_kit(origins, rules)
    assert verdict.status == 0, verdict.output
    assert f"{len(rules)} rules: {len(rules)} passed" in verdict.output


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_the_kit_notices(mutation: Mutation, tmp_path: Path) -> None:
    rules = mutation.rules.split()
    mutate(copy_platform(tmp_path), mutation)
    with running(tmp_path) as origins:
        verdict = run_kit(origins, [*rules, CONTROL])
    assert verdict.status == 1, f"nothing noticed that {mutation.name}:\n{verdict.output}"
    assert verdict.failed & set(rules), f"only other rules noticed that {mutation.name}:\n{verdict.output}"
    assert CONTROL not in verdict.failed, f"the platform is out of order altogether:\n{verdict.output}"
