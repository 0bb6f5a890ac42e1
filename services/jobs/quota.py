"""A client's quota: how many submissions are taken from it within a time."""

import math
import re
from dataclasses import dataclass

FORM = re.compile(r"([1-9]\d{0,8})/([1-9]\d{0,6})")


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `requests` accepted submissions within `seconds`."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a client's quota; `reset` is in whole seconds until it is whole again, at least 1."""

    quota: Quota
    remaining: int
    reset: int


def parse_quota(text: str) -> Quota | None:
    """The quota that `text` writes as `requests/seconds`; None for ""; raises ValueError with a sentence."""
    if not text:
        return None
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError("write requests/seconds, such as 100/60, or leave it empty for no limit")
    return Quota(int(match[1]), int(match[2]))


def allowance(quota: Quota, left: int, reset_ms: int) -> Allowance:
    """The allowance that a script counted."""
    return Allowance(quota, max(0, left), max(1, math.ceil(reset_ms / 1000)))
