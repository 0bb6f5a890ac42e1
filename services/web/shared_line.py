"""One connection to the store for all requests of a gevent process: what they ask at one moment goes out in one piece.

A request's command waits until every request that is ready has had its turn, and is sent with theirs; replies come in
the order of the commands. The store then reads, writes and syncs once for many of them.
"""

import os
import time
from collections import deque
from typing import Any, cast

import gevent
import hiredis
from gevent.hub import Waiter
from redis import SSLConnection, exceptions

from services.jobs.connection import Store
from services.jobs.lines import Line, StoreError, as_store_error

READ, WRITE = 1, 2
CHUNK = 65_536
LOOK_S = 0.1
"""How often it is looked whether a reply is overdue."""


def share_line(store: Store) -> None:
    """Let all calls of `store` share a connection, unless it is encrypted: then each has one for itself, as before."""
    if not issubclass(store.connection_pool.connection_class, SSLConnection):
        store.exchange_by(SharedLine(store.connection_pool))


class SharedLine:
    """Opens the connection when it is needed, and another one when the last has failed. For greenlets of one hub."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._pipe: Pipe | None = None
        self._opening: Any = None

    def exchange(self, packed: bytes) -> Any:
        """The reply to a packed command, which may be an exception; raises StoreError."""
        pipe = self._pipe
        if pipe is None or pipe.closing:
            pipe = self._open()
        return pipe.exchange(packed)

    def hang_up(self) -> None:
        """Close the connection as soon as no reply is owed on it."""
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()

    def _open(self) -> "Pipe":
        """A new connection; those who ask for it at the same time get the same one, or the same error."""
        if self._opening is None:
            self._opening = gevent.spawn(self._connect)
        found = self._opening.get()
        if isinstance(found, StoreError):
            raise type(found)(*found.args) from found
        pipe: Pipe = found
        return pipe

    def _connect(self) -> "Pipe | StoreError":
        try:
            self._pipe = Pipe(Line(self._pool), self._pool.connection_kwargs["socket_timeout"])
            return self._pipe
        except StoreError as error:
            return error
        finally:
            self._opening = None


class Pipe:
    """A connection and who waits for which reply. What happens on it, happens in callbacks of the hub."""

    def __init__(self, line: Line, patience: float) -> None:
        """`patience`: seconds that a reply may take."""
        self._line, self._patience, self._number = line, patience, line.fileno()
        os.set_blocking(self._number, False)
        self._unsent: list[bytes] = []
        self._rest = b""
        self._owed: deque[list[Any]] = deque()
        self.closing, self._open = False, True
        self._loop = cast(Any, gevent.get_hub().loop)
        self._readable, self._writable = (self._loop.io(self._number, event) for event in (READ, WRITE))
        self._clock = self._loop.timer(LOOK_S, repeat=LOOK_S)
        self._readable.start(self._receive)

    def exchange(self, packed: bytes) -> Any:
        """The reply to a packed command, which may be an exception; raises StoreError."""
        waiter: Waiter[Any] = Waiter()
        if not self._unsent:
            self._loop.run_callback(self._flush)
        self._unsent.append(packed)
        self._owed.append([waiter, time.monotonic()])
        if not self._clock.active:
            self._clock.start(self._look)
        return waiter.get()

    def close(self) -> None:
        """Take no more commands, and hang up when the last reply has come."""
        self.closing = True
        if not self._owed:
            self._hang_up()

    def _flush(self) -> None:
        """Send what has come together; behind what could not be sent yet, if there is such."""
        if not self._open:
            return
        data = b"".join(self._unsent)
        self._unsent.clear()
        waits = bool(self._rest)
        self._rest += data
        if not waits:
            self._send()

    def _send(self) -> None:
        try:
            self._rest = self._rest[os.write(self._number, self._rest) :]
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(error)
            return
        if not self._rest:
            self._writable.stop()
        elif not self._writable.active:
            self._writable.start(self._send)

    def _receive(self) -> None:
        try:
            data = os.read(self._number, CHUNK)
            if not data:
                raise ConnectionResetError("the store closed the connection")
            for reply in self._line.replies(data):
                waiter, _ = self._owed.popleft()
                waiter.switch(reply)
        except BlockingIOError:
            return
        except (OSError, hiredis.HiredisError) as error:
            self._fail(error)
        if self.closing and not self._owed:
            self._hang_up()

    def _look(self) -> None:
        """Give up what is overdue. The connection may be dead, so whoever comes from now on gets another one."""
        until = time.monotonic() - self._patience
        for owed in list(self._owed):
            waiter, since = owed
            if since > until:
                break
            self.closing = True
            owed[0] = Waiter()  # takes the reply, should it come
            waiter.throw(exceptions.TimeoutError("the store gave no answer in time"))
        if not self._owed:
            self._clock.stop()
        elif self._owed[-1][1] <= until:
            self._fail(TimeoutError())

    def _fail(self, error: Exception) -> None:
        """Hang up, and tell all who wait."""
        self.closing = True
        owed, self._owed = self._owed, deque()
        self._hang_up()
        for waiter, _ in owed:
            waiter.throw(as_store_error(error))

    def _hang_up(self) -> None:
        for watcher in (self._readable, self._writable, self._clock):
            watcher.stop()
        self._open = False
        self._line.close()
