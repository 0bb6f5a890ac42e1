"""How a comparison is to be run."""

import argparse
from dataclasses import dataclass, replace

from loadtests.compare import store

MEASURES = ("submit", "read", "drain", "known", "footprint", "scale")
USUAL = MEASURES[:-1]


@dataclass(frozen=True)
class Options:
    """The sizes of a run; times are in seconds."""

    rounds: int
    only: tuple[str, ...]
    measures: tuple[str, ...]
    fsync: str
    connections: int
    seconds: float
    requests: int
    jobs: int
    drain_seconds: float
    known: int
    poll_seconds: float
    idle_seconds: float
    open: tuple[int, ...]
    finished: int


def words(text: str) -> tuple[str, ...]:
    """What a list with commas holds."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def numbers(text: str) -> tuple[int, ...]:
    """What a list of whole numbers with commas holds."""
    return tuple(int(word.replace("_", "")) for word in words(text))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="scripts/compare", description=__doc__)
    add = made.add_argument
    add("--rounds", type=int, default=5, help="rounds; in each, every stack has its turn (5)")
    add("--only", type=words, default=(), help="these stacks alone, for example coatcheck,flask_rq")
    add("--measure", type=words, default=USUAL, help=f"of {','.join(MEASURES)} (all but scale)")
    add("--quick", action="store_true", help="one round of a few hundred requests: a check that all works, no figures")
    add("--fsync", choices=store.CHOICES, default="always", help="the store's appendfsync, for every stack (always)")
    add("--connections", type=int, default=32, help="connections for submit and read (32)")
    add("--seconds", type=float, default=5.0, help="longest time of one submit or read (5)")
    add("--requests", type=int, default=50_000, help="most requests of one submit or read (50000)")
    add("--jobs", type=int, default=5000, help="jobs that a drain and a footprint run (5000)")
    add("--drain-seconds", type=float, default=15.0, help="longest time of one drain (15)")
    add("--known", type=int, default=200, help="jobs submitted one at a time until their result is known (200)")
    add("--poll-ms", type=float, default=2.0, help="pause between two polls, in milliseconds (2)")
    add("--idle-seconds", type=float, default=10.0, help="how long idle services are watched (10)")
    add("--open", type=numbers, default=(1000, 100_000), help="scale: jobs open (1000,100000)")
    add("--finished", type=int, default=0, help="scale: finished jobs that are there beforehand (0)")
    return made


def from_command_line(arguments: list[str] | None = None) -> Options:
    """The options of a run; `--quick` makes every size small."""
    made = parser()
    given = made.parse_args(arguments)
    if unknown := [name for name in given.measure if name not in MEASURES]:
        made.error(f"there is no measure {', '.join(unknown)}; take from {', '.join(MEASURES)}")
    options = Options(
        given.rounds, given.only, given.measure, given.fsync, given.connections, given.seconds, given.requests,
        given.jobs, given.drain_seconds, given.known, given.poll_ms / 1000, given.idle_seconds, given.open,
        given.finished,
    )  # fmt: skip
    return quick(options) if given.quick else options


def quick(options: Options) -> Options:
    """The same run with sizes that only show that everything works."""
    return replace(
        options, rounds=1, connections=8, seconds=3.0, requests=300, jobs=200, drain_seconds=10.0, known=10,
        idle_seconds=1.0, open=(100, 400), finished=0,
    )  # fmt: skip
