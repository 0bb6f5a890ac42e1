"""rq-dashboard for Coatcheck's queues: it reads JSON and never unpickles, and nothing can be changed through it."""

import logging
import os

import rq.serializers
import waitress
from flask import Flask
from redis.exceptions import NoPermissionError
from rq import Queue
from rq.serializers import JSONSerializer
from rq_dashboard import web
from rq_dashboard.cli import make_flask_app


def read_jobs_as_json() -> None:
    """Make JSON what RQ reads where no serializer is named: rq-dashboard names one on some of its pages only."""
    web.config.serializer = rq.serializers.PickleSerializer = JSONSerializer


def leave_queues_alone() -> None:
    """RQ takes a job that has just ended off its queue when somebody looks at it: not what a reader should do."""
    Queue.remove = lambda *_, **__: 0


def make_app(store: str) -> Flask:
    """The dashboard of the store at `store`, a URL whose user may only read."""
    read_jobs_as_json()
    leave_queues_alone()
    app: Flask = make_flask_app(None, None, None, "")
    app.config.update(RQ_DASHBOARD_REDIS_URL=store, RQ_DASHBOARD_DISABLE_DELETE=True)
    app.register_error_handler(NoPermissionError, lambda _: ({"status": "this dashboard only reads"}, 403))
    web.setup_rq_connection(app)
    return app


if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    waitress.serve(make_app(os.environ["REDIS_URL"]), host="0.0.0.0", port=9181, threads=8, ident=None)
