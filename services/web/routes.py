"""Finding the route of a request: Werkzeug looks it up once for all paths that differ only in a job's id."""

import re
from functools import lru_cache
from typing import Any

from werkzeug.routing import Map, Rule

JOB = re.compile(r"(/v1/jobs/)([0-9a-f]{32})((?:/[a-z]+)?)")
SOME_JOB = "0" * 32
KEPT = 256

Route = tuple[Rule, dict[str, Any]]


class Routes:
    """The routes of one app, which do not change any more once it is asked for one."""

    def __init__(self, rules: Map) -> None:
        self._rules = rules
        self._known = lru_cache(KEPT)(self._look_up)

    def find(self, method: str, path: str) -> Route:
        """The route and what its variables stand for; raises what Werkzeug does where there is none."""
        job = JOB.fullmatch(path)
        if job is None:
            rule, values = self._known(method, path)
            return rule, dict(values)
        rule, values = self._known(method, f"{job[1]}{SOME_JOB}{job[3]}")
        return rule, {name: job[2] if value == SOME_JOB else value for name, value in values.items()}

    def _look_up(self, method: str, path: str) -> Route:
        rule, values = self._rules.bind("localhost").match(path, method, return_rule=True)
        return rule, dict(values)
