"""The job, and the broker that acknowledges what it hands out."""

import asyncio
import os

from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

URL = os.environ["REDIS_URL"]
broker = RedisStreamBroker(URL).with_result_backend(RedisAsyncResultBackend(URL, result_ex_time=86_400))


@broker.task
async def simulate(seconds: float, token: str) -> dict[str, str]:
    """Take so many seconds, then give the token back."""
    if seconds:
        await asyncio.sleep(seconds)
    return {"token": token}
