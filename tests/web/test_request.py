import io
from typing import IO

import pytest
import werkzeug
from werkzeug.test import EnvironBuilder

from services.web.problems import Problem
from services.web.request import Request


class Sink:
    """Keeps what is sent as files."""

    def __init__(self) -> None:
        self.files: list[tuple[str, str, io.BytesIO]] = []

    def open(self, filename: str, media_type: str) -> IO[bytes]:
        stream = io.BytesIO()
        self.files.append((filename, media_type, stream))
        return stream


def request(body: bytes, media_type: str, limit: int = 1000, sink: Sink | None = None) -> Request:
    length = str(len(body))
    built = EnvironBuilder(method="POST", input_stream=io.BytesIO(body), content_type=media_type)
    made = Request({**built.get_environ(), "CONTENT_LENGTH": length})
    made.body_limit, made.sink = limit, sink
    return made


def part(name: str, content: bytes, headers: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{headers}\r\n\r\n'.encode() + content + b"\r\n"


FORM = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("content_type", "media_type"),
    [
        *[("application/json", "application/json"), ("Application/JSON; charset=utf-8", "application/json")],
        *[
            ("text/plain;a=b;c", "text/plain"),
            ("", ""),
            (";", ""),
            ("nonsense", "nonsense"),
            (FORM, FORM.split(";")[0]),
        ],
    ],
)
def test_a_media_type_is_read_as_werkzeug_reads_it(content_type: str, media_type: str) -> None:
    environ = {**EnvironBuilder().get_environ(), "CONTENT_TYPE": content_type}
    assert Request(environ).mimetype == werkzeug.Request(environ).mimetype == media_type


def test_a_body_is_read_under_the_limit_of_its_request() -> None:
    assert request(b"x" * 10, "text/plain", 10).stream.read() == b"x" * 10
    with pytest.raises(Problem, match="at most 9 bytes"):
        request(b"x" * 10, "text/plain", 9).stream.read()


def test_forms_are_read_under_the_limit_too() -> None:
    body = part("a", b"x" * 100) + b"--b--\r\n"
    assert request(body, FORM, len(body)).form["a"] == "x" * 100
    for media_type, sent in ((FORM, body), ("application/x-www-form-urlencoded", b"a=" + b"x" * 100)):
        with pytest.raises(Problem, match="at most 50 bytes"):
            _ = request(sent, media_type, 50).form


def test_files_go_where_the_handler_says() -> None:
    sink = Sink()
    body = part("f", b"content", '; filename="a.txt"\r\nContent-Type: text/plain') + part("g", b"", '; filename=""')
    made = request(body + b"--b--\r\n", FORM, sink=sink)
    assert set(made.files) == {"f", "g"}
    assert [(name, kind, stream.getvalue()) for name, kind, stream in sink.files] == [
        ("a.txt", "text/plain", b"content"),
        ("", "application/octet-stream", b""),
    ]


def test_files_that_nobody_asked_for_are_refused() -> None:
    with pytest.raises(Problem, match="No files are taken here"):
        _ = request(part("f", b"x", '; filename="a"') + b"--b--\r\n", FORM).files


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (part("a", b"x"), FORM),
        (b"", FORM),
        (b"nonsense", FORM),
        (part("a", b"x") + b"--b--\r\n", "multipart/form-data"),
        (part("a", b"x") + b"--b--\r\n", "multipart/form-data; boundary=other"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", FORM),
        (b"--b\r\n\r\nx\r\n--b--\r\n", FORM),
        (b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--b--\r\n', FORM),
        (b"text=\xff\xfe", "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_can_not_be_read_is_refused_and_not_taken_for_an_empty_one(body: bytes, media_type: str) -> None:
    with pytest.raises(Problem) as refusal:
        _ = request(body, media_type, sink=Sink()).form
    assert refusal.value.slug == "bad-body"


def test_an_empty_form_is_a_form_without_fields() -> None:
    assert not request(b"", "application/x-www-form-urlencoded").form
    assert not request(b"--b--\r\n", FORM).form


def test_the_files_of_a_form_are_closed_with_their_request() -> None:
    sink = Sink()
    made = request(part("f", b"content", '; filename="a.txt"') + b"--b--\r\n", FORM, sink=sink)
    made.close()
    assert sink.files == []
    assert set(made.files) == {"f"}
    made.close()
    assert [stream.closed for _, _, stream in sink.files] == [True]
