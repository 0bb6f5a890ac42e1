"""W3C Trace Context: a client's trace goes on through the queue into the worker's log."""

import re
from random import getrandbits

from services.web.request import current

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def traceparent() -> str:
    """The trace that this request belongs to, with a span of our own; a new one if the client named none."""
    match = TRACEPARENT.fullmatch(current().environ.get("HTTP_TRACEPARENT", ""))
    if match is None or not _valid(match):
        return f"00-{getrandbits(128):032x}-{span()}-00"
    return f"00-{match[2]}-{span()}-{match[4]}"


def span() -> str:
    """A new span id: 16 hexadecimal digits. It only has to differ from others, so it costs no system call."""
    return f"{getrandbits(64):016x}"


def _valid(match: re.Match[str]) -> bool:
    """Version ff and ids of zeros are invalid; version 00 has nothing after its flags."""
    return (
        match[1] != "ff"
        and bool(match[2].strip("0"))
        and bool(match[3].strip("0"))
        and not (match[1] == "00" and match[5])
    )
