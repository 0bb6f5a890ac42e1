from pathlib import Path

import pytest
from flask import Blueprint, request_tearing_down, session

from services.web.app import App
from tests.web_fixtures import House


@pytest.fixture
def app(tmp_path: Path) -> App:
    return House(tmp_path).bare()


def test_there_is_no_session_of_flasks_own(app: App) -> None:
    with app.test_request_context("/livez"):
        assert not session
        with pytest.raises(RuntimeError, match="session is unavailable"):
            session["a"] = 1


def test_a_check_that_answers_keeps_the_route_from_being_asked(app: App) -> None:
    app.before_request(lambda: "checked")
    app.before_request(lambda: "too late")
    assert app.test_client().get("/livez").text == "checked"


def test_a_blueprint_may_have_checks_of_its_own(app: App) -> None:
    routes = Blueprint("own", __name__)
    routes.before_request(lambda: "checked")
    routes.get("/own")(lambda: "asked")
    app.register_blueprint(routes)
    assert app.test_client().get("/own").text == "checked"
    assert app.test_client().get("/livez").text != "checked"


@pytest.mark.parametrize("told", ["function", "signal"])
def test_what_is_registered_for_the_end_of_a_request_is_done(app: App, told: str) -> None:
    done: list[str] = []

    def end(*_: object, **__: object) -> None:
        done.append(told)

    if told == "function":
        app.teardown_request(end)
        app.test_client().get("/livez")
    else:
        with request_tearing_down.connected_to(end, app):
            app.test_client().get("/livez")
    assert done == [told]
