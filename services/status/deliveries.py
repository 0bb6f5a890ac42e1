"""`GET /v1/jobs/{id}/deliveries`: every try at telling the job's callback of its end."""

from typing import Any

from flask import Blueprint, Response

from services.jobs.callback_url import parse_callback
from services.jobs.clock import rfc3339
from services.jobs.deliveries import Try, message_id
from services.jobs.reader import Reader
from services.jobs.record import Record
from services.jobs.strict_json import dumps
from services.status.finding import find
from services.web.replies import conditional


def delivery_blueprint(reader: Reader) -> Blueprint:
    """The route that lists the tries."""
    routes = Blueprint("deliveries", __name__)

    @routes.get("/v1/jobs/<job_id>/deliveries")
    def deliveries(job_id: str) -> Response:
        job = find(reader, job_id).record
        assert job is not None
        response = Response(dumps(_document(job, reader.tries(job_id))), content_type="application/json")
        response.headers["Cache-Control"] = "no-cache"
        response.add_etag()
        return conditional(response)

    return routes


def _document(job: Record, tries: list[Try]) -> dict[str, Any]:
    """Of the callback only the host is shown: its path may be a secret of the receiver."""
    if not job.callback:
        return {"state": "none", "deliveries": []}
    shown = [_entry(number, made) for number, made in enumerate(tries, start=1)]
    host = parse_callback(job.callback).host
    return {"state": _state(job, tries), "host": host, "webhook_id": message_id(job), "deliveries": shown}


def _state(job: Record, tries: list[Try]) -> str:
    """Where the delivery stands: waiting (for the job's end), pending, delivered or given-up."""
    if not job.done:
        return "waiting"
    last = tries[-1] if tries else None
    if last is None or last.next_at or not (last.status or last.error):
        return "pending"
    return "delivered" if last.delivered else "given-up"


def _entry(number: int, made: Try) -> dict[str, Any]:
    entry: dict[str, Any] = {"try": number, "at": rfc3339(made.at)}
    if made.status:
        entry["status"] = made.status
    if made.error:
        entry["error"] = made.error
    if made.status or made.error:
        entry["duration_ms"] = made.duration_ms
    if made.next_at:
        entry["next_at"] = rfc3339(made.next_at)
    return entry
