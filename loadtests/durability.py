"""`python -m loadtests.durability`: what it costs to submit a job under each way of keeping the store's data.

Prints a Markdown table; docs/guarantees.md shows one run of it.
"""

import argparse
import http.client
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from scripts.embedded import valkey
from scripts.embedded.platform import Platform
from services.jobs.connection import wait_until_reachable
from services.jobs.settings import Settings

WAYS = {
    "`appendfsync always`": ("--appendonly", "yes", "--appendfsync", "always"),
    "`appendfsync everysec`": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "no append-only file": ("--appendonly", "no"),
}
BODY = b'{"seconds": 0}'


def main() -> None:
    """Measure each way, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.durability", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each measurement takes (8)")
    parser.add_argument("--clients", type=int, default=16, help="connections of the second measurement (16)")
    arguments = parser.parse_args()
    many = f"{arguments.clients} clients"
    print(f"| store | one client: median, 99 % | {many}: median, 99 % | {many}: jobs accepted per second |")
    print("|---|---|---|---|")
    for way, options in WAYS.items():
        with tempfile.TemporaryDirectory() as name, _store(Path(name), options) as url, _platform(url, name) as gateway:
            alone, _ = _submit(gateway, 1, arguments.seconds)
            crowd, rate = _submit(gateway, arguments.clients, arguments.seconds)
        print(f"| {way} | {_spread(alone)} | {_spread(crowd)} | {rate:.0f} |", flush=True)


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


def _submit(gateway: str, clients: int, seconds: float) -> tuple[list[float], float]:
    """Submit over kept connections for a time: how long each took (s), and how many were accepted in a second."""
    times: list[float] = []
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=_client, args=(gateway, end, times)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, len(times) / seconds


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
