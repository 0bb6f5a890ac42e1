"""The assertions that many rules share, each with a message that says what came and what should have come."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.conformance.kit.client import Client, Document
from tests.conformance.kit.http import Headers, Reply

STATES = ("queued", "running", "cancelling", "succeeded", "failed", "cancelled")
DONE = frozenset({"succeeded", "failed", "cancelled"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|\+00:00)")
_LEAKS = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|site-packages|/(usr|home|root|app|srv|opt|tmp|var)/"
    r"|\bservices\.(gateway|status|worker|jobs|web)\b|redis\.exceptions|werkzeug\.|(redis|valkey)s?://|[\w.\]]:6379\b"
    r"|0x[0-9a-f]{8,}"
)
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s";,]+))*)')


def status_is(reply: Reply, *codes: int) -> Reply:
    """The reply has one of these status codes."""
    wanted = " or ".join(map(str, codes))
    assert reply.status in codes, f"expected {wanted}: {reply}: {reply.text[:300]}"
    return reply


def problem(reply: Reply, *codes: int) -> Document:
    """The reply is a whole problem document (RFC 9457) with one of these codes, and gives nothing internal away."""
    status_is(reply, *codes)
    assert reply.media_type == "application/problem+json", (
        f"{reply} is {reply.media_type!r}, not application/problem+json"
    )
    value = reply.json()
    assert isinstance(value, dict), f"{reply}: a problem is an object, not {value!r}"
    for name in ("type", "title", "detail"):
        assert isinstance(value.get(name), str) and value[name].strip(), f"{reply}: {name} is {value.get(name)!r}"
    assert value.get("status") == reply.status, f"{reply}: its member status is {value.get('status')!r}"
    path = urlsplit(urljoin(reply.url, value["type"])).path
    assert re.fullmatch(r"/problems/[\w-]+", path), f"{reply}: type {value['type']!r} is no page under /problems/"
    gives_nothing_away(reply)
    return value


def gives_nothing_away(reply: Reply) -> None:
    """No stack trace, no path of the server, no internal name in the body or the headers."""
    for text in (reply.text, *(value for _, value in reply.headers.pairs)):
        found = _LEAKS.search(text)
        assert not found, f"{reply} gives away {text[max(0, found.start() - 40) : found.end() + 40]!r}"


def pointers(value: Document) -> list[str]:
    """The JSON pointers of a problem's errors, each of which has a pointer, a detail and a type."""
    errors = value.get("errors")
    assert isinstance(errors, list) and errors, f"the problem should list errors: {value}"
    for error in errors:
        for name in ("pointer", "detail", "type"):
            assert isinstance(error.get(name), str), f"errors[].{name} is missing: {error}"
        assert error["detail"].strip() and error["type"].strip(), f"an error with an empty detail or type: {error}"
        assert re.fullmatch(r"#?(/([^~/]|~[01])*)*", error["pointer"]), (
            f"{error['pointer']!r} is no JSON pointer (RFC 6901)"
        )
    return [error["pointer"].removeprefix("#") for error in errors]


def whole_seconds(reply: Reply | Headers, least: int = 0) -> int:
    """The Retry-After of a reply, in seconds."""
    headers = reply.headers if isinstance(reply, Reply) else reply
    value = headers.get("Retry-After")
    assert re.fullmatch(r"\d+", value), f"{reply}: Retry-After is {value!r}, not whole seconds"
    assert int(value) >= least, f"{reply}: Retry-After is {value}, less than {least}"
    return int(value)


def absolute(url: object, origin: str = "") -> str:
    """An absolute http(s) URL, of this origin if one is given."""
    assert isinstance(url, str) and re.match(r"https?://[^/\s]+(/|$)", url), f"{url!r} is not an absolute URL"
    assert not origin or url == origin or url.startswith(origin + "/"), f"{url} is not on {origin}"
    return url


def links(reply: Reply) -> dict[str, str]:
    """The targets of the reply's Link fields by relation (RFC 8288); each is absolute."""
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall(reply.headers.get("Link")):
        relation = re.search(r'rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))', parameters)
        assert relation, f"{reply}: a Link without rel: {reply.headers.get('Link')}"
        for name in (relation[1] or relation[2] or "").split():
            found[name] = absolute(target)
    return found


def instant(value: object, name: str = "the time") -> datetime:
    """A time in RFC 3339, UTC, with milliseconds."""
    assert isinstance(value, str) and _TIME.fullmatch(value), (
        f"{name} is {value!r}, not RFC 3339 in UTC with milliseconds"
    )
    return datetime.fromisoformat(value).astimezone(UTC)


def nulls(value: Any, path: str = "") -> Iterator[str]:
    """Where a JSON value holds null, leaving out a job's own result."""
    if value is None:
        yield path or "/"
    elif isinstance(value, dict):
        for name, inner in value.items():
            if (path, name) != ("", "result"):
                yield from nulls(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nulls(inner, f"{path}/{index}")


def strings(value: Any) -> Iterator[str]:
    """Every string within a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def contains(value: Any, wanted: Any) -> bool:
    """Whether a JSON value is `wanted`, or holds it somewhere, with the same JSON type."""
    if type(value) is type(wanted) and value == wanted:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(contains(part, wanted) for part in inner)


def is_html(reply: Reply) -> str:
    """The text of a reply that is an HTML page."""
    status_is(reply, 200)
    assert reply.media_type == "text/html", f"{reply} is {reply.media_type!r}, not text/html"
    assert "<html" in reply.text.lower() or "<!doctype" in reply.text.lower(), f"{reply} is no HTML page"
    return reply.text


def same(got: object, wanted: object, what: str) -> None:
    """Two values are equal."""
    assert got == wanted, f"{what}: expected {str(wanted)[:300]}, got {str(got)[:300]}"


def page_of(client: Client, value: Document, base: str) -> Reply:
    """The page that a problem's type names, as a person's browser asks for it."""
    return client.get(urljoin(base, value["type"]), {"Accept": "text/html"})
