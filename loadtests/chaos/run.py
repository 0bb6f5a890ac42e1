"""One chaos run: jobs, faults and what came of them."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from redis import Redis

from loadtests.chaos.clients import Clients, Ticket
from loadtests.chaos.faults import Faults, kinds_for
from loadtests.chaos.lasting import without_life_span
from loadtests.chaos.ledger import Ledger, Watcher, draw_up
from loadtests.chaos.pulse import Pulse
from loadtests.chaos.site import Site

SETTLE_S = 120.0


class Run:
    """Jobs, faults and the ledger of one seed."""

    def __init__(self, site: Site, jobs: int, faults: int, seed: int, gap: float) -> None:
        self._site = site
        self.clients = Clients(site.gateway_url, jobs, faults * gap, seed)
        self.faults = Faults(site.find, seed, faults, gap, kinds_for(site.targets))
        self.watcher = Watcher(self.clients.tickets)
        self.pulse = Pulse(site.redis_url)
        self._left: list[Ticket] = []

    def go(self) -> tuple[Ledger, list[str]]:
        """Hand in the jobs while the faults are done, then wait for all ends: the ledger, and what is left over.

        This thread keeps the platform up: on Linux, a process ends with the thread that has started it.
        """
        with _background(self._scenario, threading.Event()) as scenario:
            while scenario.is_alive():
                self._site.watch()
                scenario.join(0.1)
        ledger = draw_up(self.clients.tickets, self.watcher, self._left, self.faults.done, self._site.log)
        return ledger, leftovers(self._site)

    def _scenario(self, stop: threading.Event) -> None:
        with (
            _background(self.faults.run, stop) as faulting,
            _background(self.watcher.run, stop),
            _background(self.pulse.run, stop),
        ):
            self.clients.run(stop)
            faulting.join()
            stop.wait(1)
            self._left = self.watcher.settle(SETTLE_S, stop)
            stop.set()


def leftovers(site: Site) -> list[str]:
    """Keys without a life span that no document names, and job folders that no job claims."""
    with Redis.from_url(site.redis_url) as client:
        orphans = [job for job in site.job_folders() if not client.exists(f"cc:job:{job}")]
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
