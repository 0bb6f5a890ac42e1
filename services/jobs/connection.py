"""Clients of the store: short time limits, one retry, so that a frozen store costs seconds, not a minute."""

import logging
import time
from typing import Any

import hiredis
from redis import BlockingConnectionPool, Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

StoreError = exceptions.RedisError
"""Whatever keeps the store from answering: it is out of reach, frozen, full, or starting."""

MOST_IDLE = 64


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
        self._idle: list[Line] = []

    def call(self, *command: str | bytes | int | float) -> Any:
        """The reply to one command, which must be safe to repeat; raises StoreError."""
        packed = hiredis.pack_command(command)  # type: ignore[arg-type]
        try:
            return self._exchange(self._idle.pop(), packed)
        except IndexError:
            pass
        except exceptions.ConnectionError:
            self._idle.clear()
        return self._exchange(Line(self.connection_pool), packed)

    def _exchange(self, line: "Line", packed: bytes) -> Any:
        reply = line.exchange(packed)
        if len(self._idle) < MOST_IDLE:
            self._idle.append(line)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Line:
    """One connection; after an error it is not used again."""

    def __init__(self, pool: Any) -> None:
        self._connection = pool.connection_class(**{**pool.connection_kwargs, "protocol": 2})
        self._connection.connect()
        self._socket = self._connection._sock
        self._reader = hiredis.Reader(replyError=_error)

    def exchange(self, packed: bytes) -> Any:
        """Send a packed command and read its reply, which may be an exception; raises StoreError."""
        try:
            self._socket.sendall(packed)
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
