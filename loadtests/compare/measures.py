"""The measures of a running, warm stack: each gives figures by name."""

import time
from collections.abc import Sequence

from loadtests.compare.bench import POLL, Bench, Figures, Meter, fill, load
from loadtests.compare.client import Client
from loadtests.compare.stack import StackError

FOOTPRINT_JOBS = 2000
PATIENCE = 120.0
SLACK = 5
"""Keys by which a count of results may be out: some stacks keep queues and locks that come and go beside them."""


def submit(bench: Bench) -> Figures:
    """POST to 202, with the workers held."""
    stack = bench.stack
    return load(bench, stack.submit_to, [stack.submission()], 202, bench.options.requests)[0]


def read(bench: Bench, locations: Sequence[str]) -> dict[str, Figures]:
    """GET of finished jobs in turn: 200, and 304 where the stack gives an ETag."""
    stack = bench.stack
    asked = [stack.reading(location) for location in locations]
    address = asked[0][0]
    found = {"read": load(bench, address, [request for _, request in asked], 200, bench.options.requests)[0]}
    with Client() as client:
        tags = [client.ask(*each).header("ETag") for each in asked]
    if all(tags):
        again = [stack.reading(at, If_None_Match=tag)[1] for at, tag in zip(locations, tags, strict=True)]
        found["read_304"] = load(bench, address, again, 304, bench.options.requests)[0]
    return found


def drain(bench: Bench, count: int, seconds: float) -> Figures:
    """Jobs finished per second, of jobs that wait while warm workers are held; timed from the first end seen."""
    stack, store = bench.stack, bench.store
    base = stack.finished(store)
    meter = Meter(stack.workers, store)
    begin = time.perf_counter()
    stack.workers.resume()
    first, last, asked = (0, 0.0), (0, 0.0), 0
    while last[0] < count and time.perf_counter() - begin < seconds:
        time.sleep(POLL)
        asked += 1
        last = (stack.finished(store) - base, time.perf_counter())
        if first[0] <= 0:
            first = last
    figures = meter.figures(max(1, last[0]), asked)
    stack.workers.pause()
    if last[0] <= first[0]:
        raise StackError(f"{stack.title}: {last[0]} jobs ended at once or none at all; a drain needs more jobs.")
    return {"per_second": (last[0] - first[0]) / (last[1] - first[1]), "jobs": last[0], **figures}


def footprint(bench: Bench) -> Figures:
    """What the stack uses at rest, its memory, and the store's bytes for each finished job."""
    stack, store, options = bench.stack, bench.store, bench.options
    time.sleep(1)
    servers, workers = Meter(stack.servers, store), stack.workers.cpu_seconds()
    time.sleep(options.idle_seconds)
    worker_cpu = stack.workers.cpu_seconds() - workers
    idle = servers.figures(1)
    return {
        "idle_server_cpu_percent": idle["cpu_us"] / 1e4 / options.idle_seconds,
        "idle_worker_cpu_percent": worker_cpu * 100 / options.idle_seconds,
        "idle_store_trips_per_second": idle["round_trips"] / options.idle_seconds,
        "server_memory_mb": stack.servers.memory_bytes() / 1e6,
        "worker_memory_mb": stack.workers.memory_bytes() / 1e6,
        "bytes_per_finished_job": finished_bytes(bench, min(options.jobs, FOOTPRINT_JOBS)),
    }


def finished_bytes(bench: Bench, count: int) -> float:
    """The store's memory for each finished job, from so many of them."""
    before = bench.store.reading().memory_bytes
    bench.stack.workers.pause()
    fill(bench, count)
    done = drain(bench, count - SLACK, PATIENCE)["jobs"]
    if done < count - SLACK:
        raise StackError(f"{bench.stack.title}: only {done:.0f} of {count} jobs had ended after {PATIENCE:g} s.")
    bench.stack.workers.resume()
    time.sleep(1)
    return (bench.store.reading().memory_bytes - before) / count
