"""The job, and the queue that it is put on."""

import os
import time

from redis import Redis
from rq import Queue

connection = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=connection)


def simulate(seconds: float, token: str) -> dict[str, str]:
    """Take so many seconds, then give the token back."""
    if seconds:
        time.sleep(seconds)
    return {"token": token}
