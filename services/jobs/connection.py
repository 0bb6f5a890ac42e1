"""Clients of the store: short time limits, one retry, so that a frozen store costs seconds, not a minute."""

import logging
import time

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

StoreError = RedisError
"""Whatever keeps the store from answering: it is out of reach, frozen, full, or starting."""


def connect(url: str, *, timeout: float = 1.5, connections: int = 64) -> Redis:
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
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
    )
    return Redis(connection_pool=pool)


def wait_until_reachable(client: Redis) -> None:
    """Return once the store answers, however long it takes; the log says what it waits for."""
    while True:
        try:
            client.ping()
            return
        except StoreError as error:
            log.warning("waiting for the store: %s: %s", type(error).__name__, error)
            time.sleep(1)
