"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request sent again makes no second job."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.kit.checks import problem, same, status_is, whole_seconds
from tests.conformance.kit.client import Client, Job, new_key
from tests.conformance.kit.http import Reply
from tests.conformance.kit.listing import jobs_of
from tests.conformance.kit.rules import rule
from tests.conformance.kit.samples import multipart

REPLAYED = "Idempotency-Replayed"
LATER = {"delay": 600}


def _again(reply: Reply, job: Job) -> Reply:
    status_is(reply, 200, 202)
    same(reply.headers.get(REPLAYED).lower(), "true", REPLAYED)
    same(reply.headers.get("Location"), job.location, "Location")
    same(reply.json()["id"], job.id, "id")
    return reply


@rule("The same key and payload give the same job and Location, with Idempotency-Replayed: true.")
def a_replay(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    job = client.accepted(query=LATER, fields=fields)
    assert REPLAYED not in job.reply.headers, "the first request is called a replay"
    for _ in range(3):
        _again(client.submit(query=LATER, fields=fields), job)


@rule("A retry that sends back the cookie which the first reply set is a replay all the same.")
def a_replay_with_the_new_cookie(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    job = client.accepted(query=LATER, fields=fields)
    cookies = [cookie.partition(";")[0] for cookie in job.reply.headers.all("Set-Cookie")]
    _again(client.submit(query=LATER, fields={**fields, "Cookie": "; ".join(cookies)} if cookies else fields), job)


@rule("A replay shows the job as it is now: done, with its result.")
def a_replay_is_current(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    job = client.end_of(client.accepted(fields=fields))
    same(_again(client.submit(fields=fields), job).json(), job.document, "the replayed document")


@rule("The same key with another payload is refused with 422, and the first job is untouched.")
def another_payload(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    job = client.accepted(query=LATER, fields=fields)
    reply = client.submit(value={"text": "something else"}, query=LATER, fields=fields)
    assert "errors" not in problem(reply, 422) or reply.json()["type"], reply.text
    _again(client.submit(query=LATER, fields=fields), job)


@rule("A key is the same bare or quoted.")
def quoted_or_bare(client: Client) -> None:
    key = new_key()
    job = client.accepted(query=LATER, fields={"Idempotency-Key": key})
    _again(client.submit(query=LATER, fields={"Idempotency-Key": f'"{key}"'}), job)


@rule("Keys of 1 and of 255 printable ASCII characters are taken.")
def longest_and_shortest(client: Client) -> None:
    for key in (new_key().ljust(255, "~"), "!#$%&'()*+-./:;<=>?@[]^_`{|}~" + new_key()):
        fields = {"Idempotency-Key": key}
        job = client.accepted(query=LATER, fields=fields)
        _again(client.submit(query=LATER, fields=fields), job)
    status_is(client.submit(query="validate=true", fields={"Idempotency-Key": "k"}), 200)


@rule("An empty key, one of 256 characters, and one beyond printable ASCII are refused with 400.")
def bad_keys(client: Client) -> None:
    for key in (b"", b'""', b"k" * 256, "schlüssel".encode(), b"tab\there", b"\x7f", b"nul\x01"):
        reply = client.submit(query="validate=true", fields={"Idempotency-Key": key})
        assert reply.status == 400, f"the key {key[:20]!r} of {len(key)} bytes got {reply.status}"
        if reply.headers.get("X-Request-ID"):
            problem(reply, 400)


@rule("Twenty racing requests with one key make one job, and exactly one of them is no replay.")
def a_race(client: Client) -> None:
    me = client.session()
    fields = {**me, "Idempotency-Key": new_key()}
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: client.submit(query=LATER, fields=fields), range(20)))
    _one_job(client, replies)
    listed = jobs_of(client.get(f"{client.status}/v1/jobs", me))
    same(len(listed), 1, "jobs in the caller's list")


@rule("Twenty racing uploads with one key make one job.")
def a_race_of_uploads(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    body = b"word " * 50_000
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: client.post("text-report", "text/plain", body, LATER, fields), range(20)))
    _one_job(client, replies)


def _one_job(client: Client, replies: list[Reply]) -> None:
    codes = Counter(reply.status for reply in replies)
    assert set(codes) <= {200, 202, 409} and codes[409] < len(replies), f"the replies were {dict(codes)}"
    for reply in replies:
        if reply.status == 409:
            problem(reply, 409)
            same(whole_seconds(reply), 1, "Retry-After")
    taken = [reply for reply in replies if reply.status != 409]
    same(len({reply.json()["id"] for reply in taken}), 1, "jobs that came of it")
    same(sum(REPLAYED not in reply.headers for reply in taken), 1, "replies that are no replay")


@rule("A refused request is not remembered: its key is free for a better one.")
def refusals_are_forgotten(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    problem(client.submit("simulate", {"seconds": "soon"}, fields=fields), 422)
    problem(client.post("simulate", "application/json", b"{", fields=fields), 400)
    problem(client.post("simulate", "text/xml", b"<a/>", fields=fields), 415)
    job = client.accepted("simulate", {"seconds": 0.1, "kind": "sleep"}, LATER, fields)
    assert REPLAYED not in job.reply.headers, "the refused request was remembered"


@rule("One key on two job types makes two jobs.")
def scope_is_the_type(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    first = client.accepted(query=LATER, fields=fields)
    second = client.accepted("simulate", {"seconds": 0.1, "kind": "sleep"}, LATER, fields)
    assert first.id != second.id and REPLAYED not in second.reply.headers, "the key leaked from one type to another"


@rule("Two sessions that use one key by chance do not see each other's jobs.")
def scope_is_the_client(client: Client) -> None:
    key = {"Idempotency-Key": new_key()}
    first = client.accepted(query=LATER, fields={**client.session(), **key})
    second = client.accepted(query=LATER, fields={**client.session(), **key})
    assert first.id != second.id, "one session got the other's job"


@rule("Different keys, and no key, make different jobs of the same payload.")
def no_accidental_replay(client: Client) -> None:
    keys: list[dict[str, str]] = [{"Idempotency-Key": new_key()}, {"Idempotency-Key": new_key()}, {}, {}]
    ids = {client.accepted(query=LATER, fields=fields).id for fields in keys}
    same(len(ids), 4, "jobs")


@rule("A retry of a multipart upload is a replay, although its boundary is a new one.")
def a_new_boundary_is_no_new_payload(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    parts = [("document", "a.txt", "text/plain", b"some words of a file")]
    replies = []
    for boundary in ("first-boundary", "second-boundary"):
        kind, body = multipart(parts, boundary)
        replies.append(client.post("text-report", kind, body, LATER, fields))
    status_is(replies[0], 202)
    _again(replies[1], Job(replies[0].headers.get("Location"), replies[0].json(), replies[0]))


@rule("Another file under the same key is another payload: 422.")
def another_file(client: Client) -> None:
    fields = {"Idempotency-Key": new_key()}
    status_is(client.post("text-report", "text/plain", b"first file", LATER, fields), 202)
    problem(client.post("text-report", "text/plain", b"other file", LATER, fields), 422)


@rule("A key works with Prefer: wait, too: the replay waits for the same job.")
def with_prefer_wait(client: Client) -> None:
    fields = {"Idempotency-Key": new_key(), "Prefer": "wait=20"}
    first = status_is(client.submit("simulate", {"seconds": 0.3, "kind": "sleep"}, {"priority": "high"}, fields), 200)
    second = status_is(client.submit("simulate", {"seconds": 0.3, "kind": "sleep"}, {"priority": "high"}, fields), 200)
    same(second.json()["id"], first.json()["id"], "id")
    same(second.headers.get(REPLAYED).lower(), "true", REPLAYED)
