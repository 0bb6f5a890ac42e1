"""Connections to the store that stay open, each for one call at a time."""

import contextlib
import threading
from typing import Any

import hiredis
from redis import exceptions

MOST_LINES = 32
"""Calls that a process has under way at a time; a burst of requests would else open a connection for each of them."""


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
