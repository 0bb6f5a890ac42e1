"""HTTP as the client of a job sees it: an answer, or none, and when to come back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

COME_BACK = frozenset({0, 409, 429, 500, 502, 503, 504})
"""Answers after which the same request may be sent again; 0 stands for no answer."""

SOON_S = 1.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response; its status is 0 if none came, and `error` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str = ""


class Exchange(Protocol):
    """Whatever sends one request. `row` is the name under which its time is kept."""

    def __call__(self, method: str, url: str, row: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """The response, or a Reply with status 0; raises nothing for a broken connection."""


def retry_after(reply: Reply) -> float:
    """The seconds that Retry-After (RFC 9110) asks to wait; one second where it says none."""
    text = reply.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else SOON_S


def document(reply: Reply) -> dict[str, Any]:
    """The JSON object in a response, empty if its body is none."""
    try:
        value = json.loads(reply.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def describe(reply: Reply, *, detail: bool = False) -> str:
    """An answer in a few words: the status code and the problem's title, with its detail if asked for."""
    if reply.status == 0:
        return f"no answer ({reply.error})"
    problem = document(reply)
    said = [str(problem[name]) for name in ("title", "detail")[: 1 + detail] if problem.get(name)]
    return " ".join([str(reply.status), ": ".join(said)]).strip()


def origin(url: str) -> str:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def at_origin(url: str, base: str) -> str:
    """The same path and query at another origin."""
    return base + url.removeprefix(origin(url))
