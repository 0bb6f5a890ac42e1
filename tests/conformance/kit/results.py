"""The result alone: `GET /v1/jobs/{id}/result`."""

from tests.conformance.kit.checks import problem, same, status_is, whole_seconds
from tests.conformance.kit.client import Client
from tests.conformance.kit.rules import rule


def _where(location: str) -> str:
    return f"{location}/result"


@rule("The result alone is what the document holds, in its own media type.")
def the_result_alone(client: Client) -> None:
    job = client.finished()
    reply = status_is(client.get(_where(job.location)), 200)
    same(reply.media_type, "application/json", "Content-Type")
    same(reply.json(), job.document["result"], "the result")


@rule("The result of a job that is not done is 409 job-not-finished, with Retry-After.")
def not_finished(client: Client) -> None:
    for job in (client.parked(), client.running()):
        reply = client.get(_where(job.location))
        value = problem(reply, 409)
        assert value["type"].endswith("/job-not-finished"), f"type is {value['type']}"
        whole_seconds(reply)


@rule("The result of a failed job is 409 with the error.")
def failed(client: Client) -> None:
    job = client.failed()
    reply = client.get(_where(job.location))
    value = problem(reply, 409)
    assert job.document["error"]["detail"] in reply.text or value.get("error"), f"the error is not told: {value}"
    assert "Retry-After" not in reply.headers, "a failed job will not have a result later"


@rule("The result of a cancelled job is 409.")
def cancelled(client: Client) -> None:
    job = client.parked()
    client.cancel(job)
    value = problem(client.get(_where(job.location)), 409)
    assert not value["type"].endswith("/job-not-finished"), "a cancelled job is called not finished"


@rule("A large result arrives whole, at its own address.")
def a_large_result(client: Client) -> None:
    size = 2_000_000
    job = client.finished("simulate", {"seconds": 0, "kind": "sleep", "result_bytes": size}, {"priority": "high"})
    same(job.document["state"], "succeeded", f"state ({job.document.get('error')})")
    reply = status_is(client.get(_where(job.location), most=20), 200)
    assert len(reply.body) >= size, f"a result of {size} bytes was asked for, {len(reply.body)} came"
    reply.json()


@rule("The token that was sent comes back in the result, so results are not mixed up between jobs.")
def no_mix_up(client: Client) -> None:
    tokens = [f"token-{number}-☃" for number in range(6)]
    value = {"seconds": 0.05, "kind": "sleep"}
    jobs = [client.accepted("simulate", {**value, "token": token}, {"priority": "high"}) for token in tokens]
    for job, token in zip(jobs, tokens, strict=True):
        same(client.end_of(job).document["result"].get("token"), token, "token")


@rule("A result can be asked for with a condition, and HEAD gives its size without its body.")
def result_conditions(client: Client) -> None:
    job = client.finished()
    reply = client.get(_where(job.location))
    head = status_is(client.send("HEAD", _where(job.location)), 200)
    same(head.headers.get("Content-Type"), reply.headers.get("Content-Type"), "Content-Type of HEAD")
    if etag := reply.headers.get("ETag"):
        status_is(client.get(_where(job.location), {"If-None-Match": etag}), 304)
