"""`GET /v1/jobs/{id}/events`: a job's history as server-sent events (WHATWG), live and resumable."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response, request

from services.jobs.connection import StoreError
from services.jobs.document import Origins, view
from services.jobs.reader import Event, Reader, Reading
from services.jobs.record import Record
from services.jobs.strict_json import dumps
from services.status.finding import find
from services.web.accepting import require_accepted
from services.web.changes import Watch
from services.web.problems import Problem
from services.web.waiting import Waiting

log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
FIRST, LAST = "0-1", "end"
"""Ids of the first event, the job's acceptance, and of the last; those between are the store's."""
HEARTBEAT_S = 10.0
FULL_RETRY_S = "5"


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
            response.response = _stream(reader, waiting, job_id, last, here)
        return response

    return routes


def _last_event_id() -> str:
    """The event that the client has seen last; what is no id of ours means that it has seen none."""
    last = request.headers.get("Last-Event-ID", "")
    milliseconds, _, number = last.partition("-")
    return last if last == LAST or (milliseconds.isdecimal() and number.isdecimal() and len(last) < 40) else ""


def _stream(reader: Reader, waiting: Waiting, job_id: str, last: str, origins: Origins) -> Iterator[bytes]:
    """The stream, with its place taken before the first byte: past the cap, the client is told when to come back."""
    place = waiting.place(job_id)
    watch = place.__enter__()
    if watch is None:
        place.__exit__(None, None, None)
        detail = "As many requests wait as may; ask again later, or poll the job."
        raise Problem("too-many-streams", detail, headers={"Retry-After": FULL_RETRY_S})

    def lines() -> Iterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            yield from _follow(reader, watch, job_id, last, origins)
        except StoreError as error:
            log.warning("events of %s: %s", job_id, error)
        finally:
            place.__exit__(None, None, None)

    return lines()


def _follow(reader: Reader, watch: Watch, job_id: str, last: str, origins: Origins) -> Iterator[bytes]:
    """All events after `last`, as they come, until the job is done or this process is about to end."""
    while not watch.over:
        found = reader.events(job_id, "" if last == FIRST else last)
        if found is None:
            return
        reading, history = found
        job = reading.record
        assert job is not None
        sent = False
        for name, kind, data in _news(job, history, last):
            yield _event(name, kind, dumps(data))
            last, sent = name, True
        if job.done and len(history) < 500:
            yield _event(LAST, "done", _document(reading, origins))
            return
        if not sent and not watch.wait(HEARTBEAT_S):
            yield b": still here\n\n"


def _news(job: Record, history: list[Event], last: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if not last:
        yield FIRST, "state", {"state": "queued", "attempt": 1}
    if not history and job.done and job.started_at and last in ("", FIRST):
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
