"""Following a job by server-sent events."""

import time
from itertools import pairwise

from tests.conformance.kit import sse
from tests.conformance.kit.checks import DONE, gives_nothing_away, problem, same, status_is, whole_seconds
from tests.conformance.kit.client import Client, Job
from tests.conformance.kit.http import CHUNK, Headers, Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped

STEPS = {"seconds": 1.2, "kind": "sleep", "steps": 4}


def _all(client: Client, job: Job, last_id: str = "", most: int = 1000) -> tuple[Headers, list[sse.Event]]:
    """The stream's headers and its events without comments, until it ends or `most` have come."""
    fields = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
    found: list[sse.Event] = []
    with client.stream(f"{job.location}/events", fields, most=25) as (status, headers, response):
        assert status == 200, f"GET {job.location}/events -> {status}: {response.read(300)!r}"
        for event in sse.events(response, client.deadline):
            if event.name != ":":
                found.append(event)
            if len(found) >= most:
                break
    return headers, found


def _stepping(client: Client) -> Job:
    return client.accepted("simulate", STEPS, {"priority": "high"})


@rule("The stream is text/event-stream in UTF-8, and no cache keeps it.")
def content_type(client: Client) -> None:
    headers, _ = _all(client, client.finished())
    kind, _, parameter = headers.get("Content-Type").partition(";")
    same(kind.strip().lower(), "text/event-stream", "Content-Type")
    assert parameter.strip().lower() in ("", "charset=utf-8"), f"Content-Type is {headers.get('Content-Type')!r}"
    assert "X-Request-ID" in headers and "X-Content-Type-Options" in headers, f"the stream says only {headers.pairs}"
    assert {"no-cache", "no-store"} & headers.tokens("Cache-Control"), (
        f"Cache-Control is {headers.get('Cache-Control')!r}"
    )


@rule("The events are state, progress, log and done, each with JSON and an id of its own.")
def names_and_ids(client: Client) -> None:
    _, found = _all(client, _stepping(client))
    assert {event.name for event in found} <= {"state", "progress", "log", "done"}, f"events are {found}"
    assert {"state", "progress", "done"} <= {event.name for event in found}, f"events are {[e.name for e in found]}"
    ids = [event.id for event in found]
    assert all(ids) and len(set(ids)) == len(ids), f"the ids are {ids}"
    for event in found:
        assert isinstance(event.json(), dict), f"{event} is no JSON object"


@rule("The stream tells every state in order and ends after done.")
def ends_after_done(client: Client) -> None:
    job = _stepping(client)
    _, found = _all(client, job)
    same([event.name for event in found].count("done"), 1, "done events")
    same(found[-1].name, "done", "the last event")
    assert found[-1].json().get("state") in DONE, f"done says {found[-1].data[:200]}"
    states = [event.json().get("state") for event in found if event.name == "state"]
    assert "running" in states, f"the states told are {states}"
    assert all(one != other for one, other in pairwise(states)), f"a state is told twice: {states}"
    same(client.read(job)["state"], found[-1].json()["state"], "the state after done")


@rule("Progress is told while the job runs, not afterwards.")
def progress_is_told_live(client: Client) -> None:
    job = _stepping(client)
    with client.stream(f"{job.location}/events", most=20) as (status, _, response):
        same(status, 200, "status")
        for event in sse.events(response, client.deadline):
            if event.name == "progress":
                break
        else:
            raise AssertionError("no progress was told")
        same(client.read(job)["done"], False, "done when the first progress came")


@rule("Last-Event-ID resumes with nothing missed and nothing repeated, from every place.")
def resume(client: Client) -> None:
    job = client.end_of(_stepping(client))
    _, whole = _all(client, job)
    assert len(whole) >= 4, f"a job of four steps told {whole}"
    for place, event in enumerate(whole[:-1]):
        _, rest = _all(client, job, event.id)
        same(rest, whole[place + 1 :], f"the events after {event.id}")


@rule("A client that loses its connection midway and resumes has seen each event once.")
def resume_midway(client: Client) -> None:
    job = _stepping(client)
    _, first = _all(client, job, most=2)
    _, rest = _all(client, job, first[-1].id)
    _, whole = _all(client, job)
    same([event.id for event in first + rest], [event.id for event in whole], "the ids seen in two connections")


@rule("Two clients that follow one job see the same events.")
def two_clients(client: Client) -> None:
    job = client.end_of(_stepping(client))
    same(_all(client, job)[1], _all(client, job)[1], "the events")


@rule("Asked again after done, the stream is 204, so that browsers stop.")
def stop_after_done(client: Client) -> None:
    job = client.finished()
    _, found = _all(client, job)
    reply = status_is(client.get(f"{job.location}/events", {"Last-Event-ID": found[-1].id}), 204)
    same(reply.body, b"", "the body of a 204")


@rule("A Last-Event-ID that is no event of this job does no harm.")
def nonsense_ids(client: Client) -> None:
    job = client.finished()
    for last_id in ("banana", "-1", "0", "99999999999999999999999", "1-1-1", "é".encode().decode("latin-1"), "9" * 500):
        reply = client.get(f"{job.location}/events", {"Last-Event-ID": last_id})
        status_is(reply, 200, 204, 400)
        gives_nothing_away(reply)


@rule("The events of a job that is cancelled end with done, and say so.")
def cancelled(client: Client) -> None:
    job = client.running(steps=10)
    client.cancel(job)
    _, found = _all(client, job)
    same(found[-1].name, "done", "the last event")
    same(found[-1].json().get("state"), "cancelled", "the state of done")


@rule("A failed job's stream ends with done, and says that it failed.")
def failed(client: Client) -> None:
    _, found = _all(client, client.failed())
    same((found[-1].name, found[-1].json().get("state")), ("done", "failed"), "the last event")


@rule("A stream with nothing to tell sends a comment at least every 15 seconds.")
def heartbeats(client: Client) -> None:
    job = client.parked()
    with client.stream(f"{job.location}/events", most=20) as (status, _, response):
        same(status, 200, "status")
        before = time.monotonic()
        comments = 0
        for event in sse.events(response, client.deadline):
            now = time.monotonic()
            assert now - before <= 16, f"nothing came for {now - before:.0f} s"
            before, comments = now, comments + (event.name == ":")
            if comments == 2:
                return
    raise AssertionError("the stream of a waiting job ended")


@rule("The stream of a job that never existed is 404, not a stream.")
def unknown_job(client: Client) -> None:
    problem(client.get(f"{client.status}/v1/jobs/nothing/events", {"Accept": "text/event-stream"}), 404)


@rule(
    "Past the cap on open streams, the next is refused with 503 and Retry-After, and other requests are answered.",
    when="alone",
)
def cap_on_streams(client: Client) -> None:
    job = client.parked()
    url = f"{job.location}/events"
    open_streams = []
    try:
        for _ in range(600):
            stream = client.stream(url, most=10)
            status, headers, response = stream.__enter__()
            open_streams.append(stream)
            if status != 200:
                problem(Reply("GET", url, status, headers, response.read(CHUNK)), 503)
                whole_seconds(headers)
                status_is(client.get(job.location), 200)
                return
    finally:
        for stream in open_streams:
            stream.__exit__(None, None, None)
    raise Skipped("600 streams were opened without reaching the cap")
