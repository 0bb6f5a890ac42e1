"""`python -m loadtests.durability`: what it costs to submit a job under each way of keeping the store's data.

Prints a Markdown table of medians and 99th percentiles; docs/guarantees.md shows one run of it.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from scripts.embedded import valkey
from scripts.embedded.platform import Platform
from services.jobs.connection import connect, wait_until_reachable
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.settings import Settings

WAYS = {
    "`appendfsync always`": ("--appendonly", "yes", "--appendfsync", "always"),
    "`appendfsync everysec`": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "no append-only file": ("--appendonly", "no"),
}
BODY = b'{"seconds": 0}'


def main() -> None:
    """Measure each way in turns, so that whatever else the machine does comes upon all of them."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.durability", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each measurement of a round takes (4)")
    parser.add_argument("--clients", type=int, default=16, help="connections of the last measurement (16)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    arguments = parser.parse_args()
    found = {way: Figures() for way in WAYS}
    for _ in range(arguments.rounds):
        for way, options in WAYS.items():
            _measure(found[way], options, arguments.seconds, arguments.clients)
    crowd = f"{arguments.clients} clients"
    print(f"| store | the store's part | one client | {crowd} | jobs accepted per second, {crowd} |")
    print("|---|---|---|---|---|")
    for way, figures in found.items():
        times = " | ".join(map(_spread, (figures.accept, figures.alone, figures.crowd)))
        print(f"| {way} | {times} | {statistics.median(figures.rates):.0f} |")


@dataclass
class Figures:
    """What was measured of one way: seconds for each submission, and jobs accepted per second in each round."""

    accept: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    crowd: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def _measure(figures: Figures, options: Sequence[str], seconds: float, clients: int) -> None:
    with tempfile.TemporaryDirectory() as folder, _store(Path(folder), options) as url:
        figures.accept += _accept(url, seconds)
        with _platform(url, folder) as gateway:
            figures.alone += _submit(gateway, 1, seconds)
            crowd = _submit(gateway, clients, seconds)
        figures.crowd += crowd
        figures.rates.append(len(crowd) / seconds)


def _accept(url: str, seconds: float) -> list[float]:
    """How long the store takes to accept a job, without HTTP (s)."""
    client, times, end = connect(url), list[float](), time.monotonic() + seconds
    intake = JobIntake(client)
    while time.monotonic() < end:
        job = Submission(id=new_id(), type="simulate", input="{}", max_attempts=3, timeout=60, keep=60)
        began = time.monotonic()
        intake.accept(job, 1_000_000)
        times.append(time.monotonic() - began)
    client.flushall()
    client.close()
    return times


@contextmanager
def _store(folder: Path, options: Sequence[str]) -> Iterator[str]:
    port = valkey.free_port()
    url = f"redis://127.0.0.1:{port}/0"
    command = [*valkey.command(port, folder / "store"), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server, Redis.from_url(url) as client:
        wait_until_reachable(client)
        yield url
        server.terminate()


@contextmanager
def _platform(url: str, folder: str) -> Iterator[str]:
    values = {
        "redis_url": url,
        "data_dir": f"{folder}/data",
        "gateway_port": valkey.free_port(),
        "status_port": valkey.free_port(),
        "max_queue_depth": 1_000_000,
    }
    settings = Settings.model_validate(values)
    environment = {**os.environ, **{name.upper(): str(value) for name, value in values.items()}}
    with Platform(settings, environment, own_store=False) as platform:
        yield platform.gateway_url.removeprefix("http://")


def _submit(gateway: str, clients: int, seconds: float) -> list[float]:
    """Submit over kept connections for a time: how long each took (s)."""
    times: list[float] = []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=_client, args=(gateway, end, times)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _client(gateway: str, end: float, times: list[float]) -> None:
    connection = http.client.HTTPConnection(gateway, timeout=30)
    while time.monotonic() < end:
        began = time.monotonic()
        connection.request("POST", "/v1/jobs/simulate", BODY, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 202:
            raise RuntimeError(f"the gateway answered {reply.status}")
        times.append(time.monotonic() - began)
    connection.close()


def _spread(times: Sequence[float]) -> str:
    ordered = sorted(times)
    median, high = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, round(len(ordered) * 0.99))]
    return f"{median * 1000:.1f} ms, {high * 1000:.1f} ms"


if __name__ == "__main__":
    main()
