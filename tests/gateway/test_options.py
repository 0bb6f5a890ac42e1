"""What a client may ask of any job: in the query, or in the envelope."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.jobs.intake import Submission
from tests.web_fixtures import House, mistakes_of


def asked(house: House, query: str = "", options: dict[str, Any] | None = None) -> Submission:
    """The submission that comes of options in the query or in the envelope."""
    body = {"input": {}, "options": options} if options is not None else {}
    reply = house.gateway().post(f"/v1/jobs/every?{query}", json=body)
    assert reply.status_code == 202, reply.data
    return house.store.jobs[reply.json["id"]].submission


def refused(client: FlaskClient, query: str = "", options: dict[str, Any] | None = None) -> dict[str, str]:
    body = {"input": {}, "options": options} if options is not None else {}
    return mistakes_of(client.post(f"/v1/jobs/every?{query}", json=body))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize("priority", ["high", "default", "low"])
def test_a_priority_chooses_the_queue(house: House, priority: str) -> None:
    assert asked(house, f"priority={priority}").queue == priority
    assert asked(house, options={"priority": priority}).queue == priority


def test_without_options_a_job_is_due_at_once_with_its_types_own_limits(house: House) -> None:
    found = asked(house)
    assert (found.queue, found.run_at, found.timeout, found.max_attempts) == ("default", 0, 30, 3)


def test_a_timeout_may_be_shorter_than_the_types_own(house: House) -> None:
    assert asked(house, "timeout=5").timeout == 5
    assert asked(house, options={"timeout": 30}).timeout == 30


def test_a_delay_puts_off_the_start(house: House) -> None:
    for found in (asked(house, "delay=90.5"), asked(house, options={"delay": 90.5})):
        assert abs(found.run_at - ms(datetime.now(UTC) + timedelta(seconds=90.5))) < 20_000
    assert asked(house, "delay=0").run_at == 0


@pytest.mark.parametrize("offset", ["Z", "+00:00", "+05:30", "-11:00"])
def test_a_moment_to_start_at_is_read_with_its_offset(house: House, offset: str) -> None:
    moment = datetime.fromisoformat(
        (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S") + offset.replace("Z", "+00:00")
    )
    assert asked(house, options={"run_at": moment.isoformat()}).run_at == ms(moment)
    assert asked(house, f"run_at={moment.isoformat().replace('+', '%2B')}").run_at == ms(moment)


@pytest.mark.parametrize(
    "moment", ["1970-01-01T00:00:00Z", "2020-01-31T12:00:00+02:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"]
)
def test_a_moment_that_is_past_is_at_once(house: House, moment: str) -> None:
    assert asked(house, options={"run_at": moment}).run_at == 0


@pytest.mark.parametrize(
    ("options", "mistakes"),
    [
        ({"priority": "urgent"}, {"/options/priority": "literal_error"}),
        ({"priority": ["high", "low"]}, {"/options/priority": "literal_error"}),
        ({"delay": -1}, {"/options/delay": "greater_than_equal"}),
        ({"delay": 604_801}, {"/options/delay": "less_than_equal"}),
        ({"delay": "soon"}, {"/options/delay": "float_parsing"}),
        ({"delay": "NaN"}, {"/options/delay": "finite_number"}),
        ({"delay": "inf"}, {"/options/delay": "finite_number"}),
        ({"run_at": "tomorrow"}, {"/options/run_at": "datetime_from_date_parsing"}),
        ({"run_at": "2026-01-31T12:00:00"}, {"/options/run_at": "timezone_aware"}),
        ({"run_at": "9999-12-31T23:59:59Z"}, {"/options/run_at": "option"}),
        ({"run_at": "9999-12-31T23:59:59-14:00"}, {"/options/run_at": "option"}),
        ({"run_at": "2999-01-01T00:00:00Z", "delay": 1}, {"/options/delay": "option"}),
        ({"timeout": 0}, {"/options/timeout": "greater_than_equal"}),
        ({"timeout": 31}, {"/options/timeout": "option"}),
        ({"timeout": 1.5}, {"/options/timeout": "int_from_float"}),
        ({"validate": "perhaps"}, {"/options/validate": "bool_parsing"}),
        ({"retries": 5}, {"/options/retries": "extra_forbidden"}),
        ({"validate_only": True}, {"/options/validate_only": "extra_forbidden"}),
        (
            {"priority": "urgent", "delay": -1},
            {"/options/priority": "literal_error", "/options/delay": "greater_than_equal"},
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_with_its_pointer(
    client: FlaskClient, house: House, options: dict[str, Any], mistakes: dict[str, str]
) -> None:
    assert refused(client, options=options) == mistakes
    assert house.store.jobs == {}


@pytest.mark.parametrize(
    ("query", "mistakes"),
    [
        ("priority=urgent", {"/options/priority": "literal_error"}),
        ("priority=high&priority=low", {"/options/priority": "literal_error"}),
        ("delay=", {"/options/delay": "float_parsing"}),
        ("timeout=31", {"/options/timeout": "option"}),
        ("retries=5", {"/retries": "unknown_field"}),
    ],
)
def test_an_option_in_the_query_is_checked_as_well(client: FlaskClient, query: str, mistakes: dict[str, str]) -> None:
    assert refused(client, query) == mistakes


def test_a_limit_is_told(client: FlaskClient) -> None:
    reply = client.post("/v1/jobs/every?timeout=31", json={})
    assert "at most 30 seconds for every" in reply.json["detail"]


def test_an_option_in_the_query_and_in_the_envelope_is_refused(client: FlaskClient) -> None:
    assert refused(client, "priority=high", {"priority": "high"}) == {"/options/priority": "given_twice"}


def test_options_from_both_places_are_taken_together(house: House) -> None:
    found = asked(house, "priority=high", {"timeout": 7})
    assert (found.queue, found.timeout) == ("high", 7)


@pytest.mark.parametrize("how", ["validate=true", "validate=1"])
def test_a_dry_run_enqueues_nothing(client: FlaskClient, house: House, how: str) -> None:
    reply = client.post(f"/v1/jobs/every?{how}", json={"count": "2"})
    assert (reply.status_code, reply.json["valid"], reply.json["input"]["count"]) == (200, True, 2)
    reply = client.post("/v1/jobs/every", json={"input": {"count": 3}, "options": {"validate": True}})
    assert (reply.status_code, reply.json["input"]["count"]) == (200, 3)
    assert house.store.jobs == {}


def test_a_dry_run_of_what_is_wrong_is_refused(client: FlaskClient) -> None:
    assert refused(client, "validate=true&timeout=31") == {"/options/timeout": "option"}
    assert mistakes_of(client.post("/v1/jobs/every?validate=true", json={"count": "x"})) == {"/count": "int_parsing"}


def test_no_dry_run_is_a_submission(house: House) -> None:
    assert asked(house, "validate=false").type == "every"
