"""Notifications as a sender claims them, made up for tests."""

from dataclasses import replace
from typing import Any

from services.jobs.callback_url import BadCallback, parse_callback
from services.jobs.deliveries import Notice
from services.jobs.ids import new_id
from services.jobs.record import Record

NOW = 1_767_225_600_000


def ended_job(**changes: Any) -> Record:
    """A job that ended a quarter of a second after NOW."""
    job = Record(
        id=new_id(),
        type="simulate",
        state="succeeded",
        run=1,
        attempt=1,
        max_attempts=3,
        queue="default",
        created_at=NOW,
        started_at=NOW + 10,
        finished_at=NOW + 250,
        expires_at=NOW + 86_400_000,
        result='{"answer":42}',
        origins="http://gateway.example.org http://status.example.org",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return replace(job, **changes)


def notice_for(url: str, number: int = 1, **changes: Any) -> Notice:
    """The notification of such a job for `url`."""
    try:
        receiver = parse_callback(url).authority
    except BadCallback:
        receiver = "malformed"
    return Notice(ended_job(callback=url, **changes), receiver, number, NOW + 300)
