"""The keys without a life span that a store may hold: docs/guarantees.md lists them, and this reads that list."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from redis import Redis

GUARANTEES = Path(__file__).parents[2] / "docs" / "guarantees.md"
SECTION = re.compile(r"^## Keys that stay$(.*?)^## ", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def documented() -> list[str]:
    """The patterns of keys that the guarantees list."""
    section = SECTION.search(GUARANTEES.read_text(encoding="utf-8"))
    assert section is not None
    return ROW.findall(section[1])


def without_life_span(client: Redis) -> list[str]:
    """Keys without a life span that are not listed."""
    patterns = documented()
    keys = [key.decode() for key in client.scan_iter(count=1_000) if client.ttl(key) == -1]
    return sorted(key for key in keys if not any(fnmatchcase(key, pattern) for pattern in patterns))
