"""The control: plain RQ workers, as they come, under the same kinds of fault. It is expected to lose jobs."""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Retry

from loadtests.chaos.embedded import finder
from loadtests.chaos.faults import Faults, kinds_for
from loadtests.chaos.ledger import read_log
from loadtests.chaos.work import digest, note_execution
from scripts.embedded import valkey
from scripts.embedded.process import Process

SETTLE_S = 90.0
WORKERS = 3
TARGETS = ("worker", "child", "store", "disk")


def work(token: str, seconds: float) -> str:
    """The same work as the platform's chaos job, as a plain RQ function."""
    note_execution(token)
    time.sleep(seconds)
    return digest(token)


def control(jobs: int, faults: int, seed: int, gap: float) -> list[str]:
    """Run it, and say what came of the jobs within a minute and a half after the last fault."""
    folder = Path(tempfile.mkdtemp(prefix="coatcheck-control-"))
    log, port = folder / "executions.log", valkey.free_port()
    url = f"redis://127.0.0.1:{port}/0"
    environment = {**os.environ, "CHAOS_LOG": str(log)}
    rq = [sys.executable, "-m", "rq.cli", "worker", "--url", url, "--quiet", "default"]
    processes = [Process("valkey", valkey.command(port, folder / "store"), environment, folder)]
    processes += [Process(f"worker-{n}", rq, environment, folder) for n in range(WORKERS)]
    stop = threading.Event()
    try:
        for process in processes:
            process.start()
            time.sleep(0.5)
        keeper = threading.Thread(target=_keep_up, args=(processes, stop), daemon=True)
        keeper.start()
        return _measure(url, log, folder, jobs, faults, seed, gap)
    finally:
        stop.set()
        for process in reversed(processes):
            process.terminate()
            process.wait(10)


def _measure(url: str, log: Path, folder: Path, jobs: int, faults: int, seed: int, gap: float) -> list[str]:
    injector = Faults(finder(folder), seed, faults, gap, kinds_for(TARGETS))
    faulting = threading.Thread(target=injector.run, args=(threading.Event(),))
    faulting.start()
    for index in range(jobs):
        _enqueue(url, f"c{seed}-{index}", (0.0, 0.02, 0.05, 0.1, 0.4)[index % 5])
        time.sleep(faults * gap / jobs)
    faulting.join()
    open_jobs = jobs
    deadline = time.monotonic() + SETTLE_S
    while open_jobs and time.monotonic() < deadline:
        time.sleep(1)
        open_jobs = jobs - _finished(url, jobs, seed)
    runs = [len(times) for times in read_log(log).values()]
    never = jobs - len(runs)
    return [
        f"{jobs} enqueued, {jobs - open_jobs} finished, {open_jobs} not finished {SETTLE_S:.0f} s after the last fault",
        f"never begun {never}, executions per job {sum(runs) / max(jobs, 1):.3f}",
    ]


def _enqueue(url: str, token: str, seconds: float) -> None:
    """Enqueue with RQ's retries, again and again until the store answers."""
    while True:
        try:
            with Redis.from_url(url, socket_timeout=5) as client:
                Queue(connection=client).enqueue(
                    work, token, seconds, job_id=token, retry=Retry(max=3), result_ttl=3600
                )
            return
        except RedisError:
            time.sleep(0.2)


def _finished(url: str, jobs: int, seed: int) -> int:
    try:
        with Redis.from_url(url, socket_timeout=5) as client, client.pipeline(transaction=False) as pipe:
            for index in range(jobs):
                pipe.hget(f"rq:job:c{seed}-{index}", "status")
            return sum(status == b"finished" for status in pipe.execute())
    except RedisError:
        return 0


def _keep_up(processes: list[Process], stop: threading.Event) -> None:
    while not stop.wait(0.1):
        for process in processes:
            process.watch()
