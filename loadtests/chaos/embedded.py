"""The embedded platform as the site of a chaos run."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from loadtests.chaos.disk import Disk
from loadtests.chaos.process import ProcessTarget
from loadtests.chaos.target import Finder, Target
from scripts.embedded import valkey
from scripts.embedded.platform import Platform
from services.jobs.settings import Settings

WORK = Path(__file__).with_name("work.py")
PARENTS = {"child": "worker", "gateway-process": "gateway", "store": "valkey"}
"""Pid files that are not named like their target."""


class EmbeddedSite:
    """Processes of this machine, found by their pid files."""

    targets: tuple[str, ...] = ("worker", "child", "gateway", "gateway-process", "status", "store", "disk")

    def __init__(self, platform: Platform, log: Path) -> None:
        self._platform, self.log = platform, log
        self._data = platform.settings.data_dir
        self._find = finder(self._data)

    @property
    def gateway_url(self) -> str:
        """Where jobs are handed in."""
        return self._platform.gateway_url

    @property
    def redis_url(self) -> str:
        """The store."""
        return self._platform.redis_url

    def find(self, target: str) -> Sequence[Target]:
        """The processes, children or disk of that name."""
        return self._find(target)

    def watch(self) -> None:
        """Start again what has ended."""
        self._platform.watch(lambda _: None)

    def job_folders(self) -> list[str]:
        """Ids of jobs that have files."""
        return [folder.name for folder in (self._data / "blobs" / "jobs").glob("*")]


@contextlib.contextmanager
def embedded(folder: Path, workers: int) -> Iterator[EmbeddedSite]:
    """The platform, up and ready, with all that it keeps in `folder`."""
    log = folder / "executions.log"
    settings = Settings.model_validate(
        {
            "gateway_port": valkey.free_port(),
            "status_port": valkey.free_port(),
            "data_dir": folder,
            "workers": workers,
            "worker_grace": 5.0,
            "job_types": str(WORK),
        }
    )
    environment = {**os.environ, "CHAOS_LOG": str(log)}
    environment |= {name.upper(): str(getattr(settings, name)) for name in settings.model_fields_set}
    with Platform(settings, environment, own_store=True) as platform:
        yield EmbeddedSite(platform, log)


def finder(data_dir: Path) -> Finder:
    """Finds the processes whose pid files are in a data folder, and the disk under the store's."""

    def find(target: str) -> Sequence[Target]:
        if target == "disk":
            return [Disk(data_dir / "store")]
        parents = [_process(path) for path in (data_dir / "run").glob(f"{PARENTS.get(target, target)}*.pid")]
        alive = [process for process in parents if process]
        if target not in ("child", "gateway-process"):
            return [ProcessTarget(process, with_children=target == "worker") for process in alive]
        with contextlib.suppress(psutil.NoSuchProcess):
            return [ProcessTarget(child) for process in alive for child in process.children()]
        return []

    return find


def _process(path: Path) -> psutil.Process | None:
    try:
        return psutil.Process(int(path.read_text()))
    except (psutil.NoSuchProcess, ValueError, FileNotFoundError):
        return None
