"""Each service runs with the folders that its image holds and no others: they are copied, and it is imported there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.boundaries.source import ROOT, SERVICES, TARGETS, folder_of, modules

NEED_EXAMPLES = {"gateway", "worker"}
IGNORED = shutil.ignore_patterns("__pycache__")


def copy(service: str, target: Path) -> Path:
    """A folder with no more than the image of `service` holds."""
    (target / "services").mkdir()
    shutil.copy(SERVICES / "__init__.py", target / "services")
    for folder in TARGETS[service]:
        shutil.copytree(SERVICES / folder, target / "services" / folder, ignore=IGNORED)
    if service in NEED_EXAMPLES:
        shutil.copytree(ROOT / "examples", target / "examples", ignore=IGNORED)
    return target


def run(folder: Path, code: str) -> str:
    """What Python says that sees nothing of ours but `folder`."""
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment |= {"REDIS_URL": "redis://127.0.0.1:1/0", "DATA_DIR": str(folder / "data"), "PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def importable(service: str) -> list[str]:
    """All modules of the service's folders; those that start it when imported are left to their own tests."""
    names = (name for name in modules() if name != "services" and folder_of(name) in TARGETS[service])
    starting = {"services.gateway.__main__", "services.status.__main__", "services.webhooks.__main__"}
    return [name for name in names if name not in starting and name != "services.web.gunicorn_conf"]


@pytest.mark.parametrize("service", TARGETS)
def test_a_service_needs_only_its_own_folders(service: str, tmp_path: Path) -> None:
    folder = copy(service, tmp_path)
    lines = [f"import {name}" for name in importable(service)]
    lines += ["import sys", "print(*sorted({n.split('.')[1] for n in sys.modules if n.startswith('services.')}))"]
    assert set(run(folder, "\n".join(lines)).split()) == set(TARGETS[service])


@pytest.mark.parametrize("service", sorted(NEED_EXAMPLES))
def test_a_service_that_needs_job_types_finds_them_there(service: str, tmp_path: Path) -> None:
    code = "from services.jobs.catalogue import discover; print(*discover('services.job_types'))"
    assert run(copy(service, tmp_path), code).split() == ["csv-profile", "image-thumbnails", "simulate", "text-report"]


@pytest.mark.parametrize(
    ("service", "foreign"),
    [
        *[(one, other) for one in TARGETS for other in TARGETS if one != other],
        ("status", "job_types"),
        ("worker", "web"),
        ("webhooks", "job_types"),
    ],
)
def test_what_a_service_may_not_use_is_not_there(service: str, foreign: str, tmp_path: Path) -> None:
    code = f"""
try:
    import services.{foreign}
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run(copy(service, tmp_path), code).strip() == f"services.{foreign}"


@pytest.mark.parametrize("service", TARGETS)
def test_the_image_holds_the_same_folders(service: str) -> None:
    stage = (ROOT / "Dockerfile").read_text().split(f" AS {service}\n")[1].split("\nFROM ")[0]
    copied = [line.split()[1] for line in stage.splitlines() if line.startswith("COPY services/")]
    assert copied == ["services/__init__.py", *(f"services/{folder}" for folder in TARGETS[service])]
    assert ("COPY examples examples" in stage) == (service in NEED_EXAMPLES)
