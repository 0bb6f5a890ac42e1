"""Cancelling and purging: `DELETE /v1/jobs/{id}` on the gateway."""

from tests.conformance.kit.checks import problem, same, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.rules import rule
from tests.conformance.kit.samples import picture


@rule("Cancelling a queued job gives 200 with the cancelled document.")
def a_queued_job(client: Client) -> None:
    job = client.parked()
    reply = status_is(client.cancel(job), 200)
    same((reply.json()["id"], reply.json()["state"], reply.json()["done"]), (job.id, "cancelled", True), "the document")
    same(client.read(job)["state"], "cancelled", "state on status")


@rule("A job that was cancelled while queued never starts.")
def it_never_starts(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 0.1, "kind": "sleep"}, {"delay": 2, "priority": "high"})
    status_is(client.cancel(job), 200)
    client.pause(3.5)
    document = client.read(job)
    same(document["state"], "cancelled", "state after its delay")
    assert "started_at" not in document, f"it started: {document}"


@rule("Cancelling a running job gives 202 cancelling; the work stops within seconds, and the job is cancelled.")
def a_running_job(client: Client) -> None:
    job = client.running(seconds=35)
    reply = status_is(client.cancel(job), 202)
    same((reply.json()["state"], reply.json()["done"]), ("cancelling", False), "the document")
    document = client.until(job, lambda document: document["done"], "done")
    same(document["state"], "cancelled", "the state in the end")
    assert document["timing"]["running_ms"] < 20_000, f"it ran {document['timing']['running_ms']} ms"


@rule("A job that is busy computing and does not look up is stopped within seconds, too.")
def a_busy_job(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 35, "kind": "cpu"}, {"priority": "high"})
    client.until(job, lambda document: document["state"] == "running", "running")
    status_is(client.cancel(job), 202)
    document = client.until(job, lambda document: document["done"], "done")
    same(document["state"], "cancelled", "the state in the end")
    assert document["timing"]["running_ms"] < 20_000, f"it ran {document['timing']['running_ms']} ms"


@rule("Cancelling a job that is about to end harms none of those that follow it on the same worker.", when="alone")
def others_go_on(client: Client) -> None:
    job = client.running(seconds=0.8)
    value = {"seconds": 1.2, "kind": "sleep"}
    following = [client.accepted("simulate", value, {"priority": "high"}) for _ in range(4)]
    client.cancel(job)
    states = [client.end_of(other).document["state"] for other in following]
    same(states, ["succeeded"] * 4, "the states of four jobs that nobody cancelled")


@rule("Cancelling twice is no different from cancelling once.")
def twice(client: Client) -> None:
    parked, running = client.parked(), client.running()
    for _ in range(2):
        same(status_is(client.cancel(parked), 200).json()["state"], "cancelled", "state")
    status_is(client.cancel(running), 202)
    assert status_is(client.cancel(running), 200, 202).json()["state"] in ("cancelling", "cancelled")


@rule("Cancelling a done job gives 200 and changes nothing.")
def a_done_job(client: Client) -> None:
    for job in (client.finished(), client.failed()):
        same(status_is(client.cancel(job), 200).json(), job.document, "the document")
        same(client.read(job), job.document, "the document on status")


@rule("?purge=true removes the job with its result and files: 410 from then on.")
def purge(client: Client) -> None:
    body = picture(200, 100)
    reply = client.post("image-thumbnails", "image/png", body, "", {"Prefer": "wait=20"})
    document = status_is(reply, 200).json()
    status_is(client.send("DELETE", f"{client.gateway}/v1/jobs/{document['id']}?purge=true"), 200, 204)
    problem(client.get(document["links"]["self"]), 410)
    problem(client.get(document["links"]["self"] + "/result"), 410)
    for entry in document["files"]:
        problem(client.get(entry["url"]), 410)


@rule("Purging a queued job cancels it, and it is gone.")
def purge_a_queued_job(client: Client) -> None:
    job = client.parked()
    status_is(client.cancel(job, "purge=true"), 200, 204)
    problem(client.get(job.location), 410)


@rule("Purging twice is 410 or no different from once.")
def purge_twice(client: Client) -> None:
    job = client.finished()
    status_is(client.cancel(job, "purge=true"), 200, 204)
    status_is(client.cancel(job, "purge=true"), 200, 204, 410)


@rule("Cancelling a job that never existed is 404.")
def unknown_job(client: Client) -> None:
    for name in ("nothing", "x" * 500, "%00", "%2e%2e"):
        problem(client.send("DELETE", f"{client.gateway}/v1/jobs/{name}"), 404)
