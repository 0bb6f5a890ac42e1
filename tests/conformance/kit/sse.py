"""Server-sent events, read as the WHATWG text says."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event of a stream; a comment is an event named ":"."""

    name: str
    data: str
    id: str

    def json(self) -> Any:
        """The data as JSON."""
        return json.loads(self.data)


def lines(response: HTTPResponse, deadline: float) -> Iterator[str]:
    """The stream's lines without their ends, until it closes; AssertionError at `deadline` (monotonic seconds)."""
    while raw := response.readline(1 << 20):
        if time.monotonic() > deadline:
            raise AssertionError("the event stream did not end in time")
        yield raw.decode("utf-8").rstrip("\r\n")


def events(response: HTTPResponse, deadline: float) -> Iterator[Event]:
    """The stream's events and comments in order."""
    name, last_id = "", ""
    data: list[str] = []
    for line in lines(response, deadline):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line.startswith(":"):
            yield Event(":", value, last_id)
        elif not line:
            if data:
                yield Event(name or "message", "\n".join(data), last_id)
            name, data = "", []
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            last_id = value
