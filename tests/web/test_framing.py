from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.web.app import App
from tests.web_fixtures import House, problem_of


class Client:
    """A server's connection that remembers what was left unread."""

    def __init__(self) -> None:
        self.left: list[int | None] = []
        self.deadline: float | None = None

    def leave_body(self, length: int | None) -> None:
        self.left.append(length)


@pytest.fixture
def app(tmp_path: Path) -> App:
    return House(tmp_path).bare()


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return House(tmp_path).gateway()


def test_a_server_is_told_of_a_body_that_was_not_read(client: FlaskClient) -> None:
    server: Any = Client()
    client.post("/nowhere", data=b"x" * 1_000, environ_overrides={"gunicorn.socket": server})
    assert server.left == [1_000]


def test_a_server_is_told_of_a_body_that_was_read_only_in_part(client: FlaskClient) -> None:
    server: Any = Client()
    overrides = {"gunicorn.socket": server, "HTTP_TRANSFER_ENCODING": "chunked"}
    body = b"x" * 10_000
    reply = client.post("/v1/jobs/every", data=body, content_type="application/json", environ_overrides=overrides)
    problem_of(reply, "too-large")
    assert server.left == [None]


@pytest.mark.parametrize(
    "sent", [{"json": {}}, {"data": {"count": "1"}}, {}, {"data": b"{", "content_type": "application/json"}]
)
def test_a_body_that_was_read_to_its_end_is_no_news(client: FlaskClient, sent: dict[str, Any]) -> None:
    server: Any = Client()
    client.post("/v1/jobs/every", environ_overrides={"gunicorn.socket": server}, **sent)
    assert server.left == []


def raw(app: App, **changes: str | None) -> tuple[str, bytes]:
    """The status and body of an answer to a GET of /livez with headers as they stand in the environment."""
    environ = app.test_request_context("/livez").request.environ.copy() | changes
    said: list[str] = []
    environ = {name: value for name, value in environ.items() if value is not None}
    body = b"".join(app.wsgi_app(environ, lambda status, headers, *_: said.append(status)))
    return said[0], body


def test_a_request_needs_a_host_unless_it_is_of_old(app: App) -> None:
    status, body = raw(app, HTTP_HOST=None)
    assert status.startswith("400") and b"untrusted-host" in body
    assert raw(app, HTTP_HOST=None, SERVER_PROTOCOL="HTTP/1.0")[0].startswith("200")


@pytest.mark.parametrize("host", ["a.example,b.example", "a.example, a.example", "", " ", "a b"])
def test_two_hosts_or_what_is_none_are_refused(app: App, host: str) -> None:
    status, body = raw(app, HTTP_HOST=host)
    assert status.startswith("400") and b"untrusted-host" in body
