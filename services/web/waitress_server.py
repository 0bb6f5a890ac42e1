"""waitress, the portable second server, with an end that drops no request."""

import signal
import time
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from services.jobs.settings import WAITRESS_THREADS
from services.web.waitress_channel import CHUNKING, Channel

DRAIN_SECONDS = 30.0


def serve(app: Flask, host: str, port: int, largest_body: int) -> None:
    """Serve `app` until SIGTERM or SIGINT, then finish what is under way, at most half a minute.

    A request is kept until its body is whole, larger ones on disk, so none of more than `largest_body` bytes is taken.
    """
    server: Any = create_server(
        app,
        host=host,
        port=port,
        threads=WAITRESS_THREADS,
        connection_limit=1_000,
        max_request_body_size=largest_body + CHUNKING,
        max_request_header_size=65_536,
        channel_timeout=60,
        cleanup_interval=10,
        ident=None,
    )
    server.channel_class = Channel
    stopping: list[float] = []
    app.extensions["ending"].follow(lambda: bool(stopping))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(time.monotonic()))
    while not stopping:
        wasyncore.loop(timeout=0.5, map=server._map, count=1)
    server.del_channel()
    server.socket.close()
    while not _idle(server) and time.monotonic() - stopping[0] < DRAIN_SECONDS:
        wasyncore.loop(timeout=0.1, map=server._map, count=1)
    server.task_dispatcher.shutdown()


def _idle(server: Any) -> bool:
    return all(not channel.requests and not channel.total_outbufs_len for channel in server.active_channels.values())
