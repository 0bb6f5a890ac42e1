"""The ledger: every accepted job, its end, its executions, and its result against the expected one."""

import math
import statistics
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from loadtests.chaos.clients import Ticket, exchange
from loadtests.chaos.faults import Fault, store_away
from loadtests.chaos.work import digest

NOT_HIT, LATE = "not hit itself", "late after a thaw"


@dataclass
class Watcher:
    """Reads finished jobs again and again while the run goes on: a terminal document must never change."""

    tickets: list[Ticket]
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Go round until told to stop."""
        while not stop.is_set():
            for ticket in list(self.tickets):
                self.look(ticket)
                if stop.wait(0.005):
                    return
            stop.wait(0.1)

    def look(self, ticket: Ticket) -> bool:
        """Read one job; whether it is done."""
        status, job = exchange("GET", ticket.location)
        if status == 200 and job["done"]:
            if self.ends.setdefault(ticket.token, job) != job:
                self.changed.append(ticket.token)
            return True
        if status == 200 and ticket.token in self.ends:
            self.changed.append(ticket.token)
        return False

    def settle(self, seconds: float, stop: threading.Event) -> list[Ticket]:
        """Wait until all jobs are done, at most `seconds` and until told to stop; those that are not."""
        deadline, left = time.monotonic() + seconds, list(self.tickets)
        while left and time.monotonic() < deadline:
            left = [ticket for ticket in left if not self.look(ticket)]
            if stop.wait(0.2):
                break
        return left


@dataclass
class Ledger:
    """What a run came to."""

    accepted: int
    lost: list[str]
    wrong: list[str]
    changed: list[str]
    failed: list[str]
    executions: dict[str, list[float]]
    recoveries: dict[str, list[float]]

    @property
    def sound(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.wrong or self.changed or self.failed)

    @property
    def mean_executions(self) -> float:
        """Executions per job."""
        return statistics.fmean(map(len, self.executions.values())) if self.executions else 0.0

    def lines(self) -> list[str]:
        """The ledger as text."""
        most = Counter(len(times) for times in self.executions.values())
        shown = [
            f"accepted {self.accepted}, lost {len(self.lost)}, wrong {len(self.wrong)}, "
            f"failed {len(self.failed)}, changed after their end {len(self.changed)}",
            f"executions per job: mean {self.mean_executions:.3f}, "
            + ", ".join(f"{jobs} jobs {count} times" for count, jobs in sorted(most.items())),
        ]
        for kind, times in sorted(self.recoveries.items()):
            shown.append(f"{kind:<24} {len(times):>4} jobs ran again, after {_spread(times)}")
        if any(kind.endswith("*") for kind in self.recoveries):
            shown.append("* the store was killed, restarted or frozen meanwhile, too")
        return shown


def draw_up(tickets: list[Ticket], watcher: Watcher, lost: list[Ticket], faults: list[Fault], log: Path) -> Ledger:
    """Put together what the clients, the watcher and the executions' log have noted."""
    executions = read_log(log)
    ends = watcher.ends
    wrong = [
        token
        for token, job in ends.items()
        if job["state"] == "succeeded" and job["result"] != {"digest": digest(token)}
    ]
    failed = [token for token, job in ends.items() if job["state"] != "succeeded"]
    accepted = {ticket.token for ticket in tickets}
    mine = {token: [at for at, _ in runs] for token, runs in executions.items() if token in accepted}
    return Ledger(
        len(tickets),
        [ticket.token for ticket in lost],
        wrong,
        sorted(set(watcher.changed)),
        failed,
        mine,
        recoveries(executions, faults),
    )


def read_log(log: Path) -> dict[str, list[tuple[float, str]]]:
    """Executions by token: when each began, and in which process (HOST:PID)."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for line in log.read_text().splitlines() if log.exists() else ():
        at, token, process = line.split()
        found[token].append((float(at), process))
    return found


def recoveries(executions: dict[str, list[tuple[float, str]]], faults: list[Fault]) -> dict[str, list[float]]:
    """By kind of fault, the seconds from the fault to the job's next execution.

    A second execution is put down to the fault that came upon the process of the first, if one did, or else to the
    end of a freeze in which its own process had been since before the first. Those during which the store was away
    as well are kept apart.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for runs in executions.values():
        for (began, process), (again, other) in pairwise(runs):
            crash = next((fault for fault in faults if fault.hits(process, began, again)), None)
            kind, at = (crash.kind, crash.at) if crash else (NOT_HIT, began)
            if not crash and any(fault.at < began and fault.hits(other, again, math.inf) for fault in faults):
                kind = LATE
            found[kind + (" *" if store_away(faults, at, again) else "")].append(again - at)
    return found


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} s at the median, {max(times):.1f} s at most"
