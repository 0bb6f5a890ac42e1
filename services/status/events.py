"""`GET /v1/jobs/{id}/events`: a job's history as server-sent events (WHATWG), live and resumable."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from services.jobs.connection import StoreError
from services.jobs.document import Origins, view
from services.jobs.reader import Event, Reader, Reading
from services.jobs.record import Record
from services.jobs.strict_json import dumps
from services.status.finding import find
from services.web.accepting import require_accepted
from services.web.hang_up import client_left
from services.web.problems import Problem
from services.web.waiting import Waiting
from services.web.watch import Watch

log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
FIRST, LAST = "0-1", "end"
"""Ids of the first event, the job's acceptance, and of the last; those between are the store's."""
HEARTBEAT_S = 10.0
FULL_RETRY_S = "5"
MOST_READ = 500
"""Events that one read gives at most."""


def event_blueprint(reader: Reader, origins: Callable[[], Origins], waiting: Waiting) -> Blueprint:
    """The route that streams a job's events."""
    routes = Blueprint("events", __name__)

    @routes.get("/v1/jobs/<job_id>/events")
    def events(job_id: str) -> Response:
        require_accepted(EVENTS)
        reading, here = find(reader, job_id), origins()
        assert reading.record is not None
        last = _last_event_id()
        if last == LAST and reading.record.done:
            return Response(status=204)
        response = Response(content_type=EVENTS, headers={"Cache-Control": "no-store"})
        if request.method != "HEAD":
            place = ExitStack()
            watch = place.enter_context(waiting.place(job_id, client_left(request.environ)))
            response.call_on_close(place.close)
            response.response = _stream(_Follower(reader, _wanted(watch), job_id, here), last)
        return response

    return routes


def _last_event_id() -> str:
    """The event that the client has seen last; what is no id of ours means that it has seen none."""
    last = request.headers.get("Last-Event-ID", "")
    milliseconds, _, number = last.partition("-")
    return last if last == LAST or (milliseconds.isdecimal() and number.isdecimal() and len(last) < 40) else ""


def _wanted(watch: Watch | None) -> Watch:
    """The place to wait in; past the cap, the client is told when to come back."""
    if watch is None:
        detail = "As many requests wait as may; ask again later, or poll the job."
        raise Problem("too-many-streams", detail, headers={"Retry-After": FULL_RETRY_S})
    watch.settle()
    return watch


def _stream(follower: "_Follower", last: str) -> Iterator[bytes]:
    """All events after `last`, as they come, until the job is done, the client gone or this process about to end."""
    yield b"retry: 2000\n\n"
    try:
        while not follower.watch.over:
            lines, last, ended = follower.look(last)
            if lines:
                yield lines
            if ended:
                return
            if not lines and not follower.watch.wait(HEARTBEAT_S):
                yield b": still here\n\n"
    except StoreError as error:
        log.warning("events of %s: %s", follower.job_id, error)


@dataclass(frozen=True, slots=True)
class _Follower:
    """Who follows which job. Followers of one job that are equally far read and write each event only once."""

    reader: Reader
    watch: Watch
    job_id: str
    origins: Origins

    def look(self, last: str) -> tuple[bytes, str, bool]:
        """The lines after event `last`, the last event in them, and whether they are the end."""
        return self.watch.topic.shared((last, self.origins), lambda: self._read(last))

    def _read(self, last: str) -> tuple[bytes, str, bool]:
        found = self.reader.events(self.job_id, "" if last == FIRST else last)
        if found is None:
            return b"", last, True
        reading, history = found
        job, lines = reading.record, []
        assert job is not None
        for name, kind, data in _news(job, history, last):
            lines.append(_event(name, kind, dumps(data)))
            last = name
        ended = job.done and len(history) < MOST_READ
        if ended:
            lines.append(_event(LAST, "done", _document(reading, self.origins)))
        return b"".join(lines), last, ended


def _news(job: Record, history: list[Event], last: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if not last:
        yield FIRST, "state", {"state": "queued", "attempt": 1}
    if not history and job.started_at and last in ("", FIRST):
        yield f"{job.started_at}-0", "state", {"state": "running", "attempt": job.attempt}
    for event in history:
        yield event.id, event.kind, _data(event)


def _data(event: Event) -> dict[str, Any]:
    if event.kind == "progress":
        return {"percent": float(event.fields["percent"]), "message": event.fields["message"]}
    if event.kind == "log":
        return {"message": event.fields["message"]}
    attempt = event.fields.get("attempt")
    return {"state": event.fields["state"], **({"attempt": int(attempt)} if attempt else {})}


def _document(reading: Reading, origins: Origins) -> str:
    assert reading.record is not None
    return view(reading.record, reading.pace, reading.now, origins).body.decode()


def _event(name: str, kind: str, data: str) -> bytes:
    return f"event: {kind}\nid: {name}\ndata: {data}\n\n".encode()
