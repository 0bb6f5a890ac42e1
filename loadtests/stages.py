"""Stages of a load: how many users for how long, such as `10:10,10:20,5:80,15:20`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.errors import LoadTestError

STEPS_AND_SPIKE = "10:5,10:10,10:20,5:80,15:10"
FORM = re.compile(r"(\d+):(\d+)")


@dataclass(frozen=True, slots=True)
class Stage:
    """So many users for so many seconds."""

    seconds: int
    users: int


def parse_stages(text: str) -> tuple[Stage, ...]:
    """The stages in `text`; raises LoadTestError for one that can't be read."""
    matches = [FORM.fullmatch(part.strip()) for part in text.split(",")]
    stages = tuple(Stage(int(match[1]), int(match[2])) for match in matches if match)
    if len(stages) < len(matches) or not all(stage.seconds for stage in stages):
        raise LoadTestError(f"--stages is {text!r}: write seconds:users,... such as {STEPS_AND_SPIKE}")
    return stages


def users_at(stages: Sequence[Stage], seconds: float) -> int | None:
    """The users at a moment, in seconds since the start; None after the last stage."""
    for stage in stages:
        if seconds < stage.seconds:
            return stage.users
        seconds -= stage.seconds
    return None
