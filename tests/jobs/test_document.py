import json
from dataclasses import replace
from typing import Any

import pytest

from services.jobs.document import Origins, View, job_url, view
from services.jobs.estimate import Pace
from services.jobs.record import Record

ORIGINS = Origins("http://gateway.example:8000", "http://status.example:8001")
START = 1_700_000_000_000
PACE = Pace(head=10, late_ms=0, mean_ms=3_000, off=0.0, depth=8)
QUEUED = Record(
    id="a" * 26,
    type="text-report",
    state="queued",
    run=1,
    attempt=1,
    max_attempts=3,
    queue="default",
    created_at=START,
    place=14,
    starts_at=START + 2_000,
    trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
RUNNING = replace(QUEUED, state="running", started_at=START + 1_000, place=0, expected_ms=3_000)
DONE = replace(RUNNING, state="succeeded", finished_at=START + 3_500, expires_at=START + 60_000, result='{"words":2}')
MENDED = {"state": "failed", "result": "", "error": '{"type":"/problems/job-raised"}'}
STATES = {
    "queued": QUEUED,
    "delayed": replace(QUEUED, run_at=START + 60_000, place=0),
    "running": RUNNING,
    "running with progress": replace(RUNNING, percent="12.5", message='half "way"', reported_at=START + 1_100),
    "cancelling": replace(RUNNING, state="cancelling"),
    "waiting for its second attempt": replace(QUEUED, attempt=2, run=2),
    "succeeded": DONE,
    "failed": replace(DONE, **MENDED),
    "cancelled before it ran": replace(DONE, state="cancelled", started_at=0, result=""),
}


def document(job: Record, now: int = START + 2_000, pace: Pace | None = PACE) -> dict[str, Any]:
    shown = json.loads(view(job, None if job.done else pace, now, ORIGINS).body)
    assert isinstance(shown, dict)
    return shown


@pytest.mark.parametrize("name", STATES)
def test_a_document_says_what_the_job_is_and_leaves_out_what_is_not_known(name: str) -> None:
    job = STATES[name]
    shown = document(job)
    assert (shown["id"], shown["type"], shown["state"]) == (job.id, job.type, job.state)
    assert shown["done"] is (job.state in ("succeeded", "failed", "cancelled"))
    assert shown["created_at"] == "2023-11-14T22:13:20.000Z"
    assert shown["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert shown["queue"]["name"] == "default"
    assert "null" not in json.dumps(shown)


@pytest.mark.parametrize("name", STATES)
def test_links_lead_to_both_services(name: str) -> None:
    mine = f"http://status.example:8001/v1/jobs/{'a' * 26}"
    assert job_url(ORIGINS, "a" * 26) == mine
    assert document(STATES[name])["links"] == {
        "self": mine,
        "result": f"{mine}/result",
        "events": f"{mine}/events",
        "cancel": f"http://gateway.example:8000/v1/jobs/{'a' * 26}",
        "type": "http://gateway.example:8000/v1/job-types/text-report",
    }


def test_a_queued_job_shows_its_place_and_when_it_may_be_done() -> None:
    shown = document(QUEUED)
    assert shown["queue"] == {"name": "default", "position": 4, "depth": 8}
    assert shown["estimated_finish_at"] == "2023-11-14T22:13:25.000Z"
    assert not {"started_at", "finished_at", "expires_at", "progress", "result", "error", "files"} & shown.keys()


def test_a_delayed_job_has_no_place_in_its_queue_yet() -> None:
    shown = document(STATES["delayed"])
    assert shown["queue"] == {"name": "default"}
    assert shown["estimated_finish_at"] == "2023-11-14T22:14:23.000Z"


def test_a_running_job_shows_its_progress_and_how_long_it_waited() -> None:
    shown = document(STATES["running with progress"])
    assert shown["progress"] == {"percent": 12.5, "message": 'half "way"'}
    assert shown["started_at"] == "2023-11-14T22:13:21.000Z"
    assert shown["timing"] == {"queued_ms": 1_000}


def test_a_finished_job_shows_its_times_and_its_result() -> None:
    shown = document(DONE)
    assert shown["timing"] == {"queued_ms": 1_000, "running_ms": 2_500, "total_ms": 3_500}
    assert shown["result"] == {"words": 2}
    assert (shown["finished_at"], shown["expires_at"]) == ("2023-11-14T22:13:23.500Z", "2023-11-14T22:14:20.000Z")
    assert "estimated_finish_at" not in shown and "error" not in shown


def test_a_failed_job_shows_its_error_and_no_result() -> None:
    shown = document(STATES["failed"])
    assert shown["error"] == {"type": "/problems/job-raised"}
    assert "result" not in shown


def test_a_job_that_never_ran_has_only_a_total_time() -> None:
    assert document(STATES["cancelled before it ran"])["timing"] == {"total_ms": 3_500}


def test_a_job_that_is_not_done_has_no_end_even_where_its_queue_was_not_looked_at() -> None:
    for job in (QUEUED, RUNNING, STATES["cancelling"]):
        seen = view(job, None, START + 2_000, ORIGINS)
        assert not {"finished_at", "expires_at", "result"} & json.loads(seen.body).keys()
        assert seen.retry_after >= 1


def test_files_are_shown_with_their_addresses_and_not_with_their_keys() -> None:
    file = {"name": "a b.png", "media_type": "image/png", "size": 5, "slug": "1-a-b.png", "key": "k", "etag": "e"}
    shown = document(replace(DONE, files=json.dumps([file])))
    url = f"http://status.example:8001/v1/jobs/{'a' * 26}/files/1-a-b.png"
    assert shown["files"] == [{"name": "a b.png", "media_type": "image/png", "size": 5, "url": url}]


def seen(job: Record, now: int = START + 2_000, pace: Pace = PACE) -> View:
    return view(job, None if job.done else pace, now, ORIGINS)


def test_the_etag_of_an_open_job_changes_exactly_when_its_document_does() -> None:
    views = [seen(job, now) for job in STATES.values() if not job.done for now in (START + 2_000, START + 2_001)]
    assert len({one.etag for one in views}) == len({one.body for one in views}) == 6


def test_the_etag_of_a_finished_job_needs_no_document() -> None:
    assert seen(DONE).etag == f"{START + 3_500}-1"


def test_a_finished_job_is_not_to_be_asked_about_again() -> None:
    assert seen(DONE).retry_after == 0
    assert seen(QUEUED).retry_after == 4
