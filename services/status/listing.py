"""`GET /v1/jobs`: the caller's own jobs, newest first, in pages or as one stream."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from services.jobs.document import Origins, view
from services.jobs.reader import Page, Reader
from services.jobs.record import STATES
from services.web import query
from services.web.callers import Callers
from services.web.problems import Problem

JSON, LINES = "application/json", "application/x-ndjson"
DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100
NAMES = ("limit", "cursor", "state", "type")
STATE, TYPE = re.compile(r"[a-z]+"), re.compile(r"[a-z][a-z0-9-]{0,59}")
PLACE = re.compile(r"[0-9]{1,16}-[0-9a-f]{32}")
HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}


@dataclass(frozen=True, slots=True)
class Search:
    """Which of whose jobs are asked for."""

    reader: Reader
    owner: str
    states: list[str]
    types: list[str]

    def page(self, limit: int, cursor: str) -> Page:
        """The page after `cursor`; nobody has no jobs."""
        if not self.owner:
            return Page(0, [], "")
        return self.reader.list_jobs(self.owner, limit, cursor, self.states, self.types)


def listing_blueprint(reader: Reader, origins: Callable[[], Origins], callers: Callers) -> Blueprint:
    """The route that lists jobs."""
    routes = Blueprint("listing", __name__)

    @routes.get("/v1/jobs")
    def list_jobs() -> Response:
        owner, here = callers.known().owner, origins()
        query.only(NAMES)
        states, types = query.several("state", STATE, STATES), query.several("type", TYPE)
        search = Search(reader, owner, states, types)
        limit, cursor = query.whole_number("limit", 1, LARGEST_LIMIT, DEFAULT_LIMIT), _place()
        if _media_type() == LINES:
            first = search.page(LARGEST_LIMIT, cursor)
            return Response(_stream(search, first, here), headers=HEADERS, content_type=LINES)
        page = search.page(limit, cursor)
        body = b'{"jobs":[' + b",".join(_documents(page, here)) + b"]}"
        response = Response(body, headers=HEADERS, content_type=JSON)
        if page.cursor:
            response.headers["Link"] = f'<{_next(here, limit, page.cursor, states, types)}>; rel="next"'
        return response

    return routes


def _media_type() -> str:
    accepted = request.accept_mimetypes
    best = accepted.best_match([JSON, LINES]) if accepted else JSON
    if best is None:
        raise Problem("not-acceptable", f"The list can be had as {JSON} and as {LINES}.")
    return best


def _documents(page: Page, origins: Origins) -> Iterator[bytes]:
    return (view(job, pace, page.now, origins).body for job, pace in page.jobs)


def _stream(search: Search, page: Page, origins: Origins) -> Iterator[bytes]:
    """One document a line. The first page was read before the reply began, so that a refusal can still be one.

    If the store fails on the way, the connection is cut: a list that ends early must not look whole.
    """
    while True:
        if page.jobs:
            yield b"\n".join(_documents(page, origins)) + b"\n"
        if not page.cursor:
            return
        page = search.page(LARGEST_LIMIT, page.cursor)


def _place() -> str:
    """The place in the list that the cursor stands for; "" for its beginning."""
    text = request.args.get("cursor")
    if text is None:
        return ""
    try:
        place = base64.urlsafe_b64decode(text.encode() + b"==").decode()
    except (binascii.Error, UnicodeError):
        place = ""
    if not PLACE.fullmatch(place):
        raise query.refuse("cursor", "take it from the Link of the page before, or leave it out")
    return place


def _next(origins: Origins, limit: int, place: str, states: list[str], types: list[str]) -> str:
    values = {"limit": str(limit), "state": ",".join(states), "type": ",".join(types)}
    values["cursor"] = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    return f"{origins.status}/v1/jobs?" + urlencode({name: value for name, value in values.items() if value}, safe=",")
