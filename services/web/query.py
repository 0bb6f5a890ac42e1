"""Query parameters of requests that read or remove, checked strictly: a misspelt filter must not find everything."""

import re
from collections.abc import Collection

from flask import request

from services.web.problems import Problem


def only(names: Collection[str]) -> None:
    """Raise `invalid-query` for a parameter that is none of `names`."""
    for name in request.args:
        if name not in names:
            raise _invalid(name, "there is no such parameter here", names)


def flag(name: str) -> bool:
    """Whether the parameter is `true`; `false` if it is absent."""
    value = request.args.get(name, "false")
    if value not in ("true", "false"):
        raise _invalid(name, f"write true or false, not {value[:60]!r}", ("true", "false"))
    return value == "true"


def whole_number(name: str, least: int, most: int, default: int) -> int:
    """The parameter as a whole number from `least` to `most`."""
    value = request.args.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise _invalid(name, f"write a whole number from {least} to {most}, not {value[:60]!r}")
    return int(value)


def several(name: str, form: re.Pattern[str], known: Collection[str] = ()) -> list[str]:
    """All values of the parameter, separated by commas or given repeatedly, each of this form and among `known`."""
    values = [value.strip() for line in request.args.getlist(name) for value in line.split(",")]
    for value in values:
        if not form.fullmatch(value) or (known and value not in known):
            raise _invalid(name, f"{value[:60]!r} is not one", known)
    return list(dict.fromkeys(values))


def refuse(name: str, says: str) -> Problem:
    """The refusal of a parameter for a reason of its own."""
    return _invalid(name, says)


def _invalid(name: str, says: str, known: Collection[str] = ()) -> Problem:
    return Problem("invalid-query", f"{name[:60]}: {says}.", {"parameter": name[:60], "known": sorted(known) or None})
