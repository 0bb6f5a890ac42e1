"""What a client gets when its job is accepted: 202, and everything it needs to follow the job."""

import re
import string
from urllib.parse import urlsplit

from tests.conformance.kit.checks import absolute, links, problem, same, status_is, whole_seconds
from tests.conformance.kit.client import Client, origin_of, taken
from tests.conformance.kit.rules import rule


@rule("A submitted job is answered 202 with its job document as application/json.")
def accepted_with_a_document(client: Client) -> None:
    job = client.accepted()
    same(job.reply.media_type, "application/json", "Content-Type")
    same(job.document.get("type"), "text-report", "type")
    assert job.document.get("id") and job.document.get("state"), f"no job document: {job.document}"


@rule("Location is absolute, lies on the status service and names the job.")
def location_is_the_job_on_status(client: Client) -> None:
    job = client.accepted()
    absolute(job.location, client.status)
    same(urlsplit(job.location).path, f"/v1/jobs/{job.id}", "the path of Location")
    same(client.read(job)["id"], job.id, "the job at Location")


@rule("A 202 says in Retry-After, in whole seconds, when to ask again.")
def retry_after_is_whole_seconds(client: Client) -> None:
    whole_seconds(client.accepted().reply)


@rule("A 202 has an ETag, the one under which status serves the same document.")
def etag_is_that_of_the_document(client: Client) -> None:
    job = client.parked()
    etag = job.reply.headers.get("ETag")
    assert re.fullmatch(r'(W/)?"[\x21\x23-\x7e]*"', etag), f"ETag is {etag!r}"
    read = client.get(job.location)
    if read.json() == job.document:
        same(read.headers.get("ETag"), etag, "the ETag of the same document on status")
    else:
        assert read.headers.get("ETag") != etag, "two different documents have one ETag"


@rule("A 202 links to the job (self), to where it is followed (monitor) and to its description (describedby).")
def link_relations(client: Client) -> None:
    job = client.parked()
    found = links(job.reply)
    assert {"self", "monitor", "describedby"} <= set(found), f"Link has only {sorted(found)}"
    same(found["self"], job.location, 'Link rel="self"')
    for relation, target in found.items():
        status_is(client.send("HEAD", target), 200), relation


@rule("The target of describedby tells programs about the job type.")
def describedby_is_readable(client: Client) -> None:
    target = links(client.parked().reply)["describedby"].partition("#")[0]
    reply = status_is(client.get(target, {"Accept": "application/json"}), 200)
    assert "text-report" in reply.text, f"{target} does not speak of text-report"


@rule("A job's id is unguessable: sixteen of them show 128 random bits or more.")
def ids_are_unguessable(client: Client) -> None:
    ids = [client.parked().id for _ in range(16)]
    assert len(set(map(len, ids))) == 1, f"ids of different lengths: {ids[:3]}"
    varying = sum(len({job_id[place] for job_id in ids}) > 4 for place in range(len(ids[0])))
    uuid = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}")
    uuids = all(map(uuid.fullmatch, ids))  # one of eight random ids looks like one
    seen = set("".join(ids)) - set("-_")
    bits = 4 if seen <= set(string.hexdigits) else 5 if len(seen) <= 33 else 5.9
    random_bits = 122 if uuids else varying * bits
    assert random_bits >= 128, f"about {random_bits:.0f} random bits in ids such as {ids[0]!r}"


@rule("An unknown job type is refused with 404, and the reply names those that exist.")
def unknown_type(client: Client) -> None:
    reply = client.submit("no-such-type", {})
    problem(reply, 404)
    for kind in ("text-report", "image-thumbnails", "csv-profile", "simulate"):
        assert kind in reply.text, f"the 404 does not name {kind}: {reply.text[:300]}"


@rule("Job types are matched exactly: another case, a trailing dot or an encoded path is no job type.")
def type_names_are_exact(client: Client) -> None:
    for name in ("TEXT-REPORT", "text-report.", "text_report", "%2e%2e%2ftext-report", "text-report%00"):
        problem(client.submit(name), 404, 400)


@rule("Links carry the host name that the client used, or a configured one, or an untrusted host gets 400.")
def links_follow_the_host(client: Client) -> None:
    usual = urlsplit(client.parked().location)
    port = urlsplit(client.gateway).port
    reply = client.submit(query={"delay": 600}, fields={"Host": f"kit.example:{port}"})
    if reply.status == 400:
        problem(reply, 400)
        return
    job = taken(reply)
    configured = usual.hostname != urlsplit(client.gateway).hostname
    wanted = usual.hostname if configured else "kit.example"
    same(urlsplit(job.location).hostname, wanted, "the host of Location")
    same(urlsplit(job.location).port, usual.port, "the port of Location")


@rule("With no proxy in front, X-Forwarded-Host and Forwarded do not change a link.")
def forwarded_headers_are_not_believed(client: Client) -> None:
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "Forwarded": "host=evil.example;proto=ftp"}
    job = taken(client.submit(query={"delay": 600}, fields=evil))
    same(origin_of(job.location), client.status, "the origin of Location")
    assert "evil.example" not in job.reply.text + job.reply.headers.get("Link"), "a link follows X-Forwarded-Host"


@rule("A Host that is no host name is refused with 400.")
def nonsense_hosts(client: Client) -> None:
    for host in ("evil.example/path", "a b", 'x"><script>', "user@evil.example", "evil.example:99999x"):
        reply = client.submit(query="validate=true", fields={"Host": host})
        status_is(reply, 400)
        assert host not in reply.headers.get("Location"), f"the host {host!r} came back in Location"


@rule("A submitted job runs and succeeds.")
def the_job_runs(client: Client) -> None:
    document = client.finished().document
    same(document["state"], "succeeded", "state")
    assert isinstance(document.get("result"), dict), f"no result: {document}"
