"""The bench: a running stack beside its store, what it costs, and jobs put through it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.compare.client import Client
from loadtests.compare.generator import Generator, Outcome
from loadtests.compare.options import Options
from loadtests.compare.processes import Processes
from loadtests.compare.stack import TOKEN, Stack, StackError
from loadtests.compare.store import Reading, Store
from loadtests.compare.wire import Address

Figures = dict[str, float]
WARM_JOBS = 100
WARM_REQUESTS = 200
WARM_SECONDS = 60.0
POLL = 0.02


@dataclass
class Bench:
    """What every measure needs."""

    stack: Stack
    store: Store
    options: Options


class Meter:
    """What an interval cost: processor time of the stack's processes and of the store, and its round trips."""

    def __init__(self, processes: Processes, store: Store) -> None:
        self.processes, self.store = processes, store
        self.busy = processes.busy_seconds()
        self.cpu = processes.cpu_seconds()
        self.before: Reading = store.reading()

    def figures(self, count: int, asked: int = 0) -> Figures:
        """The cost of each of `count` operations, less the `asked` round trips that the measuring itself made."""
        after = self.store.reading()
        cpu = self.processes.cpu_seconds() - self.cpu
        own = asked + 1
        return {
            "cpu_us": cpu / count * 1e6,
            "store_cpu_us": (after.cpu_seconds - self.before.cpu_seconds) / count * 1e6,
            "round_trips": (after.round_trips - self.before.round_trips - own) / count,
            "commands": (after.commands - self.before.commands - own) / count,
        }

    def busiest_share(self) -> float:
        """The busiest process's part of the work: 0.5 if two shared it evenly."""
        now = self.processes.busy_seconds()
        spent = [busy - self.busy.get(pid, 0.0) for pid, busy in now.items()]
        return max(spent, default=0.0) / (sum(spent) or 1.0)


def load(bench: Bench, address: Address, requests: Sequence[bytes], expect: int, count: int) -> tuple[Figures, Outcome]:
    """Warm connections, then the load itself: `count` requests or as many as the time allows."""
    options = bench.options
    with Generator(address, requests, expect, options.connections) as generator:
        warm = generator.run(min(WARM_REQUESTS, count), options.seconds)
        meter = Meter(bench.stack.servers, bench.store)
        outcome = generator.run(count, options.seconds)
    wrong = warm.wrong + outcome.wrong
    if wrong or not outcome.requests:
        raise StackError(f"{bench.stack.title}: {wrong[0] if wrong else 'no replies'}")
    figures = meter.figures(outcome.requests)
    figures |= {
        "per_second": outcome.requests / outcome.seconds,
        "p50_ms": outcome.latency(0.5),
        "p99_ms": outcome.latency(0.99),
        "requests": outcome.requests,
        "busiest_share": meter.busiest_share(),
        "generator_share": outcome.generator_share,
    }
    return figures, outcome


def warm_up(bench: Bench) -> list[str]:
    """Run some jobs through and see each of them done; the Locations of finished jobs."""
    stack = bench.stack
    with Generator(stack.submit_to, [stack.submission()], 202, 4) as generator:
        outcome = generator.run(WARM_JOBS, bench.options.seconds)
    if outcome.wrong:
        raise StackError(f"{stack.title}: {outcome.wrong[0]}")
    until = time.monotonic() + WARM_SECONDS
    with Client() as client:
        for location in outcome.locations:
            while not is_done(client, stack, location, TOKEN):
                if time.monotonic() > until:
                    raise StackError(f"{stack.title}: {location} was not done after {WARM_SECONDS:g} s.")
                time.sleep(POLL)
    return outcome.locations


def is_done(client: Client, stack: Stack, location: str, token: str) -> bool:
    """Whether the job is done; a wrong reply or a wrong result is an error."""
    reply = client.ask(*stack.reading(location))
    if reply.status != 200:
        raise StackError(f"{stack.title}: {location} gave {reply.status}: {reply.body[:200]!r}")
    squeezed = reply.body.replace(b" ", b"")
    if b'"done":true' not in squeezed:
        return False
    if f'"token":"{token}"'.encode() not in squeezed:
        raise StackError(f"{stack.title}: {location} is done without its token: {reply.body[:200]!r}")
    return True


def fill(bench: Bench, count: int) -> list[str]:
    """Submit exactly so many jobs, unmeasured."""
    stack = bench.stack
    if count <= 0:
        return []
    with Generator(stack.submit_to, [stack.submission()], 202, bench.options.connections) as generator:
        outcome = generator.run(count, 60 + count / 200)
    if outcome.wrong or outcome.requests < count:
        raise StackError(f"{stack.title}: {outcome.wrong[0] if outcome.wrong else 'filling took too long'}")
    return outcome.locations
