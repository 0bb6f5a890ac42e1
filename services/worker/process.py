"""The child as its parent sees it: started, heard, signalled, ended and reaped."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass

from services.jobs.catalogue import Catalogue
from services.jobs.settings import Settings
from services.worker.child import main


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
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            main(worker, catalogue, settings, writing, parent)
        os.close(writing)
        os.set_blocking(reading, False)
        self._pipe, self._rest = reading, b""
        self.work: Work | None = None
        self.stopped_at = 0.0

    def listen(self) -> None:
        """Take in what the child has said; only its last word counts."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._pipe, 65_536):
                self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        if lines:
            self.work = _work(lines[-1].decode())

    def reap(self) -> int | None:
        """The exit status if the child has ended (negative: the signal); None while it lives."""
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
        if pid == 0:
            return None
        if os.WIFSTOPPED(status):
            self.stopped_at = time.monotonic()
            return None
        if os.WIFCONTINUED(status):
            self.stopped_at = 0.0
            return None
        self.listen()
        os.close(self._pipe)
        return os.waitstatus_to_exitcode(status)

    def ask_to_drain(self) -> None:
        """Let the child end after its job."""
        self._signal(signal.SIGTERM)

    def say_cancelled(self) -> None:
        """Let the running function know that it shall stop."""
        self._signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End the child and what it has started, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _work(line: str) -> Work | None:
    if not line.startswith("+"):
        return None
    name, timeout, memory_mb = line[1:].split(" ")
    return Work(name, time.monotonic(), int(timeout), int(memory_mb))
