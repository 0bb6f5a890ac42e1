"""A process of this machine, as a target of faults."""

import contextlib
import signal
import socket

import psutil

from loadtests.chaos.target import Act, Gone

HOST = socket.gethostname()
SIGNALS = {
    Act.KILL: signal.SIGKILL,
    Act.END: signal.SIGTERM,
    Act.RESTART: signal.SIGTERM,
    Act.FREEZE: signal.SIGSTOP,
}


class ProcessTarget:
    """A process; whoever keeps it up starts it again. Its children are of interest if they go with it."""

    def __init__(self, process: psutil.Process, with_children: bool = False) -> None:
        self._process, self._with_children = process, with_children

    @property
    def names(self) -> tuple[str, ...]:
        """The process, and its children of this moment."""
        pids = [self._process.pid]
        if self._with_children:
            with contextlib.suppress(psutil.NoSuchProcess):
                pids += [child.pid for child in self._process.children()]
        return tuple(f"{HOST}:{pid}" for pid in pids)

    def begin(self, act: Act) -> None:
        """Send it the signal."""
        try:
            self._process.send_signal(SIGNALS[act])
        except psutil.NoSuchProcess:
            raise Gone(f"process {self._process.pid} has ended") from None

    def finish(self, act: Act) -> None:
        """Thaw it if it was frozen."""
        if act is Act.FREEZE:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._process.send_signal(signal.SIGCONT)
