"""Sessions: how a client without an API key finds its jobs again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.jobs.connection import connect
from services.jobs.intake import JobIntake
from services.web.callers import COOKIE, SESSION
from tests.web_fixtures import House, Out, problem_of

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def submit(client: FlaskClient, work: Any = None, **options: Any) -> TestResponse:
    return client.post("/v1/jobs/simulate", json=work or {"seconds": 0}, **options)


def cookie_of(reply: TestResponse) -> str:
    """The one Set-Cookie line of a reply, "" if it has none."""
    lines = reply.headers.getlist("Set-Cookie")
    assert len(lines) <= 1
    return lines[0] if lines else ""


def session_of(reply: TestResponse) -> dict[str, str]:
    """The Cookie header with which a client comes back."""
    pair = cookie_of(reply).partition(";")[0]
    assert pair.startswith(f"{COOKIE}=") and SESSION.fullmatch(pair.partition("=")[2])
    return {"Cookie": pair}


def listed(house: House, headers: dict[str, str]) -> list[str]:
    reply = house.status().application.test_client(use_cookies=False).get("/v1/jobs", headers=headers)
    assert reply.status_code == 200 and "Set-Cookie" not in reply.headers
    return [job["id"] for job in reply.json["jobs"]]  # type: ignore[index]


def cookieless(house: House) -> FlaskClient:
    return house.gateway().application.test_client(use_cookies=False)


def test_the_first_submission_sets_a_cookie_that_scripts_and_other_sites_do_not_get(house: House) -> None:
    line = cookie_of(submit(house.gateway()))
    name_and_value, *flags = line.split("; ")
    assert name_and_value.startswith(f"{COOKIE}=")
    kept = {flag for flag in flags if not flag.startswith("Expires=")}
    assert kept == {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"}


def test_over_tls_the_cookie_is_secure(house: House, tmp_path: Path) -> None:
    assert "; Secure" in cookie_of(submit(house.gateway(), base_url="https://localhost"))
    behind = House(tmp_path, gateway_public_url="https://jobs.example.org")
    assert "; Secure" in cookie_of(submit(behind.gateway()))
    assert "; Secure" not in cookie_of(submit(house.gateway()))


def test_later_submissions_belong_to_the_session_and_set_no_cookie(house: House) -> None:
    gateway = house.gateway()
    first = submit(gateway)
    second = submit(gateway)  # the test client sends the cookie back
    assert cookie_of(second) == ""
    assert set(listed(house, session_of(first))) == {first.json["id"], second.json["id"]}  # type: ignore[index]


def test_the_store_does_not_know_the_session_itself(house: House) -> None:
    session = session_of(submit(house.gateway()))["Cookie"].partition("=")[2]
    [entry] = house.store.jobs.values()
    assert entry.record.owner.startswith("session:") and session not in repr(entry)


def test_a_cookie_that_is_no_session_is_replaced(house: House) -> None:
    reply = submit(cookieless(house), headers={"Cookie": f"{COOKIE}=forged"})
    assert listed(house, session_of(reply)) == [reply.json["id"]]  # type: ignore[index]


@pytest.mark.parametrize("end", ["simulate?validate=true", "simulate?priority=urgent", "no-such-type"])
def test_what_is_not_accepted_begins_no_session(house: House, end: str) -> None:
    assert cookie_of(house.gateway().post(f"/v1/jobs/{end}", json={"seconds": 0})) == ""


def test_a_cookieless_client_that_repeats_its_request_gets_the_same_job(house: House) -> None:
    client = cookieless(house)
    first, second = submit(client, headers=KEY), submit(client, headers=KEY)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (second.json["id"], second.headers["Location"]) == (first.json["id"], first.headers["Location"])  # type: ignore[index]
    assert cookie_of(first) and not cookie_of(second)


def test_a_client_that_repeats_its_first_request_with_its_new_cookie_gets_the_same_job(house: House) -> None:
    client = cookieless(house)
    first = submit(client, headers=KEY)
    second = submit(client, headers={**KEY, **session_of(first)})
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json["id"] == first.json["id"]  # type: ignore[index]


def test_twenty_racing_cookieless_requests_with_one_key_make_one_job(house: House, valkey_url: str) -> None:
    store = connect(valkey_url)
    store.flushall()
    app = house.gateway(intake=JobIntake(store)).application
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: submit(app.test_client(use_cookies=False), headers=KEY), range(20)))
    assert {reply.status_code for reply in replies} == {202}
    assert store.llen("rq:queue:default") == 1 and store.scard("cc:open") == 1
    store.close()
    assert sum("Idempotency-Replayed" not in reply.headers for reply in replies) == 1
    assert sum(bool(cookie_of(reply)) for reply in replies) == 1


def test_two_sessions_that_use_one_key_by_chance_have_a_job_each(house: House) -> None:
    client = cookieless(house)
    sessions = [session_of(submit(client)) for _ in range(2)]
    ids = [submit(client, headers={**KEY, **session}).json["id"] for session in sessions]  # type: ignore[index]
    assert ids[0] != ids[1]


def test_deleting_the_session_forgets_its_list_and_its_cookie(house: House) -> None:
    gateway = house.gateway()
    first = submit(gateway)
    session = session_of(first)
    reply = gateway.delete("/v1/session")
    assert (reply.status_code, reply.data) == (204, b"")
    line = cookie_of(reply)
    assert line.startswith(f"{COOKIE}=;") and "Max-Age=0" in line and "Path=/" in line
    assert listed(house, session) == []
    assert house.status().get(f"/v1/jobs/{first.json['id']}").status_code == 200  # type: ignore[index]
    assert session_of(submit(gateway)) != session


def test_deleting_a_session_that_is_none_does_no_harm(house: House) -> None:
    for headers in ({}, {"Cookie": f"{COOKIE}=forged"}):
        assert cookieless(house).delete("/v1/session", headers=headers).status_code == 204


def test_a_list_that_can_not_be_forgotten_now_keeps_its_cookie(house: House) -> None:
    session = session_of(submit(house.gateway()))
    gateway = house.gateway(intake=Out()).application.test_client(use_cookies=False)
    reply = gateway.delete("/v1/session", headers=session)
    problem_of(reply, "store-unavailable")
    assert cookie_of(reply) == ""


def test_without_keys_any_job_can_be_cancelled_by_its_id(house: House) -> None:
    job_id = submit(house.gateway()).json["id"]  # type: ignore[index]
    assert cookieless(house).delete(f"/v1/jobs/{job_id}").json["state"] == "cancelled"  # type: ignore[index]
