"""How many requests a service has answered, and how fast: by route, method and status code."""

import re
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from flask import Flask, Response

from services.web.request import current
from services.web.tally import Tally

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds of the histogram's buckets; a last one takes all that is slower."""

CODES = (
    *(200, 202, 204, 206, 303, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417),
    *(421, 422, 426, 428, 429, 431, 500, 501, 503, 504, 505),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"
READ = "/v1/jobs/<job_id>"
FOUND = ("open", "done", "unchanged")
MOST_ROUTES = 48
BEGAN = "coatcheck.began"

Place = tuple[str, str]


@dataclass(frozen=True)
class RouteTimes:
    """One route and method: how often each status code was given, and the times in seconds by bucket."""

    route: str
    method: str
    codes: dict[str, int]
    buckets: list[int]
    total: float


class RequestTimes:
    """Counts every request of one app, across all its processes, up to the moment when its reply begins."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._codes = {code: number for number, code in enumerate(CODES)}
        self._width = len(CODES) + 1 + len(BOUNDS) + 1 + 1
        self._found = (MOST_ROUTES + 1) * (len(METHODS) + 1) * self._width
        self._tally = Tally(self._found + len(FOUND))
        app.after_request(self._note)

    def __iter__(self) -> Iterator[RouteTimes]:
        """What has been counted, for each route and method that was asked for."""
        sums = self._tally.sums()
        for (route, method), start in self._places.items():
            codes = sums[start : start + len(CODES) + 1]
            if any(codes):
                buckets = sums[start + len(codes) : start + self._width - 1]
                names = (*map(str, CODES), OTHER)
                seen = {name: int(count) for name, count in zip(names, codes, strict=True) if count}
                yield RouteTimes(
                    route_name(route), method, seen, [int(n) for n in buckets], sums[start + self._width - 1]
                )

    def reads(self) -> dict[str, int]:
        """How often a client that read a job's document found it open, done, or unchanged since its last read."""
        counts = self._tally.sums()[self._found :]
        return {name: int(count) for name, count in zip(FOUND, counts, strict=True)} if any(counts) else {}

    @cached_property
    def _places(self) -> dict[Place, int]:
        """Where each route and method stands. Made at the first request, when all routes are known."""
        routes = dict.fromkeys(rule.rule for rule in self._app.url_map.iter_rules())
        names = [OTHER, *list(routes)[:MOST_ROUTES]]
        pairs = ((route, method) for route in names for method in (*METHODS, OTHER))
        return {pair: number * self._width for number, pair in enumerate(pairs)}

    def _place(self, rule: str, method: str) -> int:
        places, method = self._places, method if method in METHODS else OTHER
        return places.get((rule, method), places[(OTHER, method)])

    def _note(self, response: Response) -> Response:
        here = current()
        seconds = time.perf_counter() - here.environ[BEGAN]
        rule, code = here.url_rule.rule if here.url_rule else OTHER, response.status_code
        start = self._places.get((rule, here.method)) or self._place(rule, here.method)
        changes = [
            (start + self._codes.get(code, len(CODES)), 1),
            (start + len(CODES) + 1 + bisect_left(BOUNDS, seconds), 1),
            (start + self._width - 1, seconds),
        ]
        if rule == READ and here.method == "GET" and code in (200, 304):
            found = "unchanged" if code == 304 else "open" if "Retry-After" in response.headers else "done"
            changes.append((self._found + FOUND.index(found), 1))
        self._tally.add(changes)
        return response


def route_name(rule: str) -> str:
    """A route as a label: `/v1/jobs/:job_id`. Simple parsers of the text format trip over braces in labels."""
    return re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r":\1", rule)
