import io
from typing import IO

import pytest

from services.web.forms import MOST_FIELDS, Fields, Files, read_multipart, read_query, read_urlencoded
from services.web.problems import Problem

PART = b'--b\r\nContent-Disposition: form-data; name="a"'


def multipart(body: bytes, **limits: int) -> tuple[Fields, Files]:
    def open_file(filename: str, media_type: str) -> IO[bytes]:
        return io.BytesIO()

    bounds = {"most_bytes": 1_000, "most_parts": 10, **limits}
    return read_multipart(io.BytesIO(body), "b", open_file, **bounds)


def test_fields_come_in_their_order_with_empty_and_repeated_ones() -> None:
    assert read_urlencoded(b"b=1&a=&b=2&c") == [("b", "1"), ("a", ""), ("b", "2"), ("c", "")]
    assert read_query(b"a=x+y%20z&%C3%A9=%E2%98%83") == [("a", "x y z"), ("é", "☃")]
    assert read_query(b"") == []


@pytest.mark.parametrize("text", [b"a=\xff", b"a=%ff", b"%c3=1", b"a=%ed%a0%80"])
def test_what_is_not_utf_8_is_refused_and_not_replaced(text: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        read_urlencoded(text)
    assert refusal.value.slug == "bad-body"
    with pytest.raises(Problem) as refusal:
        read_query(text)
    assert refusal.value.slug == "bad-request"


def test_a_form_of_very_many_fields_is_too_large() -> None:
    assert len(read_urlencoded(b"&".join([b"a"] * MOST_FIELDS))) == MOST_FIELDS
    with pytest.raises(Problem) as refusal:
        read_urlencoded(b"&".join([b"a"] * (MOST_FIELDS + 1)))
    assert refusal.value.slug == "too-large"


@pytest.mark.parametrize("kind", ["", "\r\nContent-Type: text/plain", "\r\nContent-Type: text/plain; charset=UTF-8"])
def test_the_text_of_a_part_is_utf_8(kind: str) -> None:
    body = PART + kind.encode() + "\r\n\r\né\r\n--b--\r\n".encode()
    assert multipart(body)[0] == [("a", "é")]


@pytest.mark.parametrize(
    "body",
    [
        PART + b"\r\n\r\n\xff\r\n--b--\r\n",
        PART + b"\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n\xe9\r\n--b--\r\n",
        PART + b"\r\nContent-Type: text/plain; charset=utf-16\r\n\r\na\0\r\n--b--\r\n",
        PART.replace(b'"a"', b'"\xff"') + b"\r\n\r\nx\r\n--b--\r\n",
    ],
)
def test_text_in_any_other_encoding_is_refused(body: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        multipart(body)
    assert refusal.value.slug == "bad-body"


@pytest.mark.parametrize("limits", [{"most_bytes": 5}, {"most_parts": 1}])
def test_more_than_may_be_is_too_large(limits: dict[str, int]) -> None:
    body = (PART + b"\r\n\r\n" + b"x" * 10 + b"\r\n") * 2 + b"--b--\r\n"
    assert multipart(body)[0] == [("a", "x" * 10)] * 2
    with pytest.raises(Problem) as refusal:
        multipart(body, **limits)
    assert refusal.value.slug == "too-large"


@pytest.mark.parametrize("boundary", ["", "é"])
def test_a_boundary_is_needed(boundary: str) -> None:
    with pytest.raises(Problem) as refusal:
        read_multipart(io.BytesIO(b""), boundary, lambda *_: io.BytesIO(), most_bytes=1, most_parts=1)
    assert refusal.value.slug == "bad-body"
