"""A peer: a stack that is a folder under peers/, with its start commands as data in peer.toml."""

import os
import tomllib
from pathlib import Path

from loadtests.compare import environment
from loadtests.compare.processes import Processes
from loadtests.compare.stack import Stack
from loadtests.compare.store import Store
from loadtests.compare.wire import Address

FOLDER = environment.HERE / "peers"
PORT = 19010


class Peer(Stack):
    """One of the stacks that Coatcheck is compared with."""

    submit_to = Address("127.0.0.1", PORT)
    submit_path = "/jobs"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.name = folder.name
        described = tomllib.loads((folder / "peer.toml").read_text())
        self.title: str = described["title"]
        self.ceiling = described.get("ceiling", False)
        self.app_folder = FOLDER / described.get("app", folder.name)
        self.server_command: list[str] = described["server"]
        self.worker_command: list[str] = described.get("worker", [])
        self.worker_starts: int = described.get("worker_starts", 1)
        self.finished_command: list[str] = described.get("finished", [])
        self.open_command: list[str] = described.get("open", [])

    def start(self, store: Store) -> None:
        """Start one server program and the worker programs; wait until the server answers."""
        programs = self.programs()
        env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": ".", "REDIS_URL": store.url}
        places = {"port": str(PORT), "redis": store.url}
        commands = [self.server_command] + [self.worker_command] * (self.worker_starts if self.worker_command else 0)
        for command in commands:
            words = [word.format(**places) for word in command]
            self.run([str(programs / words[0]), *words[1:]], self.app_folder, env)
        self.wait_for("no answer to a submission", self.answers)

    def programs(self) -> Path:
        """The `bin` folder of the peer's own environment."""
        return environment.bin_folder(self.name, self.folder / "requirements.txt")

    @property
    def servers(self) -> Processes:
        """The server program and its children."""
        return Processes(lambda: [made.pid for made in self.started[:1]])

    @property
    def workers(self) -> Processes:
        """The worker programs and their children."""
        return Processes(lambda: [made.pid for made in self.started[1:]])

    def finished(self, store: Store) -> int:
        """Counted by what peer.toml names: results that are there, or open jobs taken the other way round."""
        if self.open_command:
            return -store.number(self.open_command)
        return store.number(self.finished_command)

    def versions(self) -> dict[str, str]:
        """What the peer's environment holds."""
        return environment.versions(self.programs())


def peers() -> list[Peer]:
    """Every peer, ceilings last."""
    found = [Peer(path.parent) for path in sorted(FOLDER.glob("*/peer.toml"))]
    return sorted(found, key=lambda peer: (peer.ceiling, peer.name))
