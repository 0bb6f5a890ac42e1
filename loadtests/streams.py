"""`python -m loadtests.streams`: many open event streams on one status service, and honest requests beside them."""

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from urllib.parse import urlsplit

from loadtests.event_crowd import Crowd
from loadtests.processes import Processes, store_connections

ABOUT = "Clients follow running jobs by server-sent events; others read a finished job, and their times are taken."
EXIT = "Exit status: 0 when every stream was whole and 99 % of the reads kept to the limit, 1 when not."
LIMIT_MS = 50.0
ORDERLY_S = 60.0
RATE, READS = 50, 500


class StreamTest:
    """One measurement, told line by line; what is not as it should be is counted."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options, self._gateway = options, options.base_url.rstrip("/")
        self._processes = Processes(options.pid) if options.pid else None
        self.faults = 0

    def run(self, crowd: Crowd) -> None:
        """Everything, in its order."""
        finished = self._submit(seconds=0, steps=1)
        wait_until(lambda: request("GET", finished)["done"])
        self._check_reads("reads without streams", finished)
        before = self._costs()
        length = READS / RATE + self._options.streams / 50 + 15
        steps = int(length * self._options.progress)
        jobs = [self._submit(seconds=length, steps=steps) for _ in range(self._options.jobs)]
        self._open(crowd, jobs)
        self._tell_costs(before, len(crowd.followers))
        self._check_reads(f"reads beside {len(crowd.followers)} streams", finished)
        self._resume(crowd, len(crowd.followers) // 4)
        self._check_ends(crowd, jobs)
        self._check_freed(crowd)

    def _open(self, crowd: Crowd, jobs: list[str]) -> None:
        began = time.monotonic()
        for number in range(self._options.streams):
            crowd.join(f"{jobs[number % len(jobs)]}/events")
        opened = wait_until(lambda: all(one.ids or one.closed for one in crowd.followers))
        refused = [one.status for one in crowd.followers if one.status != 200]
        self._say(f"{len(crowd.followers)} streams opened in {time.monotonic() - began:.1f} s", opened and not refused)
        if refused:
            self._say(f"{len(refused)} streams were refused, the first with {refused[0]}", False)

    def _resume(self, crowd: Crowd, count: int) -> None:
        """Cut some streams off and take them up again where they were."""
        for old in crowd.followers[:count]:
            crowd.leave([old])
            crowd.join(old.url, old.ids[-1]).ids[:-1] = old.ids[:-1]
        self._say(f"{count} streams cut off and taken up by Last-Event-ID", True)

    def _check_ends(self, crowd: Crowd, jobs: list[str]) -> None:
        ended = wait_until(lambda: all(one.done_at or one.closed for one in crowd.followers))
        done = [one.done_at for one in crowd.followers if one.done_at]
        self._say(f"{len(done)} streams told `done`, within {max(done) - min(done):.2f} s", ended and all_done(crowd))
        for job in jobs:
            whole = history(crowd, f"{job}/events")
            mine = [one for one in crowd.followers if one.url.startswith(job)]
            wrong = sum(one.ids != whole for one in mine)
            self._say(f"{len(mine)} streams of {len(whole)} events: {wrong} with one missing or repeated", not wrong)
        crowd.leave(crowd.followers)

    def _check_freed(self, crowd: Crowd) -> None:
        """Open streams again, drop all at once, and see how long the service keeps their sockets."""
        if not self._processes:
            return
        job, sockets = self._submit(seconds=600, steps=1), self._processes.sockets
        for _ in range(self._options.streams):
            crowd.join(f"{job}/events")
        wait_until(lambda: all(one.ids or one.closed for one in crowd.followers))
        opened, began = sockets(), time.monotonic()
        crowd.leave(crowd.followers)
        freed = wait_until(lambda: sockets() <= opened - self._options.streams)
        self._say(f"all dropped at once: sockets freed after {time.monotonic() - began:.1f} s", freed)
        request("DELETE", request("GET", job)["links"]["cancel"])

    def _check_reads(self, what: str, url: str) -> None:
        began = self._processes.cpu_seconds() if self._processes else 0.0
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as others:
            times = others.submit(read_often, url, READS, RATE).result()
        used = f", {(self._processes.cpu_seconds() - began) / READS * RATE:.0%} of a core" if self._processes else ""
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        self._say(f"{what}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {times[-1]:.1f} ms{used}", p99 < LIMIT_MS)

    def _costs(self) -> tuple[int, int, int]:
        url, processes = self._options.redis_url, self._processes
        memory = (processes.memory_kb(), processes.resident_kb()) if processes else (0, 0)
        return store_connections(url) if url else 0, *memory

    def _tell_costs(self, before: Iterable[int], streams: int) -> None:
        connections, pss, rss = (now - then for now, then in zip(self._costs(), before, strict=True))
        if self._options.redis_url:
            self._say(f"store connections: {connections:+} for {streams} streams", connections < streams / 10)
        if self._processes:
            self._say(f"memory per stream: {pss / streams:.1f} kB PSS, {rss / streams:.1f} kB RSS", True)

    def _submit(self, **inputs: float) -> str:
        job = request("POST", f"{self._gateway}/v1/jobs/simulate?priority=high", json.dumps(inputs))
        return str(job["links"]["self"])

    def _say(self, line: str, good: bool) -> None:
        self.faults += not good
        print(f"{'ok ' if good else 'BAD'}  {line}", flush=True)


def request(method: str, url: str, body: str | None = None) -> Any:
    """One exchange: the JSON of its reply."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=30)
    line.request(method, f"{parts.path}?{parts.query}", body, {"Content-Type": "application/json"} if body else {})
    reply = line.getresponse()
    found = json.loads(reply.read())
    line.close()
    if reply.status >= 400:
        sys.exit(f"streams: {method} {url}: {reply.status} {found.get('detail')}")
    return found


def read_often(url: str, count: int, rate: float) -> list[float]:
    """The times (ms) of `count` reads on new connections, begun `rate` times a second, the shortest first."""
    parts, times, due = urlsplit(url), [], time.monotonic()
    for _ in range(count):
        time.sleep(max(0.0, due - time.monotonic()))
        began, line = time.monotonic(), http.client.HTTPConnection(parts.netloc, timeout=30)
        line.request("GET", parts.path)
        reply = line.getresponse()
        reply.read()
        times.append((time.monotonic() - began) * 1000)
        line.close()
        assert reply.status == 200, reply.status
        due += 1 / rate
    return sorted(times)


def history(crowd: Crowd, url: str) -> list[str]:
    """The ids of all events of an ended job."""
    late = crowd.join(url)
    wait_until(lambda: bool(late.done_at))
    crowd.leave([late])
    return late.ids


def all_done(crowd: Crowd) -> bool:
    """Whether every follower has been told of the end."""
    return all(one.done_at for one in crowd.followers)


def wait_until(true: Callable[[], bool]) -> bool:
    """Wait until it is true, at most a minute; whether it is."""
    deadline = time.monotonic() + ORDERLY_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def main(arguments: list[str]) -> None:
    """Measure, print, and fail if something was not as it should be."""
    parser = argparse.ArgumentParser(prog="scripts/streams", description=ABOUT, epilog=EXIT)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000", metavar="URL", help="the gateway")
    parser.add_argument("--streams", type=int, default=500, help="open streams (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="jobs that are followed, at most as many as workers")
    parser.add_argument("--progress", type=float, default=1, help="reports per second and job (default: %(default)s)")
    parser.add_argument("--redis-url", default="", metavar="URL", help="the store, to count its connections")
    parser.add_argument("--pid", type=int, default=0, help="the status service's process, to measure it")
    options = parser.parse_args(arguments)
    print(f"load average {os.getloadavg()[0]:.2f}")
    test = StreamTest(options)
    with Crowd() as crowd:
        test.run(crowd)
    print(f"load average {os.getloadavg()[0]:.2f}")
    sys.exit(1 if test.faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
