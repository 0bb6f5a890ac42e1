"""The platform in containers as the site of a chaos run."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from loadtests.chaos.container import Container
from loadtests.chaos.disk import Disk
from loadtests.chaos.target import Target
from scripts.compose.project import Project, docker
from scripts.embedded.valkey import free_port

WORK = Path(__file__).with_name("work.py")
SERVICES = ("worker", "gateway", "status", "store")


class ComposeSite:
    """The containers of a project; their engine starts them again."""

    def __init__(self, project: Project, store_port: int, log: Path) -> None:
        self._project, self.log = project, log
        self.gateway_url = project.url("gateway")
        self.redis_url = f"redis://operator:{project.operator_password}@127.0.0.1:{store_port}/0"
        volume = docker("volume", "inspect", "--format", "{{.Mountpoint}}", f"{project.name}_store").strip()
        self._disk = Path(volume)
        self.targets = SERVICES + (("disk",) if Disk(self._disk).reachable else ())

    def find(self, target: str) -> Sequence[Target]:
        """The containers of a service that run and are not frozen, or the disk under the store's volume."""
        if target == "disk":
            return [Disk(self._disk)]
        labels = {"project": self._project.name, "service": target}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        found = docker("ps", "--filter=status=running", *filters, "--format={{.ID}}").split()
        return [Container(container) for container in sorted(found)]

    def watch(self) -> None:
        """Nothing: that is the engine's."""

    def job_folders(self) -> list[str]:
        """Ids of jobs that have files."""
        return self._project.run("status", "sh", "-c", "ls /data/blobs/jobs 2>/dev/null || true").split()


@contextlib.contextmanager
def composed(folder: Path, workers: int) -> Iterator[ComposeSite]:
    """The platform, up and healthy, as a project that is gone afterwards; the log of executions is in `folder`."""
    project, store_port = Project(f"coatcheck-chaos-{os.getpid()}"), free_port()
    override = folder / "override.yaml"
    override.write_text(json.dumps(overrides(folder, store_port)), encoding="utf-8")
    try:
        project.up("--build", "--quiet-pull", "--scale", f"worker={workers}", files=(override,))
        yield ComposeSite(project, store_port, folder / "log" / "executions.log")
    finally:
        project.down()


def overrides(folder: Path, store_port: int) -> dict[str, Any]:
    """What the run needs beyond compose.yaml: the job type, a log that can be read here, and a way to the store."""
    log, types = folder / "log", folder / "types"
    for made in (log, types):
        made.mkdir()
    # The containers' user is another than ours.
    log.chmod(0o777)
    types.chmod(0o755)
    shutil.copy(WORK, types / WORK.name)
    (types / WORK.name).chmod(0o644)
    volumes, environment = [f"{types}:/types:ro"], {"JOB_TYPES": f"/types/{WORK.name}"}
    logging = {**environment, "CHAOS_LOG": "/log/executions.log", "WORKER_GRACE": "5"}
    gateway = {"volumes": volumes, "environment": environment}
    worker = {"volumes": [*volumes, f"{log}:/log"], "environment": logging}
    store = {"networks": ["public"], "ports": [f"127.0.0.1:{store_port}:6379"]}
    return {"services": {"gateway": gateway, "worker": worker, "store": store}}
