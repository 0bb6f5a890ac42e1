"""A stack: servers that take jobs and answer for them, workers that run them, and how to talk to it."""

import json
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from loadtests.compare import environment, wire
from loadtests.compare.client import Client
from loadtests.compare.processes import Processes, fields_of
from loadtests.compare.store import Store
from loadtests.compare.wire import Address

TOKEN = "x"
START_SECONDS = 180.0
STOP_SECONDS = 45.0


class StackError(Exception):
    """A stack did not start, or did not do its work."""


class Stack(ABC):
    """What every stack can be asked, so that all are measured by the same code."""

    name: str
    title: str
    ceiling = False
    """True for a server with no queue behind it: it can only be submitted to and read from."""
    submit_to: Address
    submit_path: str

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def start(self, store: Store) -> None:
        """Start the servers and workers; return once both work."""

    @property
    @abstractmethod
    def servers(self) -> Processes:
        """The processes that answer HTTP."""

    @property
    @abstractmethod
    def workers(self) -> Processes:
        """The processes that run jobs."""

    @abstractmethod
    def finished(self, store: Store) -> int:
        """A number that rises by one with every job that ends; costs the store one round trip."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What the stack is made of."""

    def submission(self, token: str = TOKEN, **headers: str) -> bytes:
        """The request that submits a job of no length."""
        body = json.dumps({"seconds": 0, "token": token}, separators=(",", ":")).encode()
        return wire.post(self.submit_to, self.submit_path, body, **headers)

    def reading(self, location: str, **headers: str) -> tuple[Address, bytes]:
        """The request that reads the job at a Location, and where it goes."""
        parts = urlsplit(location)
        port = parts.port or self.submit_to.port
        address = Address("127.0.0.1", port)
        return address, wire.get(address, parts.path, **headers)

    def run(self, command: list[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start one of the stack's programs in a session of its own, its output in a log file."""
        logs = environment.CACHE / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{self.name}.log").open("ab") as log:
            made = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
        self.started.append(made)
        return made

    def stop(self) -> None:
        """End everything that was started: asked first, killed if that did not help."""
        everything = Processes(lambda: [made.pid for made in self.started])
        everything.resume()
        left = everything.pids()
        for made in self.started[::-1]:
            made.terminate()
        until = time.monotonic() + STOP_SECONDS
        for made in self.started:
            with suppress(subprocess.TimeoutExpired):
                made.wait(max(0.1, until - time.monotonic()))
        Processes(lambda: [pid for pid in left if fields_of(pid)]).signal(signal.SIGKILL)
        for made in self.started:
            made.wait()
        self.started.clear()

    def wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until something is so; say what was not if it takes too long or a program has ended."""
        until = time.monotonic() + START_SECONDS
        while not ready():
            ended = [made for made in self.started if made.poll() is not None]
            if ended or time.monotonic() > until:
                log = environment.CACHE / "logs" / f"{self.name}.log"
                why = f"{ended[0].args!r} has ended" if ended else f"nothing after {START_SECONDS:g} s"
                raise StackError(f"{self.title}: {what}: {why}. Its output is in {log}.")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the servers take a job."""
        try:
            with Client(timeout=5) as client:
                return client.ask(self.submit_to, self.submission()).status == 202
        except OSError:
            return False
