"""API keys as the services know them: by name and SHA-256, so that a setting that leaks opens nothing."""

import re
from dataclasses import dataclass

ENTRY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key: its holder's name, and the SHA-256 of the key as 64 hexadecimal digits."""

    name: str
    digest: str


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """The keys in `text`, `name:sha256` separated by commas; raises ValueError with a sentence that quotes no secret.

    A name may stand there with several keys: while one takes the place of another, both are taken.
    """
    keys = []
    for number, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"entry {number} is not name:sha256-of-the-key; scripts/api-key NAME makes one")
        keys.append(ApiKey(match[1], match[2]))
    if text and not keys:
        raise ValueError("it names no key; leave it empty to let everyone call")
    return tuple(keys)
