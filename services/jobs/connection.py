"""Clients of the store: short time limits, one retry, so that a frozen store costs seconds, not a minute."""

import logging
import time
from typing import Any

import hiredis
from redis import BlockingConnectionPool, Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.jobs.ahead import Ahead
from services.jobs.lines import Exchange, Lines, StoreError

__all__ = ["Store", "StoreError", "connect", "wait_until_reachable"]

log = logging.getLogger(__name__)


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
        self._exchange: Exchange = self._lines

    def call(self, *command: str | bytes | int | float) -> Any:
        """The reply to one command, which must be safe to repeat; raises StoreError."""
        packed = hiredis.pack_command(command)  # type: ignore[arg-type]
        try:
            reply = self._exchange.exchange(packed)
        except exceptions.ConnectionError:
            self._exchange.hang_up()
            reply = self._exchange.exchange(packed)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def ahead(self) -> Ahead:
        """A way to send commands before the replies to earlier ones are there."""
        return Ahead(self._lines)

    def exchange_by(self, exchange: Exchange) -> None:
        """Make calls that way from now on; a server with a loop of its own may have a better one than `Lines`."""
        self._exchange = exchange

    def close(self) -> None:
        """Hang up."""
        self._exchange.hang_up()
        self._lines.hang_up()
        super().close()
        self.connection_pool.disconnect()


def wait_until_reachable(client: Redis) -> None:
    """Return once the store answers, however long it takes; the log says what it waits for."""
    while True:
        try:
            client.ping()
            return
        except StoreError as error:
            log.warning("waiting for the store: %s: %s", type(error).__name__, error)
            time.sleep(1)
