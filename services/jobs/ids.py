"""Job ids: unguessable names that are safe in URLs, file names and store keys."""

import base64
import re
import secrets

PATTERN = re.compile(r"[a-z2-7]{26}")


def new_id() -> str:
    """A new id with 128 random bits, as 26 lower-case base32 characters."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def is_id(text: str) -> bool:
    """Whether `text` could be a job's id at all."""
    return PATTERN.fullmatch(text) is not None
