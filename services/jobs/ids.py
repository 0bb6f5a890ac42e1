"""Job ids: unguessable names that are safe in URLs, file names and store keys."""

import os
import re

PATTERN = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """A new id with 128 random bits, as 32 hexadecimal digits."""
    return os.urandom(16).hex()


def is_id(text: str) -> bool:
    """Whether `text` could be a job's id at all."""
    return PATTERN.fullmatch(text) is not None
