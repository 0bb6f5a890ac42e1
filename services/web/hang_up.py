"""Noticing that a client has hung up while its reply waits for something to say."""

import select
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gevent.monkey import get_original

CLOSED = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
"""Linux alone tells of a connection that the other side has closed without reading from it."""


def client_left(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """A function that says whether the client of this request has closed its connection."""
    if "waitress.client_disconnected" in environ:
        told: Callable[[], bool] = environ["waitress.client_disconnected"]
        return told
    connection = environ.get("gunicorn.socket")
    return partial(has_hung_up, connection) if connection is not None else bool


def has_hung_up(connection: Any) -> bool:
    """Whether the other side of a socket has closed it; nothing is read and nothing waited for."""
    number = connection.fileno()
    if number < 0:
        return True
    look = get_original("select", "poll")()  # gevent's own would wait for its loop
    look.register(number, CLOSED)
    return bool(look.poll(0))
