"""Run the comparison: measure, print the tables, write the results and the plot."""

import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtests.compare import machine, options, report
from loadtests.compare.coatcheck import Coatcheck
from loadtests.compare.environment import CACHE
from loadtests.compare.options import Options
from loadtests.compare.peer import peers
from loadtests.compare.rounds import play
from loadtests.compare.stack import Stack
from loadtests.compare.store import Store


def chosen(only: Sequence[str]) -> list[Stack]:
    """The stacks that were asked for: by name, or all."""
    there: list[Stack] = [Coatcheck(), *peers()]
    if unknown := set(only) - {stack.name for stack in there}:
        names = ", ".join(stack.name for stack in there)
        raise SystemExit(f"There is no stack {', '.join(sorted(unknown))}; take from {names}.")
    return [stack for stack in there if not only or stack.name in only]


def about(wanted: Options, stacks: Sequence[Stack], store: Store) -> dict[str, Any]:
    """What must be known about a run beside its figures."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(),
        "load_average_before": os.getloadavg(),
        "store": {"version": store.info("server").get("valkey_version"), "settings": store.settings},
        "options": asdict(wanted),
        "versions": {stack.name: stack.versions() for stack in stacks},
    }


@contextmanager
def alone() -> Iterator[None]:
    """Keep a second comparison from starting on the same ports."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another comparison is running from this folder; wait until it has ended.") from None
        yield


def end(*_: object) -> None:
    """Leave by an exception, so that everything which was started is stopped."""
    raise SystemExit("The comparison was ended from outside.")


def main() -> int:
    """The whole comparison; its status is 1 if any turn failed."""
    if not sys.platform.startswith("linux"):
        raise SystemExit("The comparison reads /proc for processor time and memory, so it runs on Linux alone.")
    signal.signal(signal.SIGTERM, end)
    wanted = options.from_command_line()
    stacks = chosen(wanted.only)
    with alone(), Store(CACHE / "store", wanted.fsync) as store:
        facts = about(wanted, stacks, store)
        played = play(stacks, store, wanted)
    print(report.write(facts, played, stacks))
    return 1 if played.failures else 0


if __name__ == "__main__":
    sys.exit(main())
