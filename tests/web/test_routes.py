"""Routes that are known already are those that Werkzeug would find."""

from pathlib import Path

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from services.web.app import App
from services.web.routes import KEPT, SOME_JOB, Routes
from tests.web_fixtures import House

JOB = "0123456789abcdef" * 2
PATHS = [
    *(
        "/",
        "/livez",
        "/problems/",
        "/problems",
        "/problems/not-found",
        "/nowhere",
        "",
        "//livez",
        "/v1/jobs",
        "/v1/jobs/",
    ),
    *(f"/v1/jobs/{JOB}{rest}" for rest in ("", "/", "/result", "/events", "/deliveries", "/nothing", f"/files/{JOB}")),
    *(f"/v1/jobs/{SOME_JOB}", f"/v1/jobs/{SOME_JOB}/files/{SOME_JOB}", f"/v1/jobs/{JOB}/files/{SOME_JOB}"),
    *(f"/v1/jobs/{JOB}0", f"/v1/jobs/{JOB[1:]}", f"/v1/jobs/{JOB.upper()}", "/v1/jobs/simulate", "/v1/jobs/a\n"),
    *(f"/v1/job-types/{JOB}", f"/v1/job-types/simulate/examples/{SOME_JOB}", f"/static/{JOB}", f"/{JOB}"),
]


@pytest.fixture(params=["gateway", "status"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> App:
    house = House(tmp_path)
    made = (house.gateway() if request.param == "gateway" else house.status()).application
    assert isinstance(made, App)
    return made


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", PATHS)
def test_a_route_is_the_one_that_werkzeug_finds(app: App, path: str, method: str) -> None:
    adapter = app.url_map.bind("localhost")
    try:
        expected = adapter.match(path, method, return_rule=True)
    except HTTPException as error:
        for _ in range(2):
            with pytest.raises(type(error)):
                app.routes.find(method, path)
        return
    for _ in range(2):
        assert app.routes.find(method, path) == expected


def test_each_job_keeps_its_own_id() -> None:
    routes = Routes(Map([Rule("/v1/jobs/<job_id>", endpoint="job"), Rule("/v1/jobs/<a>/<b>", endpoint="two")]))
    for job in (JOB, SOME_JOB, JOB[::-1], JOB):
        assert routes.find("GET", f"/v1/jobs/{job}")[1] == {"job_id": job}
        assert routes.find("GET", f"/v1/jobs/{job}/rest")[1] == {"a": job, "b": "rest"}
        assert routes.find("GET", f"/v1/jobs/{JOB}/{job}")[1] == {"a": JOB, "b": job}


def test_what_one_request_does_to_its_values_does_not_reach_the_next() -> None:
    routes = Routes(Map([Rule("/<name>", endpoint="any")]))
    routes.find("GET", "/a")[1]["name"] = "b"
    assert routes.find("GET", "/a")[1] == {"name": "a"}


def test_only_some_paths_are_kept() -> None:
    routes = Routes(Map([Rule("/<name>", endpoint="any")]))
    for number in range(2 * KEPT):
        assert routes.find("GET", f"/{number}")[1] == {"name": str(number)}
    assert routes._known.cache_info().currsize == KEPT


def test_a_route_that_is_not_there_is_looked_for_each_time() -> None:
    routes = Routes(Map([Rule("/<name>", endpoint="any", methods=["POST"])]))
    for error, path in ((NotFound, "/a/b"), (MethodNotAllowed, "/a")) * 2:
        with pytest.raises(error):
            routes.find("GET", path)
    assert routes._known.cache_info().currsize == 0
