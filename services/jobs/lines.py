"""Connections to the store that stay open, each for one call at a time."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import hiredis
from redis import exceptions

StoreError = exceptions.RedisError
"""Whatever keeps the store from answering: it is out of reach, frozen, full, or starting."""

MOST_LINES = 32
"""Calls that a process has under way at a time; a burst of requests would else open a connection for each of them."""


class Exchange(Protocol):
    """Whoever can bring commands to the store and replies back."""

    def exchange(self, packed: bytes) -> Any:
        """The reply to a packed command, which may be an exception; raises StoreError."""

    def hang_up(self) -> None:
        """Close what is not in use: the store has closed a connection."""


class Lines:
    """The connections of one process: those that are free, and at most MOST_LINES in all."""

    def __init__(self, pool: Any) -> None:
        self._pool, self._free = pool, list[Line]()
        self._patience = pool.connection_kwargs.get("socket_timeout")
        self._open, self._waiting = 0, 0
        self._freed = threading.Condition()

    def exchange(self, packed: bytes) -> Any:
        """The reply to a packed command, which may be an exception; raises StoreError."""
        line = self.take()
        try:
            line.send(packed)
            reply = line.receive()
        except BaseException:
            self.drop(line)
            raise
        self.put(line)
        return reply

    def take(self) -> "Line":
        """A connection, to be put back or dropped; raises StoreError."""
        try:
            return self._free.pop()
        except IndexError:
            return self._another()

    def put(self, line: "Line") -> None:
        """Give a connection back on which no reply is owed."""
        self._free.append(line)
        if self._waiting:
            self._call_one()

    def drop(self, line: "Line") -> None:
        """Close a connection that is not to be used again."""
        line.close()
        self._call_one(closed=1)

    def hang_up(self) -> None:
        """Close the connections that are free: the store has closed one of them."""
        while self._free:
            self.drop(self._free.pop())

    def _another(self) -> "Line":
        """A new connection, or one that comes free, where there are as many as may be."""
        with self._freed:
            self._waiting += 1
            try:
                found = self._freed.wait_for(self._take, self._patience)
            finally:
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

    def fileno(self) -> int:
        """The number of the connection's file, for those who wait for it themselves."""
        return int(self._socket.fileno())

    def replies(self, data: bytes) -> Iterator[Any]:
        """The replies that are whole with these bytes from the connection; each may be an exception."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            yield reply

    def send(self, packed: bytes) -> None:
        """Send a packed command; raises StoreError."""
        try:
            sent = self._socket.send(packed)
            if sent < len(packed):
                self._socket.sendall(packed[sent:])
        except OSError as error:
            raise as_store_error(error) from error

    def receive(self) -> Any:
        """The reply to the first command that has none yet, which may be an exception; raises StoreError."""
        try:
            while (reply := self._reader.gets()) is False:
                data = self._socket.recv(65_536)
                if not data:
                    raise ConnectionResetError("the store closed the connection")
                self._reader.feed(data)
            return reply
        except OSError as error:
            raise as_store_error(error) from error


def as_store_error(error: Exception) -> StoreError:
    """What an error of a connection is to whoever called the store."""
    if isinstance(error, TimeoutError):
        return exceptions.TimeoutError("the store gave no answer in time")
    return exceptions.ConnectionError(str(error))


def _error(message: str) -> exceptions.ResponseError:
    kind = exceptions.NoScriptError if message.startswith("NOSCRIPT") else exceptions.ResponseError
    return kind(message)
