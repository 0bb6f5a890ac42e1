"""W3C Trace Context: a client's trace goes on through the queue into the worker's log."""

import re
import secrets

from flask import request

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


def traceparent() -> str:
    """The trace that this request belongs to, with a span of our own; a new one if the client named none."""
    match = TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    if match is None or not _valid(match):
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return f"00-{match[2]}-{secrets.token_hex(8)}-{match[4]}"


def _valid(match: re.Match[str]) -> bool:
    """Version ff and ids of zeros are invalid; version 00 has nothing after its flags."""
    return (
        match[1] != "ff"
        and bool(match[2].strip("0"))
        and bool(match[3].strip("0"))
        and not (match[1] == "00" and match[5])
    )
