"""What a reader must know before trusting a run's figures."""

from collections.abc import Iterator

from loadtests.compare.rounds import Played

BUSY_LOAD = 0.3
BUSY_GENERATOR = 0.8
UNEVEN = 0.75


def notes(load_before: float, played: Played) -> str:
    """Every reservation as a line of Markdown; nothing if there is none."""
    return "\n".join(f"- {line}" for line in found(load_before, played))


def found(load_before: float, played: Played) -> Iterator[str]:
    """A machine that was busy, a generator that was, servers that shared unevenly, turns that failed."""
    if load_before > BUSY_LOAD:
        yield f"The machine was busy before the run (load average {load_before:.2f}): its figures are not to be quoted."
    for row in played.rows:
        what = f"round {row.round}, {row.stack}, {row.measure}"
        busy, most = row.figures.get("generator_share", 0.0), row.figures.get("busiest_share", 0.0)
        if busy > BUSY_GENERATOR:
            yield f"{what}: the load generator was busy {busy:.0%} of the time and may have been the limit."
        if most > UNEVEN:
            yield f"{what}: one server process did {most:.0%} of the work."
    yield from (f"FAILED: {failure}" for failure in played.failures)
