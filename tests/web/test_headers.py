from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.web_fixtures import House


@pytest.fixture(params=["gateway", "status"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> FlaskClient:
    house = House(tmp_path)
    return house.gateway() if request.param == "gateway" else house.status()


PATHS = ["/", "/livez", "/readyz", "/problems/not-found", "/nowhere", "/v1/jobs/x", "/v1/job-types/none"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_every_reply_has_its_headers_once(client: FlaskClient, path: str, method: str) -> None:
    headers = client.open(path, method=method).headers
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-site",
    }.items():
        assert headers.getlist(name) == [value]
    assert len(headers.getlist("X-Request-ID")) == 1
    assert "Server" not in headers


@pytest.mark.parametrize(
    "theirs", ["a", "01HXYZ", "8e03978e-40d5-43dd-bc93-6894a57f9324", "a.b_c~d:e/f+g=h", "x" * 128]
)
def test_a_well_formed_request_id_comes_back(client: FlaskClient, theirs: str) -> None:
    for path in ("/livez", "/nowhere"):
        assert client.get(path, headers={"X-Request-ID": theirs}).headers["X-Request-ID"] == theirs


@pytest.mark.parametrize("theirs", ["", "a b", "é", "x" * 129, "<script>", '"', "a\tb", "a,b"])
def test_any_other_request_id_is_replaced(client: FlaskClient, theirs: str) -> None:
    ours = client.get("/livez", headers={"X-Request-ID": theirs}).headers["X-Request-ID"]
    assert ours != theirs and len(ours) == 16


def test_each_request_has_an_id_of_its_own(client: FlaskClient) -> None:
    assert len({client.get("/livez").headers["X-Request-ID"] for _ in range(20)}) == 20
