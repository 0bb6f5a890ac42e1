"""The rounds: in each, every stack has its turn, with an emptied store and fresh processes."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from loadtests.compare import measures
from loadtests.compare.bench import Bench, Figures, fill, warm_up
from loadtests.compare.known import known, waits
from loadtests.compare.options import Options
from loadtests.compare.scale import scale
from loadtests.compare.stack import Stack, StackError
from loadtests.compare.store import Store
from loadtests.compare.wire import UnreadableReplyError


@dataclass(frozen=True)
class Row:
    """What one measure gave for one stack in one round."""

    round: int
    stack: str
    measure: str
    figures: Figures


@dataclass
class Played:
    """What the rounds gave, and the turns that gave nothing, each with its reason."""

    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def play(stacks: Sequence[Stack], store: Store, options: Options) -> Played:
    """Every round in turn; each begins with another stack, so that none always follows the same one."""
    played = Played()
    for number in range(options.rounds):
        turn = number % len(stacks)
        for stack in [*stacks[turn:], *stacks[:turn]]:
            print(f"round {number + 1} of {options.rounds}: {stack.title}", file=sys.stderr, flush=True)
            try:
                figures = one_turn(Bench(stack, store, options), first=number == 0)
            except (StackError, UnreadableReplyError, OSError) as wrong:
                played.failures.append(f"round {number + 1}, {stack.name}: {wrong}")
                print(wrong, file=sys.stderr, flush=True)
                continue
            played.rows += [Row(number + 1, stack.name, measure, each) for measure, each in figures.items()]
    return played


def one_turn(bench: Bench, first: bool) -> dict[str, Figures]:
    """One stack's turn, from its start to its stop."""
    bench.store.empty()
    try:
        bench.stack.start(bench.store)
        return ceiling_turn(bench) if bench.stack.ceiling else stack_turn(bench, first)
    finally:
        bench.stack.stop()


def ceiling_turn(bench: Bench) -> dict[str, Figures]:
    """What can be asked of a server with no queue."""
    locations = warm_up(bench)
    found: dict[str, Figures] = {}
    if "submit" in bench.options.measures:
        found["submit"] = measures.submit(bench)
    if "read" in bench.options.measures:
        found |= measures.read(bench, locations)
    return found


def stack_turn(bench: Bench, first: bool) -> dict[str, Figures]:
    """Every measure that was asked for; footprint in the first round alone, since it is long and steady."""
    wanted, stack = bench.options.measures, bench.stack
    found: dict[str, Figures] = {}
    locations = warm_up(bench)
    if "read" in wanted:
        found |= measures.read(bench, locations)
    if "known" in wanted:
        found["known"] = known(bench, "poll")
        found |= {
            name: known(bench, how)
            for name, how in (("known_wait", "post"), ("known_watch", "get"))
            if waits(bench, how)
        }
    if "footprint" in wanted and first:
        found["footprint"] = measures.footprint(bench)
    stack.workers.pause()
    return found | held_turn(bench)


def held_turn(bench: Bench) -> dict[str, Figures]:
    """The measures for which the workers are held."""
    wanted, jobs = bench.options.measures, bench.options.jobs
    found: dict[str, Figures] = {}
    if "scale" in wanted:
        found |= scale(bench)
    if "submit" in wanted:
        found["submit"] = measures.submit(bench)
    if "drain" in wanted:
        waiting = int(found.get("submit", {}).get("requests", 0))
        fill(bench, jobs + measures.SLACK - waiting)
        found["drain"] = measures.drain(bench, jobs, bench.options.drain_seconds)
    return found
