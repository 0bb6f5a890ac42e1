from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.jobs.pulse import Pulse
from tests.web_fixtures import House, Out, PulseTwin, problem_of


def client(service: str, folder: Path, **parts: Any) -> FlaskClient:
    house = House(folder)
    return house.gateway(**parts) if service == "gateway" else house.status(**parts)


@pytest.mark.parametrize("service", ["gateway", "status"])
class TestHealth:
    def test_a_process_that_answers_is_alive_even_without_its_store(self, service: str, tmp_path: Path) -> None:
        reply = client(service, tmp_path, pulse=Pulse(Out())).get("/livez")
        assert (reply.status_code, reply.json) == (200, {"status": "alive"})

    def test_a_service_is_ready_when_its_store_answers(self, service: str, tmp_path: Path) -> None:
        reply = client(service, tmp_path, pulse=PulseTwin(3)).get("/readyz")
        assert reply.status_code == 200
        assert (reply.json["status"], reply.json["workers"]) == ("ready", 3)
        assert "warning" not in reply.json

    def test_it_says_so_when_no_worker_is_alive(self, service: str, tmp_path: Path) -> None:
        reply = client(service, tmp_path, pulse=PulseTwin(0)).get("/readyz")
        assert reply.status_code == 200
        assert reply.json["workers"] == 0 and "no worker is alive" in reply.json["warning"]

    def test_it_is_not_ready_while_the_store_is_out(self, service: str, tmp_path: Path) -> None:
        reply = client(service, tmp_path, pulse=Pulse(Out())).get("/readyz")
        problem_of(reply, "store-unavailable")
        assert int(reply.headers["Retry-After"]) > 0
