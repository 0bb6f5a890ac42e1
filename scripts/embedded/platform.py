"""The embedded platform: Valkey, gateway, status and workers as processes of this machine."""

import fcntl
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from redis import Redis
from redis.exceptions import RedisError

from scripts.embedded import valkey
from scripts.embedded.process import Process, python
from services.jobs.catalogue import discover
from services.jobs.job_type import JobTypeError
from services.jobs.settings import Settings, SettingsError
from services.web.launch import check_port

START_S = 60.0
STOP_EXTRA_S = 10.0


class PlatformError(Exception):
    """The platform can't start; the message says why in one sentence."""


class Platform:
    """All processes together. Used as a context: started and ready inside, ended in order after it."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], own_store: bool) -> None:
        self.settings, self._own_store = settings, own_store
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._data = settings.data_dir.resolve()
        self._environment["DATA_DIR"] = str(self._data)
        self.processes: list[Process] = []
        self._lock: IO[str] | None = None
        host = "127.0.0.1" if settings.bind in ("0.0.0.0", "") else settings.bind
        self.gateway_url = f"http://{host}:{settings.gateway_port}"
        self.status_url = f"http://{host}:{settings.status_port}"
        self.redis_url = settings.redis_url

    def __enter__(self) -> "Platform":
        self._check()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def watch(self, say: Callable[[str], None]) -> None:
        """One look at every process: what has ended is started again."""
        for process in self.processes:
            if said := process.watch():
                say(said)

    def stop(self) -> None:
        """End everything, the store last, so that nothing that still runs misses it."""
        store = [process for process in self.processes if process.name == "valkey"]
        for group in ([process for process in self.processes if process not in store], store):
            deadline = time.monotonic() + self.settings.worker_grace + STOP_EXTRA_S
            for process in group:
                process.terminate()
            for process in group:
                process.wait(max(0.1, deadline - time.monotonic()))
        self.processes = []
        if self._lock:
            self._lock.close()

    def _check(self) -> None:
        """Find mistakes before anything is started."""
        settings = self.settings
        try:
            discover(settings.job_types)
            check_port(settings.bind, settings.gateway_port, "GATEWAY_PORT")
            check_port(settings.bind, settings.status_port, "STATUS_PORT")
        except (SettingsError, JobTypeError) as error:
            raise PlatformError(str(error)) from None
        if settings.gateway_port == settings.status_port:
            raise PlatformError(f"GATEWAY_PORT and STATUS_PORT are both {settings.status_port}: choose two")
        self._lock = _lock(self._data)

    def _start(self) -> None:
        if self._own_store:
            port = valkey.free_port()
            self.redis_url = f"redis://127.0.0.1:{port}/0"
            self._add("valkey", valkey.command(port, self._data / "store"))
        self._environment["REDIS_URL"] = self.redis_url
        self._wait("the store", self._store_answers)
        self._add("gateway", python("services.gateway"))
        self._add("status", python("services.status"))
        self._add("webhooks", python("services.webhooks"))
        for number in range(1, self.settings.workers + 1):
            self._add(f"worker-{number}", python("services.worker", str(number)))
        for name, url in (("gateway", self.gateway_url), ("status", self.status_url)):
            self._wait(name, lambda url=url: _ready(url, self.settings.workers))  # type: ignore[misc]

    def _add(self, name: str, command: list[str]) -> None:
        process = Process(name, command, self._environment, self._data)
        process.start()
        self.processes.append(process)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_S
        while not ready():
            dead = next((process for process in self.processes if not process.alive), None)
            if dead:
                raise PlatformError(f"{dead.name} did not start: {dead.last_words()}")
            if time.monotonic() > deadline:
                raise PlatformError(f"{name} was not ready within {START_S:.0f} seconds; see {self._data / 'logs'}")
            time.sleep(0.05)

    def _store_answers(self) -> bool:
        try:
            with Redis.from_url(self.redis_url, socket_timeout=1) as client:
                return bool(client.ping())
        except RedisError:
            return False


def _ready(url: str, workers: int) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as reply:
            return bool(json.load(reply)["workers"] >= workers)
    except (urllib.error.URLError, OSError):
        return False


def _lock(data_dir: Path) -> IO[str]:
    """Keep a second platform out of this data folder."""
    try:
        (data_dir / "run").mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "run" / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PlatformError(f"another platform runs with DATA_DIR={data_dir}: end it or choose another") from None
    except OSError as error:
        raise PlatformError(f"DATA_DIR={data_dir} can't be written: {error.strerror}") from None
    return lock


def from_environment(settings: Settings) -> Platform:
    """The platform as this process's environment asks for it; it brings its own store unless REDIS_URL is set."""
    return Platform(settings, os.environ, own_store=not os.environ.get("REDIS_URL"))
