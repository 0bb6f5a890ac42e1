"""Result files: whole or in part, as RFC 9110 says of ranges and conditions."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from tests.web_fixtures import House, problem_of

CONTENT = bytes(range(256)) * 4
ETAG = "0123456789abcdef"


def with_file(house: House, content: bytes = CONTENT, **changes: Any) -> str:
    """A finished job that has a file; the file's path."""
    entry = {
        **{"name": "a.png", "media_type": "image/png", "slug": "1-a.png", "key": "jobs/x/files/1-0", "etag": ETAG},
        "size": len(content),
        **changes,
    }
    house.put(entry["key"], content)
    job_id = house.finish(files=json.dumps([{**entry, "slug": "2-other"}, entry]))
    return f"/v1/jobs/{job_id}/files/{entry['slug']}"


def get(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(path, headers={name.replace("_", "-"): text for name, text in headers.items()})


def test_a_file_is_given_whole_with_what_it_is(client: FlaskClient, house: House) -> None:
    reply = get(client, with_file(house))
    assert (reply.status_code, reply.data) == (200, CONTENT)
    assert reply.headers["Content-Type"] == "image/png"
    assert reply.headers["Content-Length"] == "1024"
    assert reply.headers["ETag"] == f'"{ETAG}"'
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Cache-Control"].startswith("private")
    assert reply.headers["Content-Disposition"] == "attachment; filename=a.png"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_the_document_leads_to_its_files(client: FlaskClient, house: House) -> None:
    path = with_file(house)
    job = client.get(path.split("/files/")[0]).json
    assert [file["name"] for file in job["files"]] == ["a.png", "a.png"]
    assert get(client, job["files"][1]["url"].removeprefix("http://localhost:8001")).data == CONTENT
    assert "jobs/x" not in json.dumps(job)


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, 1024),
        ("bytes=-10", 1014, 1024),
        ("bytes=0-0", 0, 1),
        ("bytes=1023-1023", 1023, 1024),
        ("bytes=1000-5000", 1000, 1024),
        ("bytes=-5000", 0, 1024),
        ("BYTES=0-9", 0, 10),
    ],
)
def test_a_range_is_given_in_part(client: FlaskClient, house: House, wanted: str, start: int, end: int) -> None:
    reply = get(client, with_file(house), Range=wanted)
    assert (reply.status_code, reply.data) == (206, CONTENT[start:end])
    assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/1024"
    assert reply.headers["Content-Length"] == str(end - start)
    assert reply.headers["ETag"] == f'"{ETAG}"'


@pytest.mark.parametrize("wanted", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside_the_file_can_not_be_satisfied(client: FlaskClient, house: House, wanted: str) -> None:
    reply = get(client, with_file(house), Range=wanted)
    problem_of(reply, "range-not-satisfiable")
    assert reply.headers["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize(
    "wanted", ["", "nonsense", "bytes", "bytes=", "bytes=a-b", "bytes=9-5", "items=0-5", "bytes=0-1,4-5", "bytes=--1"]
)
def test_a_range_that_is_malformed_or_not_understood_is_ignored(client: FlaskClient, house: House, wanted: str) -> None:
    reply = get(client, with_file(house), Range=wanted)
    assert (reply.status_code, reply.data) == (200, CONTENT)
    assert "Content-Range" not in reply.headers


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f'"{ETAG}"', 206),
        ('"other"', 200),
        (f'W/"{ETAG}"', 200),
        ("Sat, 31 Jan 2026 12:00:00 GMT", 200),
        ("nonsense", 200),
    ],
)
def test_a_range_applies_only_to_the_very_file_that_the_client_has(
    client: FlaskClient, house: House, condition: str, status: int
) -> None:
    reply = get(client, with_file(house), Range="bytes=0-9", If_Range=condition)
    assert (reply.status_code, len(reply.data)) == (status, 10 if status == 206 else 1024)


def test_a_range_outside_another_file_is_no_error(client: FlaskClient, house: House) -> None:
    reply = get(client, with_file(house), Range="bytes=5000-", If_Range='"other"')
    assert reply.status_code == 200


@pytest.mark.parametrize("known", [f'"{ETAG}"', f'W/"{ETAG}"', "*", f'"other", "{ETAG}"'])
@pytest.mark.parametrize("wanted", ["", "bytes=0-9", "bytes=5000-"])
def test_a_file_that_the_client_has_is_not_sent_again(
    client: FlaskClient, house: House, known: str, wanted: str
) -> None:
    reply = get(client, with_file(house), If_None_Match=known, Range=wanted)
    assert (reply.status_code, reply.data, reply.headers["ETag"]) == (304, b"", f'"{ETAG}"')


def test_a_client_that_wants_another_file_is_refused(client: FlaskClient, house: House) -> None:
    path = with_file(house)
    assert get(client, path, If_Match=f'"{ETAG}"').status_code == 200
    problem_of(get(client, path, If_Match='"other"'), "precondition-failed")


def test_head_tells_of_the_whole_file_and_reads_none_of_it(client: FlaskClient, house: House) -> None:
    path = with_file(house)
    (house.folder / "jobs/x/files/1-0").unlink()
    for headers in ({}, {"Range": "bytes=0-9"}):
        reply = client.head(path, headers=headers)
        assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "1024")
        assert reply.headers["Accept-Ranges"] == "bytes" and "Content-Range" not in reply.headers


def test_an_empty_file_is_a_file(client: FlaskClient, house: House) -> None:
    path = with_file(house, b"")
    reply = get(client, path)
    assert (reply.status_code, reply.data, reply.headers["Content-Length"]) == (200, b"", "0")
    problem_of(get(client, path, Range="bytes=0-"), "range-not-satisfiable")


def test_a_large_file_is_streamed_whole(client: FlaskClient, house: House) -> None:
    content = bytes(range(256)) * 40_000
    path = with_file(house, content)
    assert get(client, path).data == content
    assert get(client, path, Range="bytes=1000000-9000000").data == content[1_000_000:9_000_001]


@pytest.mark.parametrize(
    "name",
    [
        *("plain.txt", "with blank.txt", 'quo"te.txt', "semi;colon=.txt", "percent%41.txt", "a'b.txt", "," * 9),
        *("Ünï.txt", "\U0001f9ea.txt", "日本語", "…\u2028"),
    ],
)
def test_a_file_is_handed_back_under_its_own_name_however_odd(client: FlaskClient, house: House, name: str) -> None:
    reply = get(client, with_file(house, name=name))
    kind, options = parse_options_header(reply.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", name)
    assert reply.headers["Content-Disposition"].isascii()


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "text/plain; charset=latin-1"])
def test_a_file_that_a_browser_would_show_is_handed_over_as_an_attachment(
    client: FlaskClient, house: House, media_type: str
) -> None:
    reply = get(client, with_file(house, media_type=media_type))
    assert reply.headers["Content-Type"].startswith(media_type)
    assert reply.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "slug", ["none", "a.png", "..", "%2e%2e%2fsecret", "1-a.png%00", "jobs%2fx%2ffiles%2f1-0", "é"]
)
def test_a_file_that_the_job_has_not_is_not_found(client: FlaskClient, house: House, slug: str) -> None:
    path = with_file(house)
    reply = get(client, path.replace("1-a.png", slug))
    assert reply.status_code == 404
    if reply.json["type"] == "/problems/no-such-file":
        assert reply.json["known"] == ["2-other", "1-a.png"]


@pytest.mark.parametrize("state", ["queued", "failed"])
def test_a_job_without_files_has_none(client: FlaskClient, house: House, state: str) -> None:
    job_id = house.accept() if state == "queued" else house.finish("failed", problem="{}")
    assert problem_of(get(client, f"/v1/jobs/{job_id}/files/1-a.png"), "no-such-file")["known"] == []


def test_a_file_that_storage_has_lost_is_a_503_and_not_half_an_answer(client: FlaskClient, house: House) -> None:
    path = with_file(house)
    (house.folder / "jobs/x/files/1-0").unlink()
    reply = get(client, path)
    problem_of(reply, "store-unavailable")
    assert b"jobs/x" not in reply.data
