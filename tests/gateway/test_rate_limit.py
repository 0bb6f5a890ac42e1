"""A client's quota: how many jobs it may submit within a time."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.jobs.quota import Quota, parse_quota
from services.jobs.settings import Settings, SettingsError, load_settings
from tests.web_fixtures import House, make_settings, problem_of

LIMIT = re.compile(r'"default";r=(\d+);t=(\d+)')


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, rate_limit="3/60")


def submit(client: FlaskClient, address: str = "192.0.2.1", **options: Any) -> TestResponse:
    return client.post("/v1/jobs/simulate", json={"seconds": 0}, environ_overrides={"REMOTE_ADDR": address}, **options)


def left(reply: TestResponse) -> int:
    """What a reply says is left of the quota."""
    assert reply.headers["RateLimit-Policy"] == '"default";q=3;w=60'
    match = LIMIT.fullmatch(reply.headers["RateLimit"])
    assert match and 1 <= int(match[2]) <= 60
    return int(match[1])


def test_each_accepted_submission_says_what_is_left(house: House) -> None:
    gateway = house.gateway()
    replies = [submit(gateway) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [202, 202, 202]
    assert [left(reply) for reply in replies] == [2, 1, 0]


def test_one_submission_too_many_is_refused_with_when_to_come_back(house: House) -> None:
    gateway = house.gateway()
    for _ in range(3):
        submit(gateway)
    reply = submit(gateway)
    assert "3 jobs in 60 seconds" in problem_of(reply, "rate-limited")["detail"]
    assert left(reply) == 0
    match = LIMIT.fullmatch(reply.headers["RateLimit"])
    assert match and reply.headers["Retry-After"] == match[2]
    assert len(house.store.jobs) == 3 and "Set-Cookie" not in reply.headers


def test_a_refused_upload_is_not_kept_and_its_key_is_free(house: House) -> None:
    gateway, key = house.gateway(), {"Idempotency-Key": "k"}
    for _ in range(3):
        submit(gateway)
    before = house.stored()
    environ = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    upload = {"data": b"some words", "content_type": "text/plain", "headers": key}
    problem_of(gateway.post("/v1/jobs/text-report", **upload, **environ), "rate-limited")
    assert house.stored() == before
    house.store.quotas.clear()
    reply = gateway.post("/v1/jobs/text-report", **upload, **environ)
    assert reply.status_code == 202 and "Idempotency-Replayed" not in reply.headers


def test_a_replay_is_not_limited_and_costs_nothing(house: House) -> None:
    gateway, key = house.gateway(), {"headers": {"Idempotency-Key": "k"}}
    replies = [submit(gateway, **key), submit(gateway, **key), submit(gateway), submit(gateway)]
    assert [left(reply) for reply in replies] == [2, 2, 1, 0]
    again = submit(gateway, **key)
    assert (again.status_code, again.headers["Idempotency-Replayed"], left(again)) == (202, "true", 0)


def test_what_is_refused_for_another_reason_costs_nothing(house: House) -> None:
    gateway = house.gateway()
    for path, body in (("simulate", {"seconds": "soon"}), ("no-such-type", {}), ("simulate?validate=true", {})):
        reply = gateway.post(f"/v1/jobs/{path}", json=body, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        assert "RateLimit" not in reply.headers
    assert left(submit(gateway)) == 2


def test_each_address_has_a_quota_of_its_own_whatever_its_cookies(house: House) -> None:
    gateway = house.gateway()
    assert left(submit(gateway, "192.0.2.1")) == 2
    assert left(submit(gateway, "192.0.2.2")) == 2
    fresh = gateway.application.test_client()
    assert left(submit(fresh, "192.0.2.1")) == 1


def test_an_ipv6_network_has_one_quota(house: House) -> None:
    gateway = house.gateway()
    assert left(submit(gateway, "2001:db8::1")) == 2
    assert left(submit(gateway, "2001:db8::ffff:2")) == 1
    assert left(submit(gateway, "2001:db8:0:1::1")) == 2


def test_the_holder_of_an_api_key_has_one_quota_wherever_he_is(tmp_path: Path) -> None:
    digest = "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"  # SHA-256 of "bob"
    gateway = House(tmp_path, rate_limit="3/60", api_keys=f"bob:{digest}").gateway()
    me = {"headers": {"Authorization": "Bearer bob"}}
    assert "RateLimit" not in submit(gateway).headers
    assert left(submit(gateway, "192.0.2.1", **me)) == 2
    assert left(submit(gateway, "192.0.2.2", **me)) == 1


def test_a_waited_for_job_says_what_is_left_too(house: House) -> None:
    reply = submit(house.gateway(), headers={"Prefer": "wait=0"})
    assert left(reply) == 2


def test_without_the_setting_nothing_is_limited_or_said(tmp_path: Path) -> None:
    gateway = House(tmp_path).gateway()
    replies = [submit(gateway) for _ in range(20)]
    assert {reply.status_code for reply in replies} == {202}
    assert not any("RateLimit" in reply.headers or "RateLimit-Policy" in reply.headers for reply in replies)


@pytest.mark.parametrize(("text", "quota"), [("", None), ("100/60", Quota(100, 60)), ("1/1", Quota(1, 1))])
def test_the_setting_is_requests_and_seconds(text: str, quota: Quota | None) -> None:
    assert parse_quota(text) == quota == make_settings(rate_limit=text).quota


@pytest.mark.parametrize("text", ["100", "0/60", "10/0", "-1/60", "1.5/60", "10/60s", "/", "ten/60", " "])
def test_a_setting_that_makes_no_sense_says_how_to_write_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_LIMIT", text)
    with pytest.raises(SettingsError, match=r"RATE_LIMIT=.*write requests/seconds, such as 100/60"):
        load_settings()
    assert Settings.model_fields["rate_limit"].default == ""
