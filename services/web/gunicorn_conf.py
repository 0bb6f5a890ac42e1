"""gunicorn with gevent, facing the clients itself: limits, time-outs, nothing extra listening."""

from pathlib import Path
from typing import Any

from gevent import monkey

monkey.patch_all()

worker_class = "services.web.gunicorn_worker.Worker"
worker_connections = 2_000
preload_app = True
keepalive = 30
timeout = 60
graceful_timeout = 30
limit_request_line = 8_190
limit_request_fields = 64
limit_request_field_size = 8_190
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Let replies that go on for long know when this process is asked to stop."""
    worker.wsgi.extensions["ending"].follow(lambda: not worker.alive)
