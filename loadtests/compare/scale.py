"""How the cost of an operation grows with the jobs that are open, or finished, beside it."""

import statistics

from loadtests.compare.bench import WARM_REQUESTS, Bench, Figures, fill, load
from loadtests.compare.measures import PATIENCE, SLACK, drain

CYCLES = 5
CHUNK = 20_000


def scale(bench: Bench) -> dict[str, Figures]:
    """The measures at each number of open jobs, after as many finished ones as were asked for; workers are held."""
    found: dict[str, Figures] = {}
    options = bench.options
    if options.finished:
        found[f"scale_finished_{options.finished}"] = {"bytes_per_finished_job": finish(bench, options.finished)}
    block = min(options.open)
    there = 0
    for depth in sorted(options.open):
        before = bench.store.reading().memory_bytes
        waiting = fill(bench, depth - there)
        grown = (bench.store.reading().memory_bytes - before) / (depth - there)
        found[f"scale_open_{depth}"] = {"bytes_per_open_job": grown, **at_depth(bench, waiting[-100:], block)}
        there = depth
    return found


def at_depth(bench: Bench, waiting: list[str], block: int) -> Figures:
    """Submit, read of a waiting job and drain, so many at a time and as many out as in, so that the depth holds."""
    stack = bench.stack
    reads = [stack.reading(location) for location in waiting]
    turns: dict[str, list[Figures]] = {"read_open": [], "submit": [], "drain": []}
    for _ in range(CYCLES):
        turns["read_open"].append(load(bench, reads[0][0], [request for _, request in reads], 200, block)[0])
        turns["submit"].append(load(bench, stack.submit_to, [stack.submission()], 202, block)[0])
        turns["drain"].append(drain(bench, block + min(block, WARM_REQUESTS), bench.options.drain_seconds))
    kept = ("per_second", "cpu_us", "store_cpu_us", "round_trips")
    return {
        f"{name}_{figure}": statistics.mean(turn[figure] for turn in figures)
        for name, figures in turns.items()
        for figure in kept
    }


def finish(bench: Bench, count: int) -> float:
    """Run so many jobs to their end; the store's bytes for each."""
    before = bench.store.reading().memory_bytes
    done = 0
    while done < count:
        chunk = min(CHUNK, count - done)
        fill(bench, chunk)
        drain(bench, chunk - SLACK, PATIENCE)
        done += chunk
    return (bench.store.reading().memory_bytes - before) / count
