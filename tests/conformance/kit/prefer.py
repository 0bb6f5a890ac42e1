"""Prefer (RFC 7240): waiting for the end within the request, and the many ways to write a preference."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.kit.checks import absolute, same, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.http import Fields, Reply
from tests.conformance.kit.reading import unchanged
from tests.conformance.kit.rules import rule

SHORT = {"seconds": 0.1, "kind": "sleep"}
SOON = {"priority": "high"}


def _short(client: Client, fields: Fields) -> Reply:
    return client.submit("simulate", SHORT, SOON, fields)


@rule("Prefer: wait=N gives 200 with the finished document when the job ends in time.")
def the_finished_document(client: Client) -> None:
    reply = status_is(_short(client, {"Prefer": "wait=20"}), 200)
    same(reply.json()["state"], "succeeded", "state")
    same(reply.json()["done"], True, "done")


@rule("A waited-for 200 says in Content-Location where the job is.")
def content_location(client: Client) -> None:
    reply = status_is(_short(client, {"Prefer": "wait=20"}), 200)
    where = absolute(reply.headers.get("Content-Location"), client.status)
    same(client.get(where).json(), reply.json(), "the document at Content-Location")


@rule("A waited-for 200 says Preference-Applied: wait=N.")
def preference_applied(client: Client) -> None:
    same(_short(client, {"Prefer": "wait=20"}).headers.get("Preference-Applied"), "wait=20", "Preference-Applied")


@rule("wait is cut to 30 seconds, and the reply says so.")
def cut_to_thirty(client: Client) -> None:
    for seconds in ("100", "99999999999999999999"):
        reply = status_is(_short(client, {"Prefer": f"wait={seconds}"}), 200)
        same(reply.headers.get("Preference-Applied"), "wait=30", f"Preference-Applied for wait={seconds}")


@rule("A job that does not end within the wait is answered 202, as if nothing had been preferred.")
def the_wait_runs_out(client: Client) -> None:
    before = time.monotonic()
    reply = status_is(client.submit(query={"delay": 600}, fields={"Prefer": "wait=1"}), 202)
    assert time.monotonic() - before >= 0.9, "the reply came without a wait"
    absolute(reply.headers.get("Location"), client.status)
    same(reply.json()["done"], False, "done")


@rule("A job that fails within the wait is answered 200 with the failed document.")
def a_failure_in_time(client: Client) -> None:
    reply = client.post("image-thumbnails", "image/png", b"\x89PNG\r\n\x1a\n", SOON, {"Prefer": "wait=20"})
    if reply.status != 422:
        same(status_is(reply, 200).json()["state"], "failed", "state")


@rule("Several preferences are read, in any order, with parameters and spaces, whatever their case.")
def several_preferences(client: Client) -> None:
    for line in (
        'foo; bar="x, wait=0", wait=20',
        "respond-async, wait=20",
        "wait=20, respond-async",
        "WAIT=20",
        "wait = 20",
        'return=minimal; x=";,", wait=20; note="a b"',
        ",, wait=20 ,",
    ):
        reply = _short(client, {"Prefer": line})
        assert reply.status == 200, f"Prefer: {line} got {reply.status}"


@rule("Preferences in several header lines are one list.")
def several_lines(client: Client) -> None:
    status_is(_short(client, [("Prefer", "respond-async"), ("Prefer", "wait=20")]), 200)
    status_is(_short(client, [("Prefer", "handling=lenient"), ("Prefer", 'x="y"'), ("Prefer", "wait=20")]), 200)


@rule("Of a preference that is named twice, the first counts (RFC 7240, 2).")
def the_first_counts(client: Client) -> None:
    status_is(_short(client, [("Prefer", "wait=20, wait=0")]), 200)
    reply = client.submit(query={"delay": 600}, fields=[("Prefer", "wait=0"), ("Prefer", "wait=25")], most=8)
    status_is(reply, 202)


@rule("Unknown and unreadable preferences are ignored, never refused.")
def unknown_preferences(client: Client) -> None:
    lines = ("tomorrow", "wait=soon", "wait=-1", "wait=", "wait", "wait=1.5x", '"', "=;,=", "wait=1e9", "x" * 500)
    for line in lines:
        reply = client.submit(query={"delay": 600}, fields={"Prefer": line}, most=8)
        assert reply.status == 202, f"Prefer: {line[:40]} got {reply.status}: {reply.text[:200]}"


@rule("Prefer: respond-async is the default: 202 at once.")
def respond_async(client: Client) -> None:
    status_is(client.submit(query={"delay": 600}, fields={"Prefer": "respond-async"}, most=8), 202)


@rule("Replies that depend on it say Vary: Prefer, with the preference and without.")
def vary(client: Client) -> None:
    job = client.parked()
    for reply in (job.reply, _short(client, {"Prefer": "wait=20"}), client.get(job.location)):
        assert "prefer" in reply.headers.tokens("Vary"), f"{reply}: Vary is {reply.headers.get('Vary')!r}"


@rule("A reading client that waits is answered as soon as the job is done.")
def reading_waits_for_the_end(client: Client) -> None:
    job = client.accepted("simulate", {"seconds": 1, "kind": "sleep"}, SOON)
    reply = status_is(client.get(job.location, {"Prefer": "wait=25"}, most=30), 200)
    same(reply.json()["done"], True, "done")
    same(reply.headers.get("Preference-Applied"), "wait=25", "Preference-Applied")


@rule("A reading client that waits with If-None-Match is answered as soon as the document differs.")
def reading_waits_for_a_change(client: Client) -> None:
    job = client.parked()
    with ThreadPoolExecutor(1) as pool:
        while True:  # until nothing but our cancelling changes the document: estimates change, too
            before = client.get(job.location)
            fields = {"Prefer": "wait=30", "If-None-Match": before.headers.get("ETag")}
            waiting = pool.submit(client.get, job.location, fields, 35)
            client.pause(0.5)
            if not waiting.done():
                break
            assert waiting.result().body not in (before.body, b""), f"answered without a change: {waiting.result()}"
        client.cancel(job)
        reply = status_is(waiting.result(10), 200)
        while reply.json()["state"] == "queued":
            reply = client.get(job.location, {"Prefer": "wait=30", "If-None-Match": reply.headers.get("ETag")}, most=35)
    same(reply.json()["state"], "cancelled", "state")


@rule("When nothing changes while a client waits with If-None-Match, it gets 304 in the end.")
def reading_waits_in_vain(client: Client) -> None:
    job = client.parked()
    began = time.monotonic()
    status_is(unchanged(client, job, lambda etag: etag, {"Prefer": "wait=1"}), 304)
    assert time.monotonic() - began >= 0.9, "the reply came without a wait"


@rule("A wait for a job that is done is no wait.")
def done_is_no_wait(client: Client) -> None:
    job = client.finished()
    status_is(client.get(job.location, {"Prefer": "wait=30"}, most=5), 200)


@rule("Twenty-four waiting requests on each service do not keep others out.", when="alone")
def waiting_keeps_nobody_out(client: Client) -> None:
    job = client.parked()
    with ThreadPoolExecutor(48) as pool:
        waits = [pool.submit(_wait, client) for _ in range(24)]
        waits += [pool.submit(client.get, job.location, {"Prefer": "wait=6"}, 30) for _ in range(24)]
        client.pause(1)
        for _ in range(3):
            status_is(client.get(f"{client.gateway}/livez", most=5), 200)
            status_is(client.get(job.location, most=5), 200)
            status_is(client.submit(query={"delay": 600}, most=5), 202)
        early = sum(wait.done() for wait in waits)
        replies = [wait.result() for wait in waits]
    assert early < len(waits), "the waiting requests were over before the others were answered"
    for reply in replies:
        status_is(reply, 200, 202, 503)


def _wait(client: Client) -> Reply:
    return client.submit(query={"delay": 600}, fields={"Prefer": "wait=6"})
