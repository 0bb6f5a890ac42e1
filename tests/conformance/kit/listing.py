"""The caller's own jobs: `GET /v1/jobs` on status."""

import json

from tests.conformance.kit.checks import absolute, instant, links, same, status_is
from tests.conformance.kit.client import Client, Document, Job, session_cookies
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule

LATER = {"delay": 600}


def jobs_of(reply: Reply) -> list[Document]:
    """The jobs of a listing: the body's one list, under whatever name."""
    status_is(reply, 200)
    value = reply.json()
    lists = [value] if isinstance(value, list) else [member for member in value.values() if isinstance(member, list)]
    assert len(lists) == 1, f"{reply}: the listing holds {len(lists)} lists: {reply.text[:200]}"
    jobs: list[Document] = lists[0]
    return jobs


def _some(client: Client, me: dict[str, str], count: int) -> list[Job]:
    return [client.accepted(query=LATER, fields=me) for _ in range(count)]


def _list(client: Client, me: dict[str, str], query: str = "") -> Reply:
    return client.get(f"{client.status}/v1/jobs{query}", me)


@rule("The caller's jobs are listed as job documents, newest first.")
def newest_first(client: Client) -> None:
    me = client.session()
    wanted = [job.id for job in reversed(_some(client, me, 4))]
    listed = jobs_of(_list(client, me))
    same([job["id"] for job in listed], wanted, "the ids")
    times = [instant(job["created_at"]) for job in listed]
    same(times, sorted(times, reverse=True), "the times")
    assert all(job["state"] == "queued" and job["type"] == "text-report" for job in listed), listed


@rule("Another caller's jobs are not listed, nor those of no one to somebody without a session.")
def only_the_callers(client: Client) -> None:
    me, other = client.session(), client.session()
    job = client.accepted(query=LATER, fields=me)
    for cookie in (other, {}, {"Cookie": "session=forged"}):
        reply = client.get(f"{client.status}/v1/jobs", cookie)
        assert job.id not in reply.text, f"{cookie} sees another caller's job"
        status_is(reply, 200, 401)


@rule("A session that was tampered with sees nothing, and does no harm.")
def a_forged_session(client: Client) -> None:
    me = client.session()
    job = client.accepted(query=LATER, fields=me)
    cookie = me["Cookie"]
    for forged in (
        cookie[:-1] + ("a" if cookie[-1] != "a" else "b"),
        cookie[: len(cookie) // 2],
        cookie + "x",
        cookie + "*",
    ):
        reply = client.get(f"{client.status}/v1/jobs", {"Cookie": forged})
        assert reply.status < 500 and job.id not in reply.text, f"{forged!r}: {reply}"


@rule("The session cookie is HttpOnly, SameSite, for the whole site, and Secure where the site is.")
def cookie_flags(client: Client) -> None:
    client.session()
    for cookie in session_cookies(client):
        flags = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert "httponly" in flags, cookie
        assert {"samesite=lax", "samesite=strict"} & flags, cookie
        assert "path=/" in flags, cookie
        assert "secure" in flags or client.gateway.startswith("http:"), cookie
        assert not any(flag.startswith("domain=") for flag in flags), f"the cookie goes to other hosts: {cookie}"


@rule("A cursor leads through all pages by Link rel=next, each job once, also while new ones come.")
def cursor_paging(client: Client) -> None:
    me = client.session()
    wanted = [job.id for job in reversed(_some(client, me, 7))]
    reply = _list(client, me, "?limit=3")
    seen, pages = [job["id"] for job in jobs_of(reply)], 1
    same(len(seen), 3, "jobs on a page of three")
    _some(client, me, 1)
    while following := links(reply).get("next"):
        reply = client.get(absolute(following, client.status), me)
        seen += [job["id"] for job in jobs_of(reply)]
        pages += 1
        assert pages <= 5, f"seven jobs in pages of three took {pages} pages"
    same(seen, wanted, "the ids of all pages")


@rule("The last page has no next.")
def last_page(client: Client) -> None:
    me = client.session()
    _some(client, me, 2)
    assert "next" not in links(_list(client, me)), "a list of two jobs has a next page"
    assert "next" not in links(_list(client, me, "?limit=2")), "the next page would be empty"


@rule("The list can be filtered by state and by type, also both at once and across pages.")
def filters(client: Client) -> None:
    me = client.session()
    waiting = {job.id for job in _some(client, me, 2)}
    other = client.accepted("simulate", {"seconds": 0.1, "kind": "sleep"}, LATER, me).id
    done = client.end_of(client.accepted(fields=me)).id
    cases = {
        "?state=queued": waiting | {other},
        "?state=succeeded": {done},
        "?type=simulate": {other},
        "?type=text-report&state=queued": waiting,
        "?state=failed": set(),
    }
    for query, wanted in cases.items():
        same({job["id"] for job in jobs_of(_list(client, me, query))}, wanted, f"the ids of {query}")
    reply = _list(client, me, "?type=text-report&state=queued&limit=1")
    following = links(reply).get("next")
    assert following, "a page of one of two jobs has no next"
    assert {job["id"] for job in jobs_of(client.get(following, me))} <= waiting, "the next page forgot the filter"


@rule("A filter, limit or cursor that can't be is refused with 400 or 422, or finds nothing.")
def bad_filters(client: Client) -> None:
    me = client.session()
    _some(client, me, 1)
    for query in ("?state=sleeping", "?limit=0", "?limit=-1", "?limit=many", "?cursor=nonsense", "?limit=99999999"):
        status_is(_list(client, me, query), 200, 400, 422)
    for query in ("?state=sleeping", "?type=no-such-type"):
        reply = _list(client, me, query)
        assert reply.status in (400, 422) or not jobs_of(reply), f"{query} found {reply.text[:200]}"


@rule("As application/x-ndjson the list is one job a line, without a page limit.")
def ndjson(client: Client) -> None:
    me = client.session()
    wanted = [job.id for job in reversed(_some(client, me, 25))]
    reply = status_is(client.get(f"{client.status}/v1/jobs", {**me, "Accept": "application/x-ndjson"}), 200)
    same(reply.media_type, "application/x-ndjson", "Content-Type")
    rows = [json.loads(line) for line in reply.text.split("\n") if line]
    same([row["id"] for row in rows], wanted, "the ids, line by line")
    assert reply.text.endswith("\n"), "the last line has no end"
    reply = client.get(f"{client.status}/v1/jobs?state=succeeded", {**me, "Accept": "application/x-ndjson"})
    same(reply.body, b"", "the filtered list")


@rule("A list is nobody else's to keep: Cache-Control is private or no-store, and it varies with Accept.")
def list_caching(client: Client) -> None:
    reply = _list(client, client.session())
    assert {"private", "no-store"} & reply.headers.tokens("Cache-Control"), reply.headers.get("Cache-Control")
    assert "accept" in reply.headers.tokens("Vary"), f"Vary is {reply.headers.get('Vary')!r}"


@rule("A purged job leaves the list.")
def purged_jobs_leave(client: Client) -> None:
    me = client.session()
    kept, purged = _some(client, me, 2)
    client.cancel(purged, "purge=true")
    same([job["id"] for job in jobs_of(_list(client, me))], [kept.id], "the ids")
