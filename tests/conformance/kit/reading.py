"""Reading a job on status: codes, caching, conditions, HEAD and OPTIONS, and how a patient client fares."""

import re
import secrets
from collections.abc import Callable, Mapping

from tests.conformance.kit.checks import absolute, contains, problem, same, status_is, strings, whole_seconds
from tests.conformance.kit.client import Client, Job
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule


def _purged(client: Client) -> Job:
    job = client.finished()
    status_is(client.cancel(job, "purge=true"), 200)
    return job


@rule("A job reads as 200 application/json, whatever its state.")
def always_200(client: Client) -> None:
    for job in (client.parked(), client.finished(), client.failed()):
        same(status_is(client.get(job.location), 200).media_type, "application/json", "Content-Type")


@rule("While a job is not done, a read says Retry-After and Cache-Control: no-cache.")
def not_done_yet(client: Client) -> None:
    for job in (client.parked(), client.running()):
        reply = client.get(job.location)
        whole_seconds(reply)
        assert "no-cache" in reply.headers.tokens("Cache-Control"), (
            f"Cache-Control is {reply.headers.get('Cache-Control')!r}"
        )


@rule("A done job is cacheable by the client alone, for a while, and says no Retry-After.")
def done_is_cacheable(client: Client) -> None:
    reply = client.get(client.finished().location)
    said = reply.headers.get("Cache-Control")
    assert "private" in reply.headers.tokens("Cache-Control"), f"Cache-Control is {said!r}"
    age = re.search(r"max-age=(\d+)", said)
    assert age and int(age[1]) > 0, f"Cache-Control is {said!r}"
    assert "Retry-After" not in reply.headers, "a done job says Retry-After"


def unchanged(client: Client, job: Job, condition: Callable[[str], str], fields: Mapping[str, str]) -> Reply:
    """Ask for the job unless it has changed; anew where it did change meanwhile, as estimates do.

    `condition` makes the If-None-Match of the ETag.
    """
    while True:
        before = client.get(job.location)
        own = {**fields, "If-None-Match": condition(before.headers.get("ETag"))}
        reply = client.get(job.location, own)
        if reply.status != 200 or reply.body == before.body:
            return reply


@rule("If-None-Match gives 304 without a body, with an ETag, Cache-Control and Vary (RFC 9110, 15.4.5).")
def not_modified(client: Client) -> None:
    conditions: dict[str, Callable[[str], str]] = {
        "the ETag": lambda etag: etag,
        "a list with the ETag": lambda etag: f'"other", {etag}',
        "the weak ETag": lambda etag: f"W/{etag.removeprefix('W/')}",
        "the strong ETag": lambda etag: etag.removeprefix("W/"),
        "any ETag": lambda etag: "*",
    }
    for job in (client.parked(), client.finished()):
        vary = client.get(job.location).headers.get("Vary")
        for name, condition in conditions.items():
            reply = unchanged(client, job, condition, {})
            assert reply.status == 304, f"If-None-Match with {name} got {reply.status}"
            same(reply.body, b"", "the body of a 304")
            same(reply.headers.get("Vary"), vary, "the Vary of a 304")
            assert "ETag" in reply.headers and "Cache-Control" in reply.headers, (
                f"a 304 says only {reply.headers.pairs}"
            )


@rule("Another If-None-Match, or one that is no entity tag, gives 200.")
def modified(client: Client) -> None:
    job = client.finished()
    for condition in ('"other"', 'W/"other", "more"', "nonsense", '"'):
        status_is(client.get(job.location, {"If-None-Match": condition}), 200)


@rule("The ETag changes exactly when the document does.")
def etag_follows_the_document(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 1.5, "kind": "sleep", "steps": 6}, {"priority": "high"})
    bodies: dict[str, bytes] = {}
    tags: dict[bytes, str] = {}
    done = False
    while not done:
        reply = client.get(job.location)
        done = reply.json()["done"]
        etag = reply.headers.get("ETag")
        same(bodies.setdefault(etag, reply.body), reply.body, f"the document under ETag {etag}")
        same(tags.setdefault(reply.body, etag), etag, "the ETag of the same document")
        client.pause(0.05)
    assert len(bodies) >= 3, f"a job of six steps showed only {len(bodies)} different documents"


@rule("The ETag of a waiting job stays while the document does.")
def etag_is_stable(client: Client) -> None:
    job = client.parked()
    first, second = client.get(job.location), client.get(job.location)
    same(first.headers.get("ETag") == second.headers.get("ETag"), first.body == second.body, "equal ETags")


@rule("Retry-After is computed, not constant: a job that is to start much later says a longer one.")
def retry_after_is_computed(client: Client) -> None:
    soon = whole_seconds(client.get(client.running(2).location))
    later = whole_seconds(client.get(client.parked().location))
    assert later > soon, f"a job in 10 minutes says {later} s, one that runs for 2 s says {soon} s"


@rule("A client that obeys Retry-After polls rarely, and learns of the end soon.", when="alone")
def obeying_pays(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 3, "kind": "sleep"}, {"priority": "high"})
    wait, polls = whole_seconds(job.reply), 0
    while True:
        client.pause(wait)
        reply = client.get(job.location)
        polls += 1
        if reply.json()["done"]:
            break
        wait = whole_seconds(reply)
    assert polls <= 12, f"a job of 3 seconds took {polls} polls"
    assert wait <= 10, f"the last wait before the end was {wait} s"


@rule("?redirect=true gives 303 to the result when the job has succeeded, and 200 otherwise.")
def redirect_to_the_result(client: Client) -> None:
    job = client.finished()
    reply = status_is(client.get(f"{job.location}?redirect=true"), 303)
    where = absolute(reply.headers.get("Location"), client.status)
    same(client.get(where).json(), job.document["result"], "the result")
    for other in (client.parked(), client.failed()):
        status_is(client.get(f"{other.location}?redirect=true"), 200)


@rule("A job that never existed is 404, whatever its id looks like.")
def never_existed(client: Client) -> None:
    job_id = client.parked().id
    other = job_id[:-1] + ("a" if job_id[-1] != "a" else "b")
    for name in (
        other,
        secrets.token_urlsafe(22),
        "x",
        "0",
        "null",
        "%00",
        "a%2Fb",
        "%ff",
        "*",
        "x" * 1000,
        "job:1",
        "%0d%0aX:y",
    ):
        for tail in ("", "/result", "/events", "/files/a.png", "/deliveries"):
            problem(client.get(f"{client.status}/v1/jobs/{name}{tail}"), 404)


@rule("A purged job is 410, which says when it went and how it had ended; also its result, events and files.")
def gone(client: Client) -> None:
    job = _purged(client)
    value = problem(client.get(job.location), 410)
    assert any("succeeded" in text for text in strings(value)), f"the 410 does not say how the job had ended: {value}"
    assert any(re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text) for text in strings(value)), (
        f"the 410 says no time: {value}"
    )
    assert not contains(value, job.document["result"]), "the 410 still shows the result"
    for tail in ("/result", "/events", "/files/a.png"):
        problem(client.get(job.location + tail), 410)


@rule("HEAD on a job gives the headers of GET, and no body.")
def head_is_get_without_body(client: Client) -> None:
    job = client.finished()
    got, head = client.get(job.location), client.send("HEAD", job.location)
    same(head.status, 200, "status")
    for name in ("Content-Type", "ETag", "Vary"):
        same(head.headers.get(name), got.headers.get(name), name)
    if "Content-Length" in head.headers:
        same(head.headers.get("Content-Length"), str(len(got.body)), "Content-Length")
    path = job.location.removeprefix(client.status)
    key = f"Authorization: Bearer {client.platform.api_key}\r\n" if client.platform.api_key else ""
    host = client.status.partition("://")[2]
    data = f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\n{key}Connection: close\r\n\r\n".encode()
    reply = client.raw(client.status, data, half_close=False, most=5)
    assert reply is not None and reply.body == b"", "HEAD was answered with a body"


@rule("HEAD works on every resource of a job, and does not hang on the event stream.")
def head_everywhere(client: Client) -> None:
    job = client.finished()
    for tail in ("", "/result", "/deliveries"):
        status_is(client.send("HEAD", job.location + tail), 200)
    parked = client.parked()
    status_is(client.send("HEAD", parked.location + "/events", most=5), 200)
    status_is(client.send("HEAD", parked.location + "/result"), 409)
    status_is(client.send("HEAD", f"{client.status}/v1/jobs/nothing"), 404)


@rule("OPTIONS works on every resource, and says in Allow what may be done.")
def options_everywhere(client: Client) -> None:
    job = client.parked()
    reads = [job.location + tail for tail in ("", "/result", "/events", "/files/a.png", "/deliveries")]
    for base in (client.gateway, client.status):
        reads += [base + path for path in ("/", "/openapi.json", "/docs", "/livez", "/readyz", "/metrics")]
    for url in reads:
        reply = status_is(client.send("OPTIONS", url), 200, 204)
        assert {"get", "head", "options"} <= reply.headers.tokens("Allow"), (
            f"{reply}: Allow is {reply.headers.get('Allow')!r}"
        )
    for url, method in ((client.type_url("text-report"), "post"), (f"{client.gateway}/v1/jobs/{job.id}", "delete")):
        reply = status_is(client.send("OPTIONS", url), 200, 204)
        assert method in reply.headers.tokens("Allow"), f"{reply}: Allow is {reply.headers.get('Allow')!r}"


@rule("A query that a read does not know does no harm.")
def unknown_queries(client: Client) -> None:
    job = client.finished()
    for query in ("?nothing=1", "?redirect=banana", "?redirect=", "?%FF=%00", "?redirect=false"):
        status_is(client.get(job.location + query), 200, 400, 422)
