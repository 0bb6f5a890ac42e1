"""The tables that are printed: one for each measure, fastest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtests.compare.stack import Stack
from loadtests.compare.summary import Summary, Value

Found = Mapping[str, Mapping[str, Value]]
"""One measure: stack, then figure."""


@dataclass(frozen=True)
class Column:
    """A figure's heading and how it is written; `least`: the lowest of the rounds in place of their median."""

    figure: str
    heading: str
    form: str = ",.0f"
    least: bool = False


RATE = Column("per_second", "per second")
LATENCIES = (Column("p50_ms", "p50 ms", ".2f"), Column("p99_ms", "p99 ms", ".2f"))
COSTS = (
    Column("cpu_us", "CPU µs each"),
    Column("cpu_us", "least", least=True),
    Column("store_cpu_us", "store CPU µs"),
    Column("store_cpu_us", "least", least=True),
    Column("round_trips", "round trips", ".2f"),
)
TITLES: dict[str, tuple[str, Sequence[Column]]] = {
    "submit": ("submit: POST to 202", (RATE, *LATENCIES, *COSTS)),
    "read": ("read: GET of a finished job, 200", (RATE, *LATENCIES, *COSTS)),
    "read_304": ("read: GET of a finished job, If-None-Match, 304", (RATE, *LATENCIES, *COSTS)),
    "drain": ("drain: waiting no-op jobs, two worker processes", (RATE, *COSTS)),
    "known": ("known: submit to result, one client, by polling", LATENCIES),
    "known_wait": ("known: submit to result, one client, Prefer: wait in the POST", LATENCIES),
    "known_watch": ("known: submit to result, one client, Prefer: wait in the GET", LATENCIES),
    "footprint": (
        "footprint: at rest, and of each finished job",
        (
            Column("idle_server_cpu_percent", "idle servers CPU %", ".2f"),
            Column("idle_worker_cpu_percent", "idle workers CPU %", ".2f"),
            Column("idle_store_trips_per_second", "idle store trips/s", ".1f"),
            Column("server_memory_mb", "servers PSS MB"),
            Column("worker_memory_mb", "workers PSS MB"),
            Column("bytes_per_finished_job", "store bytes per job"),
        ),
    ),
}
SCALE = (
    Column("submit_cpu_us", "submit CPU µs"),
    Column("submit_store_cpu_us", "submit store µs"),
    Column("read_open_cpu_us", "read CPU µs"),
    Column("read_open_store_cpu_us", "read store µs"),
    Column("drain_cpu_us", "job CPU µs"),
    Column("drain_store_cpu_us", "job store µs"),
    Column("drain_per_second", "jobs per second"),
    Column("bytes_per_open_job", "store bytes per open job"),
    Column("bytes_per_finished_job", "store bytes per finished job"),
)


def tables(summary: Summary, stacks: Sequence[Stack]) -> str:
    """Every table, as Markdown."""
    titles = {stack.name: stack.title for stack in stacks}
    scales = {name: (name.replace("_", " "), SCALE) for name in summary if name.startswith("scale")}
    return "\n\n".join(
        table(heading, columns, summary[measure], titles)
        for measure, (heading, columns) in {**TITLES, **scales}.items()
        if measure in summary
    )


def table(heading: str, columns: Sequence[Column], found: Found, titles: Mapping[str, str]) -> str:
    """One measure for all stacks, as Markdown."""
    shown = [column for column in columns if any(column.figure in figures for figures in found.values())]
    lines = [["stack", *(column.heading for column in shown)], ["---", *("---:" for _ in shown)]]
    for name in ordered(found):
        lines.append([titles[name], *(cell(found[name].get(column.figure), column) for column in shown)])
    return f"### {heading}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in aligned(lines))


def ordered(found: Found) -> list[str]:
    """The stacks, fastest first where a rate or a latency was measured."""
    if all("per_second" in figures for figures in found.values()):
        return sorted(found, key=lambda name: -found[name]["per_second"].median)
    if all("p50_ms" in figures for figures in found.values()):
        return sorted(found, key=lambda name: found[name]["p50_ms"].median)
    return list(found)


def cell(value: Value | None, column: Column) -> str:
    """A median with its spread, where there is more than one round to speak of; or the least."""
    if value is None:
        return ""
    if column.least:
        return f"{value.low:{column.form}}"
    spread = f" ±{value.spread:.0%}" if value.high > value.low else ""
    return f"{value.median:{column.form}}{spread}"


def aligned(lines: Sequence[Sequence[str]]) -> list[list[str]]:
    """The same cells, filled up to the width of their column."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    sides = [str.ljust, *[str.rjust] * (len(widths) - 1)]
    return [[side(text, width) for text, width, side in zip(line, widths, sides, strict=True)] for line in lines]
