"""Waiting for changes of jobs: however many wait, a process has one connection and one thread for it."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import RedisError

from services.web.ending import Ending

log = logging.getLogger(__name__)

PREFIX = "cc:changed:"
LOOK_S = 0.5
READY_S = 1.5
RECONNECT_S = 0.5


class Watch:
    """One who waits for one job."""

    def __init__(self, ending: Ending) -> None:
        self._changed = threading.Event()
        self.ready = threading.Event()
        self._ending = ending

    def wait(self, seconds: float) -> bool:
        """Wait for a change, at most `seconds`; whether there was one."""
        changed = self._changed.wait(seconds)
        self._changed.clear()
        return changed

    @property
    def over(self) -> bool:
        """Whether waiting has to end because this process is about to."""
        return self._ending.near

    def wake(self) -> None:
        """Let it look."""
        self._changed.set()


class Watching(Protocol):
    """Whoever can watch jobs."""

    def watch(self, job_id: str) -> AbstractContextManager[Watch]:
        """A context in which no change of the job is missed."""


class Changes:
    """Listens to the store for the jobs that somebody waits for."""

    def __init__(self, client: Redis, ending: Ending) -> None:
        self._client, self._ending = client, ending
        self._watches: dict[str, set[Watch]] = defaultdict(set)
        self._confirmed: set[str] = set()
        self._lock = threading.Lock()
        self._connection: Any = None
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Watch]:
        """A context in which no change of the job is missed."""
        channel, watch = PREFIX + job_id, Watch(self._ending)
        with self._lock:
            self._watches[channel].add(watch)
            if channel in self._confirmed:
                watch.ready.set()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="changes", daemon=True)
                self._thread.start()
            else:
                self._send("SUBSCRIBE", channel)
        try:
            watch.ready.wait(READY_S)
            yield watch
        finally:
            self._leave(channel, watch)

    def _leave(self, channel: str, watch: Watch) -> None:
        with self._lock:
            self._watches[channel].discard(watch)
            if not self._watches[channel]:
                del self._watches[channel]
                self._confirmed.discard(channel)
                self._send("UNSUBSCRIBE", channel)

    def _send(self, command: str, *channels: str) -> None:
        """Errors are the listener's to mend: it connects again and subscribes to all that is watched."""
        if self._connection is None or not channels:
            return
        try:
            self._connection.send_command(command, *channels)
        except (RedisError, OSError):
            log.debug("the connection for changes is broken")

    def _listen(self) -> None:
        while True:
            try:
                self._connect()
                while True:
                    self._look()
            except (RedisError, OSError) as error:
                log.warning("changes: %s: %s", type(error).__name__, error)
            with self._lock:
                self._connection = None
                self._confirmed.clear()
            time.sleep(RECONNECT_S)

    def _connect(self) -> None:
        pool = self._client.connection_pool
        connection = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        connection.connect()
        with self._lock:
            self._connection = connection
            self._send("SUBSCRIBE", *self._watches)

    def _look(self) -> None:
        if not self._connection.can_read(timeout=LOOK_S):
            if self._ending.near:
                self._wake_all()
            return
        kind, channel, *_ = self._connection.read_response()
        name = channel.decode()
        with self._lock:
            watches = list(self._watches.get(name, ()))
            if kind == b"subscribe" and watches:
                self._confirmed.add(name)
        for watch in watches:
            if kind == b"subscribe":
                watch.ready.set()
            watch.wake()

    def _wake_all(self) -> None:
        with self._lock:
            everyone = [watch for watches in self._watches.values() for watch in watches]
        for watch in everyone:
            watch.wake()
