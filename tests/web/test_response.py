"""What the server is handed: ready bodies as they stand, and all others so that they are closed after being sent."""

from collections.abc import Iterable

import pytest
from werkzeug.test import create_environ

from services.web.response import SECURITY, Response


def handed_over(response: Response, method: str = "GET") -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
    return response.get_wsgi_response(create_environ(method=method))


@pytest.mark.parametrize("status", [200, 202])
def test_a_ready_body_is_handed_over_as_it_stands(status: int) -> None:
    body, told, headers = handed_over(Response("abc", status, content_type="text/plain"))
    assert body == [b"abc"] and told.startswith(str(status))
    assert headers == [("Content-Type", "text/plain"), ("Content-Length", "3"), *SECURITY]


@pytest.mark.parametrize(("status", "method"), [(200, "HEAD"), (204, "GET"), (304, "GET")])
def test_a_reply_without_content_has_none(status: int, method: str) -> None:
    response = Response("abc", status)
    body, _, headers = handed_over(response, method)
    assert list(body) == []
    assert set(SECURITY) <= set(headers)
    assert ("Content-Length", "3") in headers or method == "GET"


def test_the_headers_of_a_response_stay_its_own() -> None:
    response = Response("abc")
    before = list(response.headers)
    handed_over(response)[2].clear()
    assert list(response.headers) == before


def test_what_is_to_be_done_after_a_reply_is_done() -> None:
    done: list[str] = []
    ready, streamed = Response("abc"), Response(iter([b"a", b"b"]))
    for response in (ready, streamed):
        response.call_on_close(lambda: done.append("closed"))
        body = handed_over(response)[0]
        assert b"".join(body) in (b"abc", b"ab")
        body.close()  # type: ignore[attr-defined]
    assert done == ["closed", "closed"]
