"""Clients of the store: short time limits, one retry, so that a frozen store costs seconds, not a minute."""

import contextlib
import logging
import threading
import time
from typing import Any

import hiredis
from redis import BlockingConnectionPool, Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

StoreError = exceptions.RedisError
"""Whatever keeps the store from answering: it is out of reach, frozen, full, or starting."""

MOST_LINES = 32
"""Calls that a process has under way at a time; a burst of requests would else open a connection for each of them."""


def connect(url: str, *, timeout: float = 1.5, connections: int = 64) -> "Store":
    """A client of the store at `url`; one call takes at most about `timeout` seconds.

    A broken connection is tried once more, which is safe because every write is a script that may
    be repeated; a time limit that ran out is not tried again.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,)),
    )
    return Store(connection_pool=pool)


class Store(Redis):
    """A client that has a shortest path for scripts: packed and parsed by hiredis, on connections kept open.

    redis-py makes and authenticates the connections; its way of executing one command costs about as much
    as everything else in a round trip.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._lines = Lines(self.connection_pool)

    def call(self, *command: str | bytes | int | float) -> Any:
        """The reply to one command, which must be safe to repeat; raises StoreError."""
        packed = hiredis.pack_command(command)  # type: ignore[arg-type]
        try:
            reply = self._lines.exchange(packed)
        except exceptions.ConnectionError:
            self._lines.hang_up()
            reply = self._lines.exchange(packed)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def close(self) -> None:
        """Hang up."""
        self._lines.hang_up()
        super().close()


class Lines:
    """The connections of one process: those that are free, and at most MOST_LINES in all."""

    def __init__(self, pool: Any) -> None:
        self._pool, self._free = pool, list[Line]()
        self._patience = pool.connection_kwargs.get("socket_timeout")
        self._open, self._waiting = 0, 0
        self._freed = threading.Condition()

    def exchange(self, packed: bytes) -> Any:
        """The reply to a packed command, which may be an exception; raises StoreError."""
        try:
            line = self._free.pop()
        except IndexError:
            line = self._another()
        try:
            reply = line.exchange(packed)
        except BaseException:
            self._close(line)
            raise
        self._free.append(line)
        if self._waiting:
            self._call_one()
        return reply

    def hang_up(self) -> None:
        """Close the connections that are free: the store has closed one of them."""
        while self._free:
            self._close(self._free.pop())

    def _another(self) -> "Line":
        """A new connection, or one that comes free, where there are as many as may be."""
        with self._freed:
            self._waiting += 1
            found = self._freed.wait_for(self._take, self._patience)
            self._waiting -= 1
        if isinstance(found, Line):
            return found
        if not found:
            raise exceptions.TimeoutError("all connections to the store are waiting for answers")
        try:
            return Line(self._pool)
        except BaseException:
            self._call_one(closed=1)
            raise

    def _take(self) -> "Line | bool":
        """A connection that is free, else whether another one may be opened; it counts as open from now on."""
        if self._free:
            with contextlib.suppress(IndexError):
                return self._free.pop()
        if self._open >= MOST_LINES:
            return False
        self._open += 1
        return True

    def _close(self, line: "Line") -> None:
        line.close()
        self._call_one(closed=1)

    def _call_one(self, *, closed: int = 0) -> None:
        with self._freed:
            self._open -= closed
            self._freed.notify()


class Line:
    """One connection; after an error it is not used again."""

    def __init__(self, pool: Any) -> None:
        self._connection = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        self._connection.connect()
        self._socket = self._connection._sock
        self._reader = hiredis.Reader(replyError=_error)

    def close(self) -> None:
        """Hang up."""
        self._connection.disconnect()

    def exchange(self, packed: bytes) -> Any:
        """Send a packed command and read its reply, which may be an exception; raises StoreError."""
        try:
            sent = self._socket.send(packed)
            if sent < len(packed):
                self._socket.sendall(packed[sent:])
            while (reply := self._reader.gets()) is False:
                data = self._socket.recv(65_536)
                if not data:
                    raise ConnectionResetError("the store closed the connection")
                self._reader.feed(data)
            return reply
        except TimeoutError as error:
            self._connection.disconnect()
            raise exceptions.TimeoutError("the store gave no answer in time") from error
        except OSError as error:
            self._connection.disconnect()
            raise exceptions.ConnectionError(str(error)) from error


def _error(message: str) -> exceptions.ResponseError:
    kind = exceptions.NoScriptError if message.startswith("NOSCRIPT") else exceptions.ResponseError
    return kind(message)


def wait_until_reachable(client: Redis) -> None:
    """Return once the store answers, however long it takes; the log says what it waits for."""
    while True:
        try:
            client.ping()
            return
        except StoreError as error:
            log.warning("waiting for the store: %s: %s", type(error).__name__, error)
            time.sleep(1)
