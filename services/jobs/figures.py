"""Figures of the platform as a whole, as the store has kept them: what `/metrics` tells."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.exceptions import NoPermissionError

from services.jobs.connection import Store
from services.jobs.pulse import Pulse
from services.jobs.record import QUEUES
from services.jobs.scripts import Script

FIGURES = Script("figures", reads_only=True)

RUN_BOUNDS_MS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000)
"""Upper bounds of the run-time histogram's buckets, as `parts/times.lua` has them; a last one takes what is longer."""


@dataclass(frozen=True)
class QueueFigures:
    """One queue: jobs that wait, jobs that wait for their time, and how long its next job has waited (ms)."""

    waiting: int
    scheduled: int
    oldest_ms: int


@dataclass
class TypeFigures:
    """One job type since the store began: jobs accepted, jobs ended by state, and run times of ended jobs."""

    accepted: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    run_counts: list[int] = field(default_factory=lambda: [0] * (len(RUN_BOUNDS_MS) + 1))
    run_ms: int = 0


@dataclass(frozen=True)
class Snapshot:
    """The platform at one moment. `memory` is used and allowed bytes, None where the store does not tell."""

    queues: Mapping[str, QueueFigures]
    types: Mapping[str, TypeFigures]
    open_jobs: int
    running: int
    late_results: int
    workers: int
    memory: tuple[int, int] | None


class Figures(Protocol):
    """Whoever can say how the platform does."""

    def read(self) -> Snapshot:
        """The figures of this moment; raises StoreError if the store gives no answer."""


class StoreFigures:
    """Reads the figures from the store."""

    def __init__(self, client: Store) -> None:
        self._client, self._pulse = client, Pulse(client)

    def read(self) -> Snapshot:
        """The figures of this moment; raises StoreError if the store gives no answer."""
        now, stats, queues, open_jobs, running = FIGURES(self._client, *QUEUES)
        counters = {name.decode(): value for name, value in zip(stats[::2], stats[1::2], strict=True)}
        return Snapshot(
            queues={name: _queue(int(now), entry) for name, entry in zip(QUEUES, queues, strict=True)},
            types=_types(counters),
            open_jobs=int(open_jobs),
            running=int(running),
            late_results=int(counters.get("late_results", 0)),
            workers=self._pulse.workers(),
            memory=self._memory(),
        )

    def _memory(self) -> tuple[int, int] | None:
        try:
            info: Any = self._client.info("memory")
        except NoPermissionError:
            return None
        return int(info["used_memory"]), int(info["maxmemory"])


def _queue(now: int, entry: list[Any]) -> QueueFigures:
    waiting, scheduled, since = entry
    return QueueFigures(int(waiting), int(scheduled), max(0, now - int(since)) if since else 0)


def _types(counters: Mapping[str, bytes]) -> dict[str, TypeFigures]:
    """From the scripts' counters: `accepted:TYPE`, `ended:TYPE:STATE`, `ran:TYPE:BOUND` and `ran_ms:TYPE`."""
    types: defaultdict[str, TypeFigures] = defaultdict(TypeFigures)
    bounds = {str(bound): place for place, bound in enumerate((*RUN_BOUNDS_MS, "inf"))}
    for name, value in counters.items():
        match name.split(":"):
            case ["accepted", kind]:
                types[kind].accepted = int(value)
            case ["ended", kind, state]:
                types[kind].ended[state] = int(value)
            case ["ran", kind, bound]:
                types[kind].run_counts[bounds[bound]] = int(value)
            case ["ran_ms", kind]:
                types[kind].run_ms = int(value)
    return dict(sorted(types.items()))
