"""JSON is read strictly: what RFC 8259 leaves open is refused with 400, and nothing ends as 500."""

from tests.conformance.kit.checks import contains, problem, same, status_is
from tests.conformance.kit.client import JSON, Client
from tests.conformance.kit.rules import rule


def _refused(client: Client, body: bytes, kind: str = "text-report", media_type: str = JSON) -> None:
    reply = client.post(kind, media_type, body)
    assert reply.status == 400, f"{body[:60]!r} got {reply.status}, not 400: {reply.text[:200]}"
    problem(reply, 400)


@rule("A body that is no JSON is refused with 400.")
def bad_json(client: Client) -> None:
    for body in (b"", b"   ", b"{", b'{"text": }', b"{'text': 'a'}", b'{"text": "a",}', b"text=a", b"\xde\xad\xbe\xef"):
        _refused(client, body)


@rule("Bytes after the JSON value are refused with 400.")
def trailing_garbage(client: Client) -> None:
    for body in (b'{"text": "a"} x', b'{"text": "a"}{"text": "b"}', b'{"text": "a"}]', b'{"text": "a"}\x00'):
        _refused(client, body)


@rule("NaN and the infinities are refused with 400.")
def not_a_number(client: Client) -> None:
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        _refused(client, b'{"seconds": ' + word + b"}", "simulate")


@rule("Numbers beyond what a double or a reasonable integer holds are refused with 400.")
def huge_numbers(client: Client) -> None:
    for number in (b"1e400", b"-1e400", b"9" * 5000, b"1e999999999"):
        _refused(client, b'{"seconds": ' + number + b"}", "simulate")


@rule("Duplicate keys are refused with 400, at any depth and however they are spelt.")
def duplicate_keys(client: Client) -> None:
    _refused(client, b'{"text": "a", "text": "b"}')
    _refused(client, b'{"text": "a", "te\\u0078t": "b"}')
    _refused(client, b'{"input": {"text": "a", "text": "b"}, "options": {}}')
    _refused(client, b'{"text": {"x": [{"y": 1, "y": 2}]}}')


@rule("A lone surrogate is refused with 400; a pair is a character.")
def lone_surrogates(client: Client) -> None:
    for text in (b"\\ud800", b"\\udc00", b"\\ud83d x", b"\\ude00\\ud83d"):
        _refused(client, b'{"text": "' + text + b'"}')
    _refused(client, b'{"text": "a", "\\ud800": 1}')
    reply = status_is(client.post("text-report", JSON, b'{"text": "\\ud83d\\ude00"}', "validate=true"), 200)
    assert contains(reply.json(), "\U0001f600"), f"the pair came through as {reply.text[:200]}"


@rule("Nesting past the limit is refused with 400, on the way in and however deep.")
def deep_nesting(client: Client) -> None:
    for depth in (2_000, 100_000):
        _refused(client, b'{"text": ' + b"[" * depth + b"]" * depth + b"}")
        _refused(client, b'{"a":' * depth + b"1" + b"}" * depth)
        _refused(client, b"[" * depth)


@rule("Ordinary nesting is read: a list of lists where a text should be is invalid input, not bad JSON.")
def shallow_nesting(client: Client) -> None:
    problem(client.submit(value={"text": [[[[["a"]]]]]}), 422)


@rule("JSON is UTF-8: UTF-16, UTF-32 and Latin-1 are refused with 400, or with 415 where charset says so.")
def utf8_only(client: Client) -> None:
    text = '{"text": "naïve"}'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"):
        _refused(client, text.encode(encoding))
    problem(client.post("text-report", "application/json; charset=utf-16", text.encode("utf-16")), 400, 415)


@rule("Overlong and otherwise invalid UTF-8 is refused with 400.")
def invalid_utf8(client: Client) -> None:
    for text in (b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"):
        _refused(client, b'{"text": "' + text + b'"}')


@rule("A byte order mark is refused with 400 or left out, as RFC 8259 (8.1) allows; it never gets into the input.")
def byte_order_mark(client: Client) -> None:
    reply = status_is(client.post("text-report", JSON, b'\xef\xbb\xbf{"text": "a"}', "validate=true"), 200, 400)
    assert reply.status == 200 or problem(reply, 400)


@rule("Control characters may not stand in a string unescaped: 400.")
def bare_control_characters(client: Client) -> None:
    for character in (b"\n", b"\t", b"\x00", b"\x1f"):
        _refused(client, b'{"text": "a' + character + b'b"}')


@rule("An escaped NUL is text like any other: taken whole or refused as invalid input, never an error of ours.")
def escaped_nul(client: Client) -> None:
    reply = status_is(client.post("text-report", JSON, b'{"text": "a\\u0000b"}', "validate=true"), 200, 422)
    if reply.status == 200:
        assert contains(reply.json(), "a\0b"), f"the text came through as {reply.text[:200]}"


@rule("JSON that is no object is refused.")
def not_an_object(client: Client) -> None:
    for body in (b"[]", b'"text"', b"1", b"null", b"true", b'[{"text": "a"}]'):
        problem(client.post("text-report", JSON, body), 400, 422)


@rule("A 400 for bad JSON says where it is bad.")
def says_where(client: Client) -> None:
    detail = problem(client.post("text-report", JSON, b'{"text": oops}'), 400)["detail"]
    assert any(character.isdigit() for character in detail), f"the detail names no place: {detail!r}"


@rule("JSON escapes and characters beyond the basic plane come through unchanged.")
def unicode_round_trip(client: Client) -> None:
    text = 'quote " backslash \\ slash / tab \t line \n é ☃ \U0001f9ea \u2028'
    reply = status_is(client.submit(value={"text": text}, query="validate=true"), 200)
    assert contains(reply.json(), text), f"the text came through as {reply.text[:300]}"
    same(reply.media_type, "application/json", "Content-Type")
