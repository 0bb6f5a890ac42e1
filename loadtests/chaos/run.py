"""One chaos run against the embedded platform."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from redis import Redis

from loadtests.chaos.clients import Clients, Ticket
from loadtests.chaos.faults import Faults, embedded_finder
from loadtests.chaos.lasting import without_life_span
from loadtests.chaos.ledger import Ledger, Watcher, draw_up
from scripts.embedded.platform import Platform

SETTLE_S = 120.0


class Run:
    """Jobs, faults and the ledger of one seed."""

    def __init__(self, platform: Platform, log: Path, jobs: int, faults: int, seed: int, gap: float) -> None:
        self._platform, self._log = platform, log
        self.clients = Clients(platform.gateway_url, jobs, faults * gap, seed)
        self.faults = Faults(embedded_finder(platform.settings.data_dir), seed, faults, gap)
        self.watcher = Watcher(self.clients.tickets)
        self._left: list[Ticket] = []

    def go(self) -> tuple[Ledger, list[str]]:
        """Hand in the jobs while the faults are done, then wait for all ends: the ledger, and what is left over.

        This thread keeps the platform up: on Linux, a process ends with the thread that has started it.
        """
        with _background(self._scenario, threading.Event()) as scenario:
            while scenario.is_alive():
                self._platform.watch(lambda _: None)
                scenario.join(0.1)
        ledger = draw_up(self.clients.tickets, self.watcher, self._left, self.faults.done, self._log)
        return ledger, leftovers(self._platform)

    def _scenario(self, stop: threading.Event) -> None:
        with _background(self.faults.run, threading.Event()) as faulting, _background(self.watcher.run, stop):
            self.clients.run()
            faulting.join()
            stop.wait(1)
            self._left = self.watcher.settle(SETTLE_S)
            stop.set()


def leftovers(platform: Platform) -> list[str]:
    """Keys without a life span that no document names, and job folders that no job claims."""
    with Redis.from_url(platform.redis_url) as client:
        folders = (platform.settings.data_dir / "blobs" / "jobs").glob("*")
        orphans = [folder.name for folder in folders if not client.exists(f"cc:job:{folder.name}")]
        return without_life_span(client) + orphans


@contextlib.contextmanager
def _background(work: Callable[[threading.Event], None], stop: threading.Event) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(timeout=30)
