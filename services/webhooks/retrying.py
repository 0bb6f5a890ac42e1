"""When a delivery is tried again."""

import math
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

GONE = 410
LONGEST_RETRY_AFTER_S = 3_600.0
JITTER = 0.2


@dataclass(frozen=True)
class Plan:
    """The pauses in seconds after the first, second, … try; after the last there is no further one."""

    pauses: tuple[float, ...]
    spread: Callable[[float, float], float] = random.uniform

    @property
    def most(self) -> int:
        """How many tries there are at most."""
        return len(self.pauses) + 1

    def pause_after(self, number: int, status: int, retry_after: float) -> float | None:
        """Seconds until the try after `number`, or None if there is none.

        A pause is spread by a fifth either way, so that what failed together does not come back together. The
        receiver's Retry-After makes it longer, up to an hour; 410 says that the receiver wants no more.
        """
        if 200 <= status < 300 or status == GONE or number >= self.most:
            return None
        pause = self.pauses[number - 1] * self.spread(1 - JITTER, 1 + JITTER)
        return max(pause, min(retry_after, LONGEST_RETRY_AFTER_S))


def seconds_of(retry_after: str) -> float:
    """A Retry-After field in seconds from now (RFC 9110, 10.2.3); 0 for what is not one."""
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text[:12]), LONGEST_RETRY_AFTER_S)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0
