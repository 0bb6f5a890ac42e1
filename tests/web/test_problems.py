import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import abort
from obstore.exceptions import GenericError
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError, ResponseError, TimeoutError
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.test import TestResponse

from services.web.app import App
from services.web.problems import BY_STATUS, Problem
from tests.web_fixtures import House, problem_of

Answer = Callable[..., TestResponse]


@pytest.fixture
def app(tmp_path: Path) -> App:
    return House(tmp_path).bare()


@pytest.fixture
def answer(app: App) -> Answer:
    """What a client gets when a handler raises an error."""

    def answer_to(error: Exception | int, method: str = "GET") -> TestResponse:
        @app.route("/v1/here", methods=["GET", "POST"])
        def here() -> str:
            if isinstance(error, int):
                abort(error)
            raise error

        return app.test_client().open("/v1/here", method=method)

    return answer_to


def test_a_problem_is_its_type_what_is_wrong_and_what_is_added(answer: Answer) -> None:
    problem = Problem("too-large", "Too much.", {"limit": 5, "none": None}, headers={"Retry-After": "7"})
    reply = answer(problem)
    assert problem_of(reply, "too-large") == {
        "type": "/problems/too-large",
        "title": "The body is too large",
        "status": 413,
        "detail": "Too much.",
        "limit": 5,
    }
    assert reply.headers["Retry-After"] == "7"


def test_a_problem_may_speak_any_language(answer: Answer) -> None:
    assert problem_of(answer(Problem("bad-request", "schön 🧪 \0 \n")), "bad-request")["detail"] == "schön 🧪 \0 \n"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Error 111 connecting to store.internal:6379"),
        TimeoutError("Timeout reading from store.internal"),
        BusyLoadingError("loading"),
        ResponseError("OOM command not allowed"),
        RedisError("store.internal"),
    ],
)
def test_an_error_of_the_store_is_a_503_that_says_when_to_try_again(
    answer: Answer, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reply = answer(error, "POST")
    problem_of(reply, "store-unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert b"internal" not in reply.data
    assert str(error) in caplog.text


@pytest.mark.parametrize("error", [GenericError("disk /data/blobs"), OSError(28, "No space left", "/data/blobs/x")])
def test_an_error_of_file_storage_is_a_503_without_its_path(
    answer: Answer, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reply = answer(error, "POST")
    problem_of(reply, "store-unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert b"/data" not in reply.data
    assert "/data/blobs" in caplog.text


@pytest.mark.parametrize(
    "error", [RuntimeError("secret /a/path"), KeyError("secret"), ZeroDivisionError(), Exception()]
)
def test_an_unexpected_error_is_a_500_that_tells_nothing_and_is_logged(
    answer: Answer, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    reply = answer(error)
    problem = problem_of(reply, "internal-error")
    text = json.dumps(problem)
    assert "secret" not in text and "path" not in text and "Traceback" not in text and type(error).__name__ not in text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(("status", "slug"), BY_STATUS.items())
def test_every_refusal_of_the_framework_becomes_a_problem(answer: Answer, status: int, slug: str) -> None:
    class Refusal(HTTPException):
        code = status
        description = "It is so."

    problem_of(answer(Refusal()), slug)


@pytest.mark.parametrize("status", [400, 403, 409, 418, 429])
def test_any_other_refusal_is_a_malformed_request(answer: Answer, status: int) -> None:
    problem_of(answer(status), "bad-request")


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
def test_any_other_error_is_ours(answer: Answer, status: int) -> None:
    problem_of(answer(status), "internal-error")


def test_an_error_of_the_framework_keeps_its_retry_after_and_no_other_header(answer: Answer) -> None:
    reply = answer(ServiceUnavailable(retry_after=9))
    assert reply.headers["Retry-After"] == "9"
    assert reply.mimetype == "application/problem+json"


def test_no_problem_names_a_path_of_this_machine(answer: Answer, tmp_path: Path) -> None:
    reply = answer(FileNotFoundError(2, "No such file", str(tmp_path)))
    assert str(tmp_path).encode() not in reply.data
