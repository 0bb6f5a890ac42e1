"""The four ways in which an input can arrive, and the query string that fills its gaps."""

import json
from urllib.parse import urlencode

from tests.conformance.kit.checks import contains, pointers, problem, same, status_is
from tests.conformance.kit.client import Client, Document, taken
from tests.conformance.kit.http import Reply
from tests.conformance.kit.rules import rule
from tests.conformance.kit.samples import CSV, multipart, picture

FORM = "application/x-www-form-urlencoded"
TEXT = "The quick brown fox, über den faulen Hund.\nAnd again."


def _result(client: Client, reply: Reply) -> Document:
    job = client.end_of(taken(reply))
    same(job.document["state"], "succeeded", f"state ({job.document.get('error')})")
    result: Document = job.document["result"]
    return result


@rule("JSON, a form and multipart fields with the same text give the same result.")
def three_ways_to_send_fields(client: Client) -> None:
    kind, body = multipart([("text", None, None, TEXT.encode())])
    results = [
        _result(client, client.submit(value={"text": TEXT})),
        _result(client, client.post("text-report", FORM, urlencode({"text": TEXT}).encode())),
        _result(client, client.post("text-report", kind, body)),
    ]
    assert results[0] == results[1] == results[2], f"the results differ: {results}"


@rule("A file part of multipart/form-data and a raw body fill the file field alike.")
def two_ways_to_send_a_file(client: Client) -> None:
    kind, body = multipart([("document", "notes.txt", "text/plain", TEXT.encode())])
    part = _result(client, client.post("text-report", kind, body))
    whole = _result(client, client.post("text-report", "text/plain", TEXT.encode()))
    same(_numbers(whole), _numbers(part), "what was counted in the raw body")


def _numbers(result: Document) -> Document:
    return {name: value for name, value in result.items() if isinstance(value, int | float)}


@rule("A raw picture fills the one file field that takes its media type.")
def a_raw_picture(client: Client) -> None:
    _result(client, client.post("image-thumbnails", "image/png", picture()))


@rule("A raw table is taken, also when its Content-Type has parameters and capitals.")
def a_raw_table(client: Client) -> None:
    plain = _result(client, client.post("csv-profile", "text/csv", CSV))
    for media_type in ("text/csv; charset=utf-8; header=present", "TEXT/CSV;charset=UTF-8"):
        same(_numbers(_result(client, client.post("csv-profile", media_type, CSV))), _numbers(plain), media_type)


@rule("A file part may have a name in any script, with quotes and slashes, and comes to no harm by it.")
def hostile_file_names(client: Client) -> None:
    for name in ("naïve ☃ 日本.txt", "../../etc/passwd", "C:\\\\temp\\\\a.txt", "a%00b.txt", "." * 3, "x" * 300, ""):
        kind, body = multipart([("document", name, "text/plain", b"some words here")])
        reply = client.post("text-report", kind, body)
        assert reply.status in (202, 422) or (not name and reply.status == 400), (
            f"{name!r}: {reply}: {reply.text[:200]}"
        )


@rule("JSON is taken whatever the case of its media type, and with charset=utf-8.")
def json_with_parameters(client: Client) -> None:
    for media_type in ("Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'):
        status_is(client.post("text-report", media_type, b'{"text": "words"}', "validate=true"), 200)


@rule("Query parameters fill the fields that a JSON body leaves out.")
def query_fills_json(client: Client) -> None:
    reply = status_is(client.submit("simulate", {"kind": "sleep"}, {"seconds": "0.25", "validate": "true"}), 200)
    assert contains(reply.json(), 0.25), f"seconds=0.25 of the query is not in what was understood: {reply.text[:300]}"


@rule("Query parameters fill the fields that a form or multipart body leaves out.")
def query_fills_forms(client: Client) -> None:
    query = {"seconds": "0.25", "validate": "true"}
    kind, body = multipart([("kind", None, None, b"sleep")])
    for media_type, content in ((FORM, b"kind=sleep"), (FORM, b""), (kind, body)):
        reply = status_is(client.post("simulate", media_type, content, query), 200)
        assert contains(reply.json(), 0.25), f"seconds=0.25 is not in what was understood: {reply.text[:300]}"


@rule("A field that is named in both the body and the query is an error.")
def named_twice(client: Client) -> None:
    kind, body = multipart([("text", None, None, b"body")])
    for media_type, content in (("application/json", b'{"text": "body"}'), (FORM, b"text=body"), (kind, body)):
        reply = client.post("text-report", media_type, content, {"text": "query"})
        assert "text" in problem(reply, 422, 400)["detail"] + json.dumps(reply.json().get("errors", "")), reply.text[
            :300
        ]


@rule("A field that the raw body fills may not come in the query too.")
def raw_body_named_twice(client: Client) -> None:
    problem(client.post("text-report", "text/plain", b"body", {"document": "query"}), 422, 400)


@rule("Names that are repeated in a form or a query become a list, so a text given twice is no text.")
def repeated_names(client: Client) -> None:
    same(pointers(problem(client.post("text-report", FORM, b"text=a&text=b"), 422))[0][:5], "/text", "form")
    same(pointers(problem(client.post("text-report", FORM, b"", "text=a&text=b"), 422))[0][:5], "/text", "query")
    kind, body = multipart([("text", None, None, b"a"), ("text", None, None, b"b")])
    same(pointers(problem(client.post("text-report", kind, body), 422))[0][:5], "/text", "multipart")


@rule("A list field takes its repeated names, from a form, a query or a JSON list, and one alone is a list of one.")
def list_fields(client: Client) -> None:
    image = ("image", "a.png", "image/png", picture())
    for wanted in ([64, 128], [64]):
        parts = [("sizes", None, None, str(size).encode()) for size in wanted]
        kind, body = multipart([*parts, image])
        query = urlencode([("sizes", size) for size in wanted] + [("validate", "true")])
        for reply in (
            client.post("image-thumbnails", kind, body, "validate=true"),
            client.post("image-thumbnails", "image/png", picture(), query),
        ):
            status_is(reply, 200)
            assert contains(reply.json(), wanted), f"sizes came through as {reply.text[:300]}, not {wanted}"


@rule("Plus signs, percent signs and letters of any script survive a form.")
def form_decoding(client: Client) -> None:
    text = "1+1=2 & 100% ünï ☃ \U0001f600"
    reply = status_is(client.post("text-report", FORM, urlencode({"text": text}).encode(), "validate=true"), 200)
    assert contains(reply.json(), text), f"the text came through as {reply.text[:300]}"


@rule("A file field can't be filled with a JSON object that describes a stored file.")
def no_stored_files_from_outside(client: Client) -> None:
    forged = {"name": "a.txt", "media_type": "text/plain", "size": 3, "key": "../../etc/passwd"}
    found = pointers(problem(client.submit(value={"document": forged}), 422))
    assert any(pointer.startswith("/document") for pointer in found), f"the errors point at {found}"


@rule("A file part of a media type that the field does not take is refused with 415 or 422.")
def wrong_media_type_in_a_part(client: Client) -> None:
    kind, body = multipart([("image", "a.html", "text/html", b"<p>hello</p>")])
    problem(client.post("image-thumbnails", kind, body), 415, 422)


@rule("A file part whose name is no field of the job type is refused with 422.")
def a_file_for_no_field(client: Client) -> None:
    kind, body = multipart([("text", None, None, b"words"), ("attachment", "a.txt", "text/plain", b"x")])
    problem(client.post("text-report", kind, body), 422)


@rule("A missing file field is refused with 422 that points at it.")
def a_missing_file(client: Client) -> None:
    kind, body = multipart([("nothing", None, None, b"here")])
    found = pointers(problem(client.post("image-thumbnails", kind, body), 422))
    assert "/image" in found, f"the errors point at {found}, not at /image"


@rule("A multipart body without a boundary, or cut off before its end, is refused with 400.")
def broken_multipart(client: Client) -> None:
    kind, body = multipart([("document", "a.txt", "text/plain", b"some words")])
    problem(client.post("text-report", "multipart/form-data", body), 400)
    problem(client.post("text-report", kind, body[:-20]), 400)
    problem(client.post("text-report", kind, b"no part at all"), 400)


@rule("A form or a field that is not UTF-8 is refused, never guessed at.")
def forms_are_utf8(client: Client) -> None:
    problem(client.post("text-report", FORM, b"text=%FF%FE"), 400, 422)
    kind, body = multipart([("text", None, None, b"\xff\xfe")])
    problem(client.post("text-report", kind, body), 400, 422)
    problem(client.post("text-report", FORM, b"", "text=%C3%28"), 400, 422)


@rule("An upload of a megabyte and a half arrives whole.")
def a_larger_upload(client: Client) -> None:
    words = b"word " * 300_000
    kind, body = multipart([("document", "large.txt", "text/plain", words)])
    reply = client.post("text-report", kind, body)
    if reply.status == 413:
        problem(reply, 413)
        return
    result = _result(client, reply)
    assert 300_000 in result.values() or contains(result, 300_000), f"300,000 words were sent, the result is {result}"
