"""A container, as a target of faults."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from loadtests.chaos.target import Act, Gone
from scripts.compose.project import ComposeError, docker

BACK_S = 1.0
"""After so long, a container that was stopped by hand is started again, as by a host that comes back."""


class Container:
    """A container by its short id, which is its host name, too."""

    def __init__(self, container: str) -> None:
        self._id = container
        self._by_hand: subprocess.Popen[bytes] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All processes in it."""
        return (self._id,)

    def begin(self, act: Act) -> None:
        """Do it; what takes its time goes on by itself."""
        try:
            match act:
                case Act.KILL:
                    self._kill()
                case Act.FREEZE:
                    docker("pause", self._id)
                case Act.END | Act.RESTART:
                    self._by_hand = _in_background("stop" if act is Act.END else "restart", self._id)
                case _:
                    raise ValueError(f"{act} can't be done to a container")
        except ComposeError as error:
            raise Gone(str(error)) from None

    def finish(self, act: Act) -> None:
        """Thaw it, or start it if the engine leaves that to whoever has stopped it."""
        with contextlib.suppress(ComposeError):
            if act is Act.FREEZE:
                docker("unpause", self._id)
            elif self._by_hand:
                self._by_hand.wait()
                time.sleep(BACK_S)
                docker("start", self._id)

    def _kill(self) -> None:
        """Kill its first process from outside, so that the restart policy acts; by the engine if that can't be done."""
        pid = int(docker("inspect", "--format", "{{.State.Pid}}", self._id))
        if not pid:
            raise Gone(f"container {self._id} has ended")
        try:
            if not self._holds(pid):
                raise ProcessLookupError
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._by_hand = _in_background("kill", self._id)

    def _holds(self, pid: int) -> bool:
        """Whether this process of this machine runs in it: an engine may be elsewhere, and count differently."""
        try:
            return self._id in Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:
            return False


def _in_background(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["docker", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
