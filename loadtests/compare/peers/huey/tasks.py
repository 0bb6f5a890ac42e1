"""The job, and the huey that it is put on."""

import os
import time

from huey import RedisHuey

huey = RedisHuey("compare", url=os.environ["REDIS_URL"])


@huey.task()
def simulate(seconds: float, token: str) -> dict[str, str]:
    """Take so many seconds, then give the token back."""
    if seconds:
        time.sleep(seconds)
    return {"token": token}
