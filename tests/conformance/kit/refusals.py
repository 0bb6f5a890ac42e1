"""What is refused, with which status code, and how: problem details that help, and nothing enqueued."""

import re

from tests.conformance.kit.checks import is_html, page_of, pointers, problem, status_is
from tests.conformance.kit.client import JSON, Client
from tests.conformance.kit.listing import jobs_of
from tests.conformance.kit.rules import rule


@rule("Invalid input is refused with 422 and errors of pointer, detail and type.")
def invalid_input(client: Client) -> None:
    found = pointers(problem(client.submit("simulate", {"seconds": "soon", "steps": "many"}), 422))
    assert {"/seconds", "/steps"} <= set(found), f"the errors point at {found}, not at /seconds and /steps"


@rule("A missing field is pointed at by its own name.")
def missing_field(client: Client) -> None:
    found = pointers(problem(client.submit("image-thumbnails", {}), 422))
    assert "/image" in found, f"the errors point at {found}, not at /image"


@rule("Pointers lead into the input, also when it came in an envelope or a form.")
def pointers_into_the_input(client: Client) -> None:
    value = {"input": {"seconds": "soon"}, "options": {"priority": "high"}}
    replies = [
        client.submit("simulate", value),
        client.post("simulate", "application/x-www-form-urlencoded", b"seconds=soon"),
        client.post("simulate", "application/x-www-form-urlencoded", b"", "seconds=soon"),
    ]
    for reply in replies:
        assert "/seconds" in pointers(problem(reply, 422)), reply.text[:300]


@rule("A refusal does not repeat a large or secret input back.")
def no_echo(client: Client) -> None:
    secret = "hunter2" * 2000
    reply = client.submit("simulate", {"seconds": secret})
    problem(reply, 422)
    assert len(reply.body) < 5000, f"a 422 of {len(reply.body)} bytes repeats the input"


@rule("The type of every refusal resolves to a page that says what it means and shows a request that mends it.")
def types_resolve(client: Client) -> None:
    replies = [
        client.submit("no-such-type", {}),
        client.post("text-report", JSON, b"{"),
        client.post("text-report", "text/xml", b"<a/>"),
        client.submit("simulate", {"seconds": "soon"}),
        client.send("PUT", client.type_url("text-report")),
        client.submit(fields={"Idempotency-Key": "x" * 300}),
        client.submit(fields={"Accept": "image/png"}),
        client.get(f"{client.status}/v1/jobs/{'x' * 26}"),
    ]
    for reply in replies:
        value = problem(reply, *range(400, 500))
        page = is_html(page_of(client, value, reply.url))
        assert re.search(r"<(pre|code)\b", page), f"the page of {value['type']} shows no request"


@rule("Each kind of refusal has a type of its own.")
def types_differ(client: Client) -> None:
    values = [
        problem(client.submit("no-such-type", {}), 404),
        problem(client.post("text-report", JSON, b"{"), 400),
        problem(client.post("text-report", "text/xml", b"<a/>"), 415),
        problem(client.submit("simulate", {"seconds": "soon"}), 422),
        problem(client.send("PUT", client.type_url("text-report")), 405),
    ]
    types = [value["type"] for value in values]
    assert len(set(types)) == len(types), f"types are shared: {types}"


@rule("405 says in Allow what may be done, on both services (RFC 9110, 15.5.6).")
def method_not_allowed(client: Client) -> None:
    for method in ("PUT", "PATCH"):
        reply = client.send(method, client.type_url("text-report"))
        problem(reply, 405)
        assert "post" in reply.headers.tokens("Allow"), f"{reply}: Allow is {reply.headers.get('Allow')!r}"
    job = client.parked()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        reply = client.send(method, job.location)
        problem(reply, 405)
        allowed = reply.headers.tokens("Allow")
        assert {"get", "head", "options"} <= allowed and "delete" not in allowed, f"{reply}: Allow is {allowed}"


@rule("A method that HTTP does not know is refused with 405 or 501.")
def unknown_method(client: Client) -> None:
    status_is(client.send("BREW", client.type_url("text-report")), 405, 501, 400)
    status_is(client.send("TRACE", client.type_url("text-report")), 405, 501)


@rule("A client that accepts no JSON is refused with 406, and nothing is enqueued.")
def not_acceptable(client: Client) -> None:
    for accept in ("image/png", "text/csv, image/*;q=0.5", "application/json;q=0"):
        reply = client.submit(fields={"Accept": accept})
        problem(reply, 406)


@rule("Accept with wildcards, weights and several ranges is read as RFC 9110 (12.5.1) says.")
def acceptable(client: Client) -> None:
    for accept in (
        "*/*",
        "application/*",
        "text/html, application/json;q=0.1",
        "text/csv;q=0.5, */*;q=0.1",
        "APPLICATION/JSON",
    ):
        status_is(client.submit(query="validate=true", fields={"Accept": accept}), 200)


@rule("A media type that the job type does not take is refused with 415, which says what is taken.")
def unsupported_media_type(client: Client) -> None:
    for media_type in ("text/xml", "application/octet-stream", "image/png", "nonsense", "application/jsonx"):
        reply = client.post("text-report", media_type, b"<a/>")
        problem(reply, 415)
        assert "application/json" in reply.text + reply.headers.get("Accept"), f"{reply}: says not what is taken"
    assert "image/png" in client.post("image-thumbnails", "text/plain", b"x").text, "image/png is taken, but not named"


@rule("A body without Content-Type is refused with 415.")
def no_media_type(client: Client) -> None:
    problem(client.post("text-report", None, b'{"text": "a"}'), 415)


@rule("A compressed body is either understood or refused with 415, never misread.")
def content_coding(client: Client) -> None:
    reply = client.post("text-report", JSON, b"\x1f\x8b\x08\x00", fields={"Content-Encoding": "gzip"})
    assert problem(reply, 415, 400)["detail"], reply
    plain = client.post("text-report", JSON, b'{"text": "a"}', fields={"Content-Encoding": "x-unknown"})
    problem(plain, 415)


@rule("Paths that do not exist are 404 on both services.")
def unknown_paths(client: Client) -> None:
    for base in (client.gateway, client.status):
        for path in (
            "/nothing",
            "/v1",
            "/v1/nothing",
            "/v2/jobs/x",
            "/static/../../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/.env",
        ):
            problem(client.get(base + path), 404)


@rule("A refused submission is not enqueued: the caller's list stays empty.")
def nothing_enqueued(client: Client) -> None:
    me = client.session()
    before = {job["id"] for job in jobs_of(client.get(f"{client.status}/v1/jobs", me))}
    client.submit("simulate", {"seconds": "soon"}, fields=me)
    client.post("text-report", JSON, b"{", fields=me)
    client.post("text-report", "text/xml", b"<a/>", fields=me)
    client.submit(fields={**me, "Accept": "image/png"})
    client.submit(fields={**me, "Idempotency-Key": ""})
    client.submit(query={"priority": "urgent"}, fields=me)
    client.submit(query={"validate": "true"}, fields=me)
    after = {job["id"] for job in jobs_of(client.get(f"{client.status}/v1/jobs", me))}
    assert before == after, f"a refused request left the jobs {after - before}"
