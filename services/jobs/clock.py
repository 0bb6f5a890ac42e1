"""Times as the platform writes them: RFC 3339 in UTC with milliseconds."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def rfc3339(milliseconds: int) -> str:
    """A moment in milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    second, rest = divmod(milliseconds, 1000)
    return f"{_to_the_second(second)}.{rest:03d}Z"


def rq_time() -> str:
    """Now, as RQ writes times in its own data."""
    second, rest = divmod(time.time_ns() // 1000, 1_000_000)
    return f"{_to_the_second(second)}.{rest:06d}Z"


@lru_cache(256)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]
