"""The store's pulse: how long a write takes that has to be on disk, all through a run."""

import statistics
import threading
import time
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError

from loadtests.chaos.faults import SLOW_FSYNC, Fault, store_away

EVERY_S = 0.05
KEY, KEY_LASTS_MS = "chaos:pulse", 60_000


@dataclass
class Pulse:
    """Times a small write again and again: `beats` holds when (seconds since 1970) and how long (seconds)."""

    redis_url: str
    beats: list[tuple[float, float]] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Go on until told to stop; a write that fails is none."""
        with Redis.from_url(self.redis_url, socket_timeout=5) as client:
            while not stop.wait(EVERY_S):
                at, began = time.time(), time.perf_counter()
                try:
                    client.set(KEY, "", px=KEY_LASTS_MS)
                except RedisError:
                    continue
                self.beats.append((at, time.perf_counter() - began))

    def lines(self, faults: list[Fault]) -> list[str]:
        """What slow fsyncs did to writes, as text; times at which the store was away don't count."""
        slow = [fault for fault in faults if fault.kind == SLOW_FSYNC]
        times: tuple[list[float], list[float]] = ([], [])
        for at, took in self.beats:
            if not store_away(faults, at, at + took):
                times[any(fault.at < at + took and at < fault.until for fault in slow)].append(took)
        if not all(times):
            return []
        undisturbed, slowed = (statistics.median(found) * 1_000 for found in times)
        return [f"{SLOW_FSYNC}: a write took {slowed:.2f} ms at the median, else {undisturbed:.2f} ms"]
