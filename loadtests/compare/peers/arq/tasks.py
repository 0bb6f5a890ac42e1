"""The job, and how arq's worker is set."""

import asyncio
import os
from typing import Any

from arq.connections import RedisSettings

QUIET = {"version": 1, "disable_existing_loggers": False, "loggers": {"arq": {"level": "WARNING"}}}
SETTINGS = RedisSettings.from_dsn(os.environ["REDIS_URL"])


async def simulate(ctx: dict[str, Any], seconds: float, token: str) -> dict[str, str]:
    """Take so many seconds, then give the token back."""
    if seconds:
        await asyncio.sleep(seconds)
    return {"token": token}


class WorkerSettings:
    """What the arq command reads."""

    functions = (simulate,)
    redis_settings = SETTINGS
    # The default of 0.5 s holds a worker to 200 small jobs a second; this is arq's own knob for that.
    poll_delay = 0.02
