"""The Prefer header (RFC 7240): several preferences, in any order, in several lines."""

import re

from flask import Response

from services.web.request import current

LONGEST_WAIT_S = 30
TOKEN = re.compile(r"""\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[!#$%&'*+.^_`|~\w-]*))?""")
PARAMETERS = re.compile(r"""((?:[^",;]|"(?:[^"\\]|\\.)*")*)(;(?:[^",]|"(?:[^"\\]|\\.)*")*)?(?:,|$)""")


def preferences(lines: list[str]) -> dict[str, str]:
    """The preferences by lower-case name; the first of a name counts, parameters and what is malformed are ignored."""
    found: dict[str, str] = {}
    for item in PARAMETERS.finditer(",".join(lines)):
        match = TOKEN.fullmatch(item[1].rstrip())
        if match:
            value = match[2] or ""
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1])
            found.setdefault(match[1].lower(), value)
    return found


def wanted_wait() -> int | None:
    """How many seconds the client is ready to wait, at most 30; None if it did not say."""
    request = current()
    if "HTTP_PREFER" not in request.environ:
        return None
    wait = preferences(request.headers.getlist("Prefer")).get("wait", "")
    if not re.fullmatch(r"[0-9]+", wait):
        return None
    digits = wait.lstrip("0")  # however many there are: int() takes only some thousands
    return LONGEST_WAIT_S if len(digits) > 2 else min(int(digits or 0), LONGEST_WAIT_S)


def applied(response: Response, wait: int | None) -> Response:
    """The response, saying that the wait was honoured and that the reply depends on it."""
    response.headers.add("Vary", "Prefer")
    if wait is not None:
        response.headers["Preference-Applied"] = f"wait={wait}"
    return response
