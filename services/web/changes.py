"""Waiting for changes of jobs: however many wait, a process has one connection and one thread for it."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import RedisError

from services.web.ending import Ending
from services.web.watch import Topic, Watch

log = logging.getLogger(__name__)

PREFIX = "cc:changed:"
LOOK_S = 0.5
RECONNECT_S = 0.5
AT_ONCE, PAUSE_S = 20, 0.001
"""How many are woken before others get a turn, so that a change which many wait for holds nobody else up."""


class Watching(Protocol):
    """Whoever can watch jobs."""

    def watch(self, job_id: str, left: Callable[[], bool] = bool) -> AbstractContextManager[Watch]:
        """A context in which no change of the job is missed once it is settled; it ends when the client has `left`."""


class Changes:
    """Listens to the store for the jobs that somebody waits for."""

    def __init__(self, client: Redis, ending: Ending) -> None:
        self._client, self._ending = client, ending
        self._topics: dict[str, Topic] = defaultdict(Topic)
        self._lock = threading.Lock()
        self._connection: Any = None
        self._thread: threading.Thread | None = None
        self._swept_at = 0.0

    @contextmanager
    def watch(self, job_id: str, left: Callable[[], bool] = bool) -> Iterator[Watch]:
        """A context in which no change of the job is missed once it is settled; it ends when the client has `left`."""
        channel = PREFIX + job_id
        with self._lock:
            topic = self._topics[channel]
            watch = Watch(self._ending, topic, left)
            topic.watches.add(watch)
            if topic.confirmed:
                watch.ready.set()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="changes", daemon=True)
                self._thread.start()
            elif len(topic.watches) == 1:
                self._send("SUBSCRIBE", channel)
        try:
            yield watch
        finally:
            self._leave(channel, watch)

    def _leave(self, channel: str, watch: Watch) -> None:
        with self._lock:
            self._topics[channel].watches.discard(watch)
            if not self._topics[channel].watches:
                del self._topics[channel]
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
                    self._sweep()
            except (RedisError, OSError) as error:
                log.warning("changes: %s: %s", type(error).__name__, error)
            with self._lock:
                self._connection = None
                for topic in self._topics.values():
                    topic.confirmed = False
            self._sweep()
            time.sleep(RECONNECT_S)

    def _connect(self) -> None:
        pool = self._client.connection_pool
        connection = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        connection.connect()
        with self._lock:
            self._connection = connection
            self._send("SUBSCRIBE", *self._topics)

    def _look(self) -> None:
        if not self._connection.can_read(timeout=LOOK_S):
            return
        kind, channel, *_ = self._connection.read_response()
        if kind == b"unsubscribe":
            return
        with self._lock:
            topic = self._topics.get(channel.decode())
            watches = list(topic.watches) if topic else []
            if topic:
                topic.change()
                topic.confirmed = topic.confirmed or kind == b"subscribe"
        for number, watch in enumerate(watches, start=1):
            if kind == b"subscribe" and not watch.ready.is_set():
                watch.ready.set()
            else:
                watch.wake()
            if number % AT_ONCE == 0:
                time.sleep(PAUSE_S)

    def _sweep(self) -> None:
        """Twice a second, end what waits for nobody; and all, once this process is about to end."""
        if time.monotonic() - self._swept_at < LOOK_S:
            return
        self._swept_at = time.monotonic()
        with self._lock:
            everyone = [watch for topic in self._topics.values() for watch in topic.watches]
        for watch in everyone:
            if self._ending.near or watch.left():
                watch.end()
