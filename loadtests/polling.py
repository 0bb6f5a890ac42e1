"""`python -m loadtests.polling`: how often a client that obeys Retry-After asks, and how late it learns of the end."""

import argparse
import http.client
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

ABOUT = "One client at a time submits `simulate` jobs and asks again when Retry-After says so, idle and with a backlog."
EXIT = "Exit status: 0 when every case keeps to its aims, 1 when one does not."
MOST_POLLS = 3
LAG_SHARE, LEAST_LAG_S = 0.15, 1.0
EXCHANGE_S = 0.05
"""Lag is counted from before the submission was sent to after the last reply came: both exchanges are in it."""
LINE = "{:7g} {:6} {:8} {:9.1f} {:7.1f} {:5} {:8.2f} {:8.2f} {:8.2f}  {}"


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of job to follow: how long it runs (s), in how many steps, with how many jobs queued before it."""

    seconds: float
    steps: int
    backlog: int

    @property
    def allowed_lag(self) -> float:
        """Seconds after its end by which a client should know of it."""
        return max(self.seconds * LAG_SHARE, LEAST_LAG_S)


@dataclass(frozen=True, slots=True)
class Followed:
    """One job: GETs until it was seen done, seconds it waited, and seconds from its end until it was seen done."""

    polls: int
    queued: float
    lag: float


class Client:
    """Speaks to the platform over connections that it keeps open."""

    def __init__(self, base_url: str) -> None:
        self._gateway = base_url.rstrip("/")
        self._lines: dict[str, http.client.HTTPConnection] = {}

    def submit(self, **inputs: float) -> tuple[str, float]:
        """Submit a simulate job: where it can be read, and seconds after which to ask."""
        url = f"{self._gateway}/v1/jobs/simulate"
        status, headers, body = self._exchange("POST", url, json.dumps(inputs))
        if status != 202:
            sys.exit(f"polling: the job was refused: {status} {body.decode()[:200]}")
        return headers["Location"], float(headers["Retry-After"])

    def read(self, location: str) -> tuple[dict[str, Any], float]:
        """The job document, and seconds after which to ask again."""
        status, headers, body = self._exchange("GET", location)
        if status != 200:
            sys.exit(f"polling: the job can't be read: {status} {body.decode()[:200]}")
        return json.loads(body), float(headers["Retry-After"] or 0)

    def close(self) -> None:
        """Close them."""
        for line in self._lines.values():
            line.close()

    def _exchange(self, method: str, url: str, body: str | None = None) -> tuple[int, Any, bytes]:
        """One exchange; a connection that the server has closed meanwhile is opened again."""
        parts = urlsplit(url)
        line = self._lines.setdefault(parts.netloc, http.client.HTTPConnection(parts.netloc, timeout=30))
        for attempt in (1, 2):
            try:
                line.request(method, parts.path, body, {"Content-Type": "application/json"} if body else {})
                reply = line.getresponse()
                return reply.status, reply.headers, reply.read()
            except (ConnectionError, http.client.RemoteDisconnected):
                line.close()
                if attempt == 2:
                    raise
        raise AssertionError


def follow(client: Client, case: Case) -> Followed:
    """Submit a job of the case and ask for it as Retry-After says, until it is done."""
    began = time.monotonic()
    location, wait = client.submit(seconds=case.seconds, steps=case.steps)
    job: dict[str, Any] = {"done": False}
    polls = 0
    while not job["done"]:
        time.sleep(wait)
        job, wait = client.read(location)
        polls += 1
    timing = job["timing"]
    return Followed(polls, timing["queued_ms"] / 1000, time.monotonic() - began - timing["total_ms"] / 1000)


def measure(client: Client, case: Case, times: int, lengths: list[float]) -> list[Followed]:
    """Follow the case `times` times, each time behind a backlog of its own."""
    found = []
    for _ in range(times):
        ahead = [client.submit(seconds=seconds)[0] for seconds in islice(cycle(lengths), case.backlog)]
        found.append(follow(client, case))
        for location in ahead:
            while not client.read(location)[0]["done"]:
                time.sleep(0.2)
    return found


def report(case: Case, found: list[Followed]) -> bool:
    """Print a line of the table; whether the case keeps to its aims."""
    polls, lags = [one.polls for one in found], [one.lag for one in found]
    kept = max(polls) <= MOST_POLLS and max(lags) <= case.allowed_lag + EXCHANGE_S
    queued = statistics.median(one.queued for one in found)
    row = (case.seconds, case.steps, case.backlog, queued, statistics.mean(polls), max(polls))
    print(LINE.format(*row, statistics.median(lags), max(lags), case.allowed_lag, "yes" if kept else "NO"), flush=True)
    return kept


def cases(lengths: list[float], backlog: int) -> Iterator[Case]:
    """Every length, without and with progress, idle and behind a backlog."""
    for ahead in sorted({0, backlog}):
        for seconds in lengths:
            for steps in (1, 20):
                yield Case(seconds, steps, ahead)


def main(arguments: list[str]) -> None:
    """Measure all cases one after another and print a table."""
    parser = argparse.ArgumentParser(prog="scripts/polling", description=ABOUT, epilog=EXIT)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000", metavar="URL", help="the gateway")
    parser.add_argument("--times", type=int, default=3, help="jobs of each case (default: %(default)s)")
    parser.add_argument("--seconds", type=_numbers, default=[0.1, 1, 5, 20], help="lengths (default: 0.1,1,5,20)")
    parser.add_argument("--backlog", type=int, default=20, help="jobs queued before (default: %(default)s)")
    parser.add_argument("--ahead", type=_numbers, default=[0.2, 1, 2], help="their lengths (default: 0.2,1,2)")
    options = parser.parse_args(arguments)
    print(f"load average {os.getloadavg()[0]:.2f}")
    print("seconds  steps  backlog  queued_s   polls   max  lag_p50  lag_max  allowed  kept")
    with closing(Client(options.base_url)) as client:
        every = [
            report(case, measure(client, case, options.times, options.ahead))
            for case in cases(options.seconds, options.backlog)
        ]
    print(f"load average {os.getloadavg()[0]:.2f}")
    sys.exit(0 if all(every) else 1)


def _numbers(text: str) -> list[float]:
    numbers = [float(part) for part in text.split(",")]
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r}: write numbers of seconds such as 0.1,1,5")
    return numbers


if __name__ == "__main__":
    main(sys.argv[1:])
