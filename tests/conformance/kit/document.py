"""The job document: its members, its times, and how its state may go."""

import re
from datetime import timedelta

from tests.conformance.kit.checks import DONE, STATES, absolute, instant, is_html, nulls, page_of, same, status_is
from tests.conformance.kit.client import Client, Document
from tests.conformance.kit.rules import rule

MEMBERS = frozenset(
    [
        "id",
        "type",
        "state",
        "done",
        "progress",
        "attempt",
        "max_attempts",
        "queue",
        "created_at",
        "started_at",
        "finished_at",
        "expires_at",
        "estimated_finish_at",
        "timing",
        "result",
        "error",
        "files",
        "links",
        "trace_id",
    ]
)
PARTS = {
    "progress": {"percent", "message"},
    "queue": {"name", "position", "depth"},
    "timing": {"queued_ms", "running_ms", "total_ms"},
    "links": {"self", "result", "events", "cancel", "type"},
}
TIMES = ("created_at", "started_at", "finished_at", "expires_at", "estimated_finish_at")
RANK = {"queued": 0, "running": 1, "cancelling": 2, "succeeded": 3, "failed": 3, "cancelled": 3}


def _is_a_document(document: Document) -> None:
    """What holds for a job's document in any state."""
    assert set(document) <= MEMBERS, f"members that the contract does not name: {set(document) - MEMBERS}"
    for name in ("id", "type", "state", "done", "attempt", "max_attempts", "created_at", "links"):
        assert name in document, f"{name} is missing: {document}"
    for name, members in PARTS.items():
        assert set(document.get(name, {})) <= members, f"{name} is {document[name]}"
    for name in TIMES:
        if name in document:
            instant(document[name], name)
    same(list(nulls(document)), [], "members that are null")
    assert document["state"] in STATES, f"state is {document['state']!r}"
    same(document["done"], document["state"] in DONE, f"done of a job that is {document['state']}")
    assert isinstance(document["attempt"], int) and isinstance(document["max_attempts"], int), document
    assert 0 <= document["attempt"] <= document["max_attempts"] >= 1, (
        f"attempt {document['attempt']} of {document['max_attempts']}"
    )


@rule("A queued job's document is whole: nothing null, nothing that the contract does not name.")
def queued_document(client: Client) -> None:
    for document in (client.accepted().document, client.read(client.parked())):
        _is_a_document(document)
        if document["state"] == "queued":
            assert document.get("queue", {}).get("name"), f"a queued job says no queue: {document}"
            early = {"started_at", "finished_at", "result", "error"} & set(document)
            assert not early, f"a queued job has {early}"


@rule("A queued job says its place in its queue, and how long the queue is.")
def place_in_the_queue(client: Client) -> None:
    long = [client.accepted("simulate", {"seconds": 1.5, "kind": "sleep"}, {"priority": "low"}) for _ in range(6)]
    seen = [document for document in map(client.read, reversed(long)) if document["state"] == "queued"]
    for document in seen:
        queue = document["queue"]
        assert isinstance(queue.get("position"), int) and isinstance(queue.get("depth"), int), f"queue is {queue}"
        assert 0 <= queue["position"] <= queue["depth"], f"queue is {queue}"
    assert seen, "six long jobs were submitted at once, and none was seen queued"


@rule("A running job's document is whole, and says since when it runs.")
def running_document(client: Client) -> None:
    document = client.read(client.running(steps=3))
    _is_a_document(document)
    same(document["state"], "running", "state")
    assert instant(document["started_at"]) >= instant(document["created_at"]), document
    assert not {"finished_at", "result", "error"} & set(document), f"a running job says {sorted(document)}"
    assert document["attempt"] >= 1, f"attempt is {document['attempt']}"


@rule("A running job that reports progress shows it in percent.")
def progress_is_shown(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 3, "kind": "sleep", "steps": 6}, {"priority": "high"})
    document = client.until(job, lambda document: document.get("progress", {}).get("percent", 0) > 0, "making progress")
    percent = document["progress"]["percent"]
    assert isinstance(percent, int | float) and 0 < percent <= 100, f"percent is {percent!r}"


@rule("A succeeded job's document is whole, with its result, its times and when it expires.")
def succeeded_document(client: Client) -> None:
    document = client.finished().document
    _is_a_document(document)
    same(document["state"], "succeeded", "state")
    assert "result" in document and "error" not in document, f"members are {sorted(document)}"
    times = [instant(document[name], name) for name in ("created_at", "started_at", "finished_at", "expires_at")]
    assert times == sorted(times), f"the times are not in order: {document}"
    assert times[3] > times[2], "it expires when it ends"


@rule("A failed job's document is whole, and its error is a problem with an origin.")
def failed_document(client: Client) -> None:
    job = client.failed()
    _is_a_document(job.document)
    error = job.document["error"]
    assert "result" not in job.document, "a failed job has a result"
    assert error.get("origin") in ("job", "timeout", "worker-lost", "invalid-result"), (
        f"origin is {error.get('origin')!r}"
    )
    same(error["origin"], "job", "the origin of an error that the job raised")
    for name in ("type", "title", "detail"):
        assert isinstance(error.get(name), str) and error[name], f"error.{name} is {error.get(name)!r}"
    assert not re.search(r"Traceback|\.py\b|site-packages|0x[0-9a-f]{6,}", str(error)), (
        f"the error shows our code: {error}"
    )


@rule("The type of a job's error resolves to a page.")
def error_types_resolve(client: Client) -> None:
    job = client.failed()
    is_html(page_of(client, job.document["error"], job.location))


@rule("A cancelled job's document is whole, without a result or a start.")
def cancelled_document(client: Client) -> None:
    job = client.parked()
    client.cancel(job)
    document = client.read(job)
    _is_a_document(document)
    same(document["state"], "cancelled", "state")
    assert not {"result", "started_at"} & set(document), f"members are {sorted(document)}"
    assert instant(document["finished_at"]) >= instant(document["created_at"])


@rule("A job that always raises fails in the end, after no more attempts than it may have.")
def attempts_end(client: Client) -> None:
    job = client.end_of(
        client.accepted("simulate", {"seconds": 0.1, "kind": "sleep", "fail_rate": 1}, {"priority": "high"})
    )
    _is_a_document(job.document)
    same(job.document["state"], "failed", "state")
    same(job.document["error"]["origin"], "job", "error.origin")


@rule("A job that waits for its next attempt is queued, with attempt above 1.")
def waiting_for_the_next_attempt(client: Client) -> None:
    value = {"seconds": 0, "kind": "sleep", "fail_rate": 1}
    job = client.accepted("simulate", value, {"priority": "high"})
    document = client.until(job, lambda document: document["attempt"] > 1, "in its second attempt")
    if document["state"] == "running":  # the wait was shorter than the time between two reads
        return
    same((document["state"], document["done"]), ("queued", False), "state and done between two attempts")
    assert document["attempt"] <= document["max_attempts"], document


@rule("The timing of a done job is whole milliseconds that agree with its times.")
def timing_adds_up(client: Client) -> None:
    document = client.finished("simulate", {"seconds": 0.4, "kind": "sleep"}, {"priority": "high"}).document
    timing = document["timing"]
    same(set(timing), PARTS["timing"], "members of timing")
    assert all(isinstance(value, int) and value >= 0 for value in timing.values()), f"timing is {timing}"
    assert timing["running_ms"] >= 390, f"it ran 0.4 s, running_ms is {timing['running_ms']}"
    if document["attempt"] == 1:
        assert abs(timing["total_ms"] - timing["queued_ms"] - timing["running_ms"]) <= 5, f"timing is {timing}"
    lived = (instant(document["finished_at"]) - instant(document["created_at"])) / timedelta(milliseconds=1)
    assert abs(lived - timing["total_ms"]) <= 5, f"it lived {lived} ms, total_ms is {timing['total_ms']}"


@rule("States go one way: queued, running, done; and what is done stays as it is.")
def states_are_monotone(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 1, "kind": "sleep", "steps": 4}, {"priority": "high"})
    seen = [job.document["state"]]
    while seen[-1] not in DONE:
        seen.append(client.read(job)["state"])
        client.pause(0.03)
    ranks = [RANK[state] for state in seen]
    assert ranks == sorted(ranks), f"the states went {seen}"
    same(seen[-1], "succeeded", "the last state")


@rule("A terminal state is written once: document and ETag stay the same, byte for byte.")
def terminal_is_immutable(client: Client) -> None:
    for job in (client.finished(), client.failed()):
        first = client.get(job.location)
        client.cancel(job)
        client.pause(1.2)
        second = client.get(job.location)
        same(second.body, first.body, "the document of a done job")
        same(second.headers.get("ETag"), first.headers.get("ETag"), "the ETag of a done job")


@rule("The links of a job are absolute, lie on the right service, and lead where they say.")
def links_lead_somewhere(client: Client) -> None:
    job = client.finished()
    found = job.document["links"]
    for name in ("self", "events", "result"):
        absolute(found[name], client.status)
    same(found["self"], job.location, "links.self")
    absolute(found["type"], client.gateway)
    parked = client.read(client.parked())["links"]
    absolute(parked["cancel"], client.gateway)
    status_is(client.send("DELETE", parked["cancel"]), 200)
    for name in ("self", "result", "type"):
        status_is(client.get(found[name]), 200)


@rule("A delayed or queued job that knows when it may end says so in the future.")
def estimates_lie_ahead(client: Client) -> None:
    client.finished()
    document = client.read(client.parked())
    if "estimated_finish_at" in document:
        created = instant(document["created_at"])
        assert instant(document["estimated_finish_at"]) >= created + timedelta(seconds=590), document
