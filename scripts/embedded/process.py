"""One process of the embedded platform: started, watched, started again, ended."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0
RAN_WELL_S = 5.0
"""A process that ran for so long is no crash loop: the pauses before its next starts begin anew."""
PR_SET_PDEATHSIG = 1


class Process:
    """A command that shall run for as long as the platform does; its id stands in `run/NAME.pid`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], data_dir: Path) -> None:
        self.name, self._command, self._environment = name, list(command), dict(environment)
        self._pid_file = data_dir / "run" / f"{name}.pid"
        self._log = data_dir / "logs" / f"{name}.log"
        self._running: subprocess.Popen[bytes] | None = None
        self._start_at, self._started_at, self._pause = 0.0, 0.0, FIRST_PAUSE_S

    def start(self) -> None:
        """Start it in a session of its own, so that a Ctrl-C reaches only us; its output goes to its log."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._started_at = time.monotonic()
        self._pid_file.write_text(f"{self._running.pid}\n")

    def watch(self) -> str:
        """Start it again if it has ended, after a pause that grows; what there is to say of that, or ""."""
        if self._running is None:
            if time.monotonic() >= self._start_at:
                self.start()
            return ""
        status = self._running.poll()
        if status is None:
            return ""
        self._running = None
        if time.monotonic() - self._started_at > RAN_WELL_S:
            self._pause = FIRST_PAUSE_S
        self._start_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        return f"{self.name} ended with {status}; starting it again (log: {self._log})"

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self._running is not None and self._running.poll() is None

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return lines[-1] if lines else f"see {self._log}"

    def terminate(self) -> None:
        """Ask it to end."""
        if self._running:
            self._running.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most `seconds`; then end it by force."""
        if self._running:
            try:
                self._running.wait(seconds)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()
            self._running = None
        self._pid_file.unlink(missing_ok=True)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", module, *arguments]


def _end_with_parent() -> None:
    """On Linux, have this process ended in order should the platform's own process be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
