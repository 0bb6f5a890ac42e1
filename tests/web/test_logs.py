import logging
from pathlib import Path

import pytest

from services.web.logs import FORMAT, RequestContext
from services.web.request import current
from tests.web_fixtures import House


def line(message: str = "hello") -> str:
    """A log line as a service writes it."""
    record = logging.LogRecord("some.module", logging.WARNING, __file__, 1, message, None, None)
    assert RequestContext().filter(record)
    return logging.Formatter(FORMAT).format(record)


def test_a_line_outside_of_a_request_says_so() -> None:
    assert line().endswith("WARNING some.module request=- hello")


def test_a_line_says_which_request_it_belongs_to(tmp_path: Path) -> None:
    with House(tmp_path).bare().test_request_context("/livez"):
        current().id = "abc"
        assert line().endswith("request=abc hello")


def test_an_error_of_ours_can_be_found_by_the_id_that_the_client_got(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = House(tmp_path).bare()

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError

    caplog.handler.addFilter(RequestContext())
    reply = app.test_client().get("/broken")
    assert reply.status_code == 500
    assert {getattr(record, "request_id", "") for record in caplog.records} == {reply.headers["X-Request-ID"]}
