from pathlib import Path

import pytest

from services.web.problem_types import PROBLEM_TYPES, ProblemType
from tests.web_fixtures import House, problem_of


@pytest.mark.parametrize("kind", PROBLEM_TYPES.values(), ids=list(PROBLEM_TYPES))
def test_a_problem_type_says_what_it_means_and_how_to_mend_it(kind: ProblemType) -> None:
    for text in (kind.meaning, kind.mend):
        assert text.endswith(".") and text[0].isupper(), text
    assert kind.title[0].isupper() and not kind.title.endswith(".")
    assert kind.example.startswith("curl ")
    assert 400 <= kind.status < 600 or kind.status == 200


@pytest.mark.parametrize("kind", PROBLEM_TYPES.values(), ids=list(PROBLEM_TYPES))
def test_its_uri_resolves_on_both_services(kind: ProblemType, tmp_path: Path) -> None:
    house = House(tmp_path)
    for client in (house.gateway(), house.status()):
        reply = client.get(kind.uri, headers={"Accept": "application/json"})
        assert reply.status_code == 200
        assert (reply.json["type"], reply.json["meaning"]) == (kind.uri, kind.meaning)
        assert reply.json["example"] == kind.example


def test_all_problem_types_are_listed(tmp_path: Path) -> None:
    listed = House(tmp_path).status().get("/problems/", headers={"Accept": "application/json"}).json["problems"]
    assert [entry["type"] for entry in listed] == [kind.uri for kind in PROBLEM_TYPES.values()]


def test_a_problem_that_there_is_not_is_not_found(tmp_path: Path) -> None:
    problem_of(House(tmp_path).gateway().get("/problems/none"), "not-found")
