"""Files on their way in: parts of a form and raw bodies, their rules, and that nothing refused stays in storage."""

import hashlib
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.gateway.uploads import safe_name
from tests.web_fixtures import House, mistakes_of, problem_of

File = tuple[io.BytesIO, str, str]


def file(content: bytes, name: str = "a.txt", media_type: str = "text/plain") -> File:
    return io.BytesIO(content), name, media_type


def send(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    return client.post(f"/v1/jobs/{path}", data=fields, content_type="multipart/form-data")


def stored_input(house: House, reply: TestResponse) -> dict[str, Any]:
    assert reply.status_code == 202, reply.data
    found = json.loads(house.store.jobs[reply.json["id"]].submission.input)
    assert isinstance(found, dict)
    return found


def assert_nothing_left(house: House) -> None:
    assert house.stored() == [] and house.store.jobs == {}
    assert list((house.folder / "jobs").glob("*")) == []


def test_a_part_of_a_form_fills_the_field_of_its_name(client: FlaskClient, house: House) -> None:
    reply = send(client, "one-file", data=file(b"abc"), label="x")
    key = f"jobs/{reply.json['id']}/input/0"
    assert stored_input(house, reply) == {
        "data": {"name": "a.txt", "media_type": "text/plain", "size": 3, "key": key},
        "label": "x",
    }
    assert house.stored() == [key] and house.blobs.read(key) == b"abc"


def test_a_raw_body_fills_the_one_file_field_and_the_query_the_rest(client: FlaskClient, house: House) -> None:
    reply = client.post("/v1/jobs/one-file?label=x", data=b"a\0b\xff", content_type="application/x-data")
    found = stored_input(house, reply)
    assert (found["data"]["name"], found["data"]["media_type"], found["label"]) == ("data", "application/x-data", "x")
    assert house.blobs.read(found["data"]["key"]) == b"a\0b\xff"


@pytest.mark.parametrize("media_type", ["text/plain; charset=utf-8", "Text/Plain", 'text/plain; a="b;c"'])
def test_parameters_of_a_raw_bodys_media_type_play_no_part(client: FlaskClient, media_type: str) -> None:
    reply = client.post("/v1/jobs/one-file", data=b"abc", content_type=media_type)
    assert reply.status_code == 202, reply.data


def test_several_files_go_each_to_its_own_field(client: FlaskClient, house: House) -> None:
    reply = send(client, "two-files", small=file(b"s"), large=file(b"l" * 50, "b.csv", "text/csv"), title="t")
    found = stored_input(house, reply)
    assert house.blobs.read(found["small"]["key"]) == b"s"
    assert house.blobs.read(found["large"]["key"]) == b"l" * 50
    assert len(house.stored()) == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\photo.png", "photo.png"),
        ("/absolute", "absolute"),
        ("", "file"),
        ("...", "file"),
        (" . ", "file"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("tab\tand\x7fbell\x07", "tabandbell"),
        ("line\r\nbreak", "linebreak"),
        ("half \ud83d a pair", "half  a pair"),
        ("Ünï \U0001f9ea.txt", "Ünï \U0001f9ea.txt"),
        ("x" * 500 + ".txt", "x" * 200),
        ('quo"te;.txt', 'quo"te;.txt'),
    ],
)
def test_a_name_is_made_safe(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("...", "file"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("Ünï \U0001f9ea.txt", "Ünï \U0001f9ea.txt"),
        ("x" * 500 + ".txt", "x" * 200),
        ("quo%22te.txt", 'quo"te.txt'),
    ],
)
def test_a_files_name_is_kept_only_as_far_as_it_is_harmless(
    client: FlaskClient, house: House, given: str, kept: str
) -> None:
    found = stored_input(house, send(client, "one-file", data=file(b"abc", given)))
    assert found["data"]["name"] == kept
    assert found["data"]["key"].endswith("/input/0")


@pytest.mark.parametrize(
    ("name", "fields", "mistakes"),
    [
        ("one-file", {"data": file(b"")}, {"/data": "file"}),
        ("one-file", {"data": file(b"x", media_type="image/png")}, {"/data": "file"}),
        ("one-file", {"data": "a text"}, {"/data": "value_error"}),
        ("one-file", {"label": "x"}, {"/data": "missing"}),
        ("one-file", {"data": file(b"x"), "other": file(b"y")}, {"/other": "unknown_field"}),
        ("one-file", {"data": file(b"x"), "label": file(b"y")}, {"/label": "string_type"}),
        ("one-file", {"data": [file(b"x"), file(b"y")]}, {"/data": "too_many_files"}),
        ("two-files", {"small": file(b"x" * 11)}, {"/small": "file"}),
        ("two-files", {"small": file(b""), "large": file(b"x")}, {"/small": "file", "/large": "file"}),
        ("text-report", {"document": file(b"x"), "text": "y"}, {"": "value_error"}),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused_and_nothing_stays(
    client: FlaskClient, house: House, name: str, fields: dict[str, Any], mistakes: dict[str, str]
) -> None:
    fresh = {key: _again(value) for key, value in fields.items()}
    assert mistakes_of(send(client, name, **fresh)) == mistakes
    assert_nothing_left(house)


def _again(value: Any) -> Any:
    """The same file, to be read from its beginning."""
    if isinstance(value, list):
        return [_again(one) for one in value]
    return (io.BytesIO(value[0].getvalue()), *value[1:]) if isinstance(value, tuple) else value


def test_the_refusal_of_a_media_type_says_what_is_taken(client: FlaskClient) -> None:
    reply = send(client, "one-file", data=file(b"x", media_type="image/png"))
    detail = problem_of(reply, "invalid-input")["detail"]
    assert detail == "/data: send one of application/x-data, text/plain, not image/png"


def test_a_part_without_a_media_type_is_refused_in_a_whole_sentence(client: FlaskClient, house: House) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    reply = client.post("/v1/jobs/one-file", data=part, content_type="multipart/form-data; boundary=b")
    detail = problem_of(reply, "invalid-input")["detail"]
    assert detail.startswith("/data: send one of") and not detail.endswith("not ")
    assert_nothing_left(house)


@pytest.mark.parametrize("fields", [{}, {"title": "t"}])
def test_a_field_left_empty_in_a_browsers_form_is_no_file(
    client: FlaskClient, house: House, fields: dict[str, str]
) -> None:
    """A browser sends a part with an empty name and no content for a file that nobody chose."""
    none = file(b"", "", "application/octet-stream")
    reply = send(client, "two-files", small=file(b"s"), large=none, **fields)
    assert stored_input(house, reply)["large"] is None
    missing = send(client, "two-files", small=file(b"", "", "application/octet-stream"))
    assert mistakes_of(missing) == {"/small": "missing"}


@pytest.mark.parametrize("name", ["every", "simulate"])
def test_a_type_without_file_fields_takes_no_files(client: FlaskClient, house: House, name: str) -> None:
    problem = problem_of(send(client, name, seconds=file(b"x")), "unsupported-media-type")
    assert problem["detail"] == "No files are taken here."
    assert_nothing_left(house)


@pytest.mark.parametrize("size", [101, 5_000])
def test_a_file_larger_than_its_field_takes_is_too_large(client: FlaskClient, house: House, size: int) -> None:
    problem = problem_of(send(client, "one-file", data=file(b"x" * size)), "too-large")
    assert problem["limit"] in (100, 1_100)
    assert_nothing_left(house)


def test_a_raw_body_larger_than_its_field_takes_is_too_large(client: FlaskClient, house: House) -> None:
    assert client.post("/v1/jobs/one-file", data=b"x" * 100, content_type="text/plain").status_code == 202
    reply = client.post("/v1/jobs/one-file", data=b"x" * 101, content_type="text/plain")
    assert problem_of(reply, "too-large")["limit"] == 100
    assert len(house.stored()) == 1


def test_an_empty_raw_body_is_an_empty_file(client: FlaskClient, house: House) -> None:
    empty = {"CONTENT_LENGTH": "0"}
    reply = client.post("/v1/jobs/one-file", content_type="text/plain", environ_overrides=empty)
    assert mistakes_of(reply) == {"/data": "file"}
    assert_nothing_left(house)


def test_a_large_upload_that_is_cut_off_leaves_nothing_behind(client: FlaskClient, house: House) -> None:
    """Large enough that storage has written parts of it before it ends."""
    sent = io.BytesIO(b"x" * 15_000_000)
    announced = {"CONTENT_LENGTH": "20000000"}
    reply = client.post("/v1/jobs/csv-profile", input_stream=sent, content_type="text/csv", environ_overrides=announced)
    assert "15000000 of 20000000 bytes" in problem_of(reply, "bad-body")["detail"]
    assert_nothing_left(house)


@pytest.mark.parametrize("end", [b"", b"--b", b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\n"])
def test_a_form_that_is_cut_off_leaves_nothing_behind(client: FlaskClient, house: House, end: bytes) -> None:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\nContent-Type: text/plain\r\n\r\nabc\r\n'
    )
    reply = client.post("/v1/jobs/one-file", data=head + end, content_type="multipart/form-data; boundary=b")
    problem_of(reply, "bad-body")
    assert_nothing_left(house)


def test_a_file_given_as_a_field_too_is_refused(client: FlaskClient, house: House) -> None:
    parts = (
        b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\ntext\r\n'
        b'--b\r\nContent-Disposition: form-data; name="data"; filename="a"\r\n'
        b"Content-Type: text/plain\r\n\r\nx\r\n--b--\r\n"
    )
    reply = client.post("/v1/jobs/one-file", data=parts, content_type="multipart/form-data; boundary=b")
    assert set(mistakes_of(reply)) == {"/data"}
    assert_nothing_left(house)


@pytest.mark.parametrize(
    "described", [{"name": "a", "media_type": "text/plain", "size": 1, "key": "jobs/x/input/0"}, "a"]
)
def test_a_file_can_not_be_described_in_json(client: FlaskClient, described: object) -> None:
    assert mistakes_of(client.post("/v1/jobs/one-file", json={"data": described})) == {"/data": "value_error"}


def test_a_dry_run_keeps_no_file(client: FlaskClient, house: House) -> None:
    reply = send(client, "one-file?validate=true", data=file(b"abc"))
    assert reply.status_code == 200 and reply.json["input"]["data"]["size"] == 3
    assert_nothing_left(house)


def test_a_raw_body_of_megabytes_is_stored_whole(client: FlaskClient, house: House) -> None:
    table = b"a,b\n" + b"1,2\n" * 3_000_000
    found = stored_input(house, client.post("/v1/jobs/csv-profile", data=table, content_type="text/csv"))
    assert found["table"]["size"] == len(table)
    key = found["table"]["key"]
    assert hashlib.sha256(house.blobs.read(key)).digest() == hashlib.sha256(table).digest()
