"""A Valkey of one test's own, that it may freeze, kill and fill."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.embedded import valkey
from services.jobs.connection import Store, connect, wait_until_reachable


class OwnStore:
    """A Valkey whose data lies in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._port = folder, valkey.free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client: Store = connect(self.url)
        self.start()

    def start(self) -> None:
        """Start it, with what it kept."""
        command = valkey.command(self._port, self.folder)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until_reachable(self.client)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop it for the time of the block."""
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[OwnStore]:
    """A store of the test's own."""
    store = OwnStore(tmp_path / "store")
    try:
        yield store
    finally:
        store.client.close()
        store.kill()
