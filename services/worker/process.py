"""The child as its parent sees it: started, heard, signalled, ended and reaped."""

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass

from services.jobs.catalogue import Catalogue
from services.jobs.settings import Settings
from services.worker.child import main
from services.worker.notes import Notes

BEGUN = re.compile(r"\+(?P<name>\S+) (?P<timeout>\d+) (?P<memory_mb>\d+)")
DRAIN_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a child works on: the run's name, when it began (monotonic seconds), and its limits."""

    name: str
    began: float
    timeout: int
    memory_mb: int


class ChildProcess:
    """A forked child and the pipe through which it tells what it does."""

    def __init__(self, worker: str, catalogue: Catalogue, settings: Settings) -> None:
        reading, writing = os.pipe()
        parent, self.notes = os.getpid(), Notes()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            main(worker, catalogue, settings, writing, parent, self.notes)
        os.close(writing)
        os.set_blocking(reading, False)
        self._pipe, self._rest = reading, b""
        self._drain_at = 0.0
        self.work: Work | None = None
        self.stopped_at = 0.0

    def listen(self) -> None:
        """Take in what the child has said; only its last word counts."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._pipe, 65_536):
                self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        if lines:
            self.work = _work(lines[-1].decode(errors="replace"))

    def reap(self) -> int | None:
        """The exit status if the child has ended (negative: the signal); None while it lives.

        What the child has started and left behind is ended with it.
        """
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if pid == 0:
            return None
        if os.WIFSTOPPED(status):
            self.stopped_at = time.monotonic()
            return None
        if os.WIFCONTINUED(status):
            self.stopped_at = 0.0
            return None
        self._signal_group(signal.SIGKILL)
        self.listen()
        os.close(self._pipe)
        return os.waitstatus_to_exitcode(status)

    def ask_to_drain(self) -> None:
        """Let the child end after its job; said again and again, since a job may have swallowed the signal."""
        if time.monotonic() >= self._drain_at:
            self._drain_at = time.monotonic() + DRAIN_AGAIN_S
            self._signal(signal.SIGTERM)

    def say_cancelled(self, name: str) -> None:
        """Let the running function know that it shall stop, if it is still run `name` that runs."""
        self.notes.cancelled = name
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End the child and what it has started, whatever it is doing."""
        self._signal_group(signal.SIGKILL)
        self._signal(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _work(line: str) -> Work | None:
    begun = BEGUN.fullmatch(line)
    if begun is None:
        return None
    return Work(begun["name"], time.monotonic(), int(begun["timeout"]), int(begun["memory_mb"]))
