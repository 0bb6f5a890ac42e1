"""The Range header (RFC 9110, section 14): one range of bytes; whatever else is answered with the whole file."""

import re

ONE_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class NotSatisfiable(Exception):
    """The range lies outside the file."""


def wanted_part(header: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last; None where the header asks for no one range."""
    match = ONE_RANGE.fullmatch(header)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), int(match[2]) + 1 if match[2] else size
        if match[2] and end <= start:
            return None
    if start >= size:
        raise NotSatisfiable
    return start, min(end, size)
