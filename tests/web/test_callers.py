"""Who calls: API keys where they are configured, and session cookies where not."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.jobs.api_keys import ApiKey, parse_api_keys
from services.jobs.settings import Settings, SettingsError, load_settings
from services.web.callers import COOKIE, Caller, Callers, owner_of
from services.web.problems import Problem
from tests.web_fixtures import House, make_settings, problem_of

APP = Flask(__name__)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


KEYS = (ApiKey("alice", digest("alices-key")), ApiKey("bob", digest("bobs-key")), ApiKey("bob", digest("bobs-next")))


def call(callers: Callers, **environ: Any) -> Caller:
    with APP.test_request_context(environ_overrides=environ):
        return callers.known()


def refusal(authorization: str | None) -> str:
    """The challenge that answers this Authorization header."""
    headers = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    with pytest.raises(Problem) as refused:
        call(Callers(KEYS), **headers)
    assert refused.value.slug == "unauthorized"
    return refused.value.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_holder_of_a_key_is_known_by_name(scheme: str) -> None:
    caller = call(Callers(KEYS), HTTP_AUTHORIZATION=f"{scheme} alices-key")
    assert caller == Caller("key:alice", "key:alice")


@pytest.mark.parametrize("key", ["bobs-key", "bobs-next"])
def test_a_name_may_have_two_keys_while_one_takes_the_others_place(key: str) -> None:
    assert call(Callers(KEYS), HTTP_AUTHORIZATION=f"Bearer {key}").owner == "key:bob"


@pytest.mark.parametrize("header", [None, "", "Basic alices-key", "alices-key", "Digest x"])
def test_who_sends_no_key_is_asked_for_one(header: str | None) -> None:
    assert refusal(header) == 'Bearer realm="coatcheck"'


@pytest.mark.parametrize(
    "key", ["wrong", "", "alices-keyx", "alices-ke", "alices-key, bobs-key", "é" * 9, digest("alices-key")]
)
def test_who_sends_a_wrong_key_is_told_so(key: str) -> None:
    assert refusal(f"Bearer {key}") == 'Bearer realm="coatcheck", error="invalid_token"'


def test_every_key_is_compared_whichever_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def compare(known: str, sent: str) -> bool:
        compared.append(known)
        return secrets.compare_digest(known, sent)

    monkeypatch.setattr("services.web.callers.hmac.compare_digest", compare)
    call(Callers(KEYS), HTTP_AUTHORIZATION="Bearer alices-key")
    assert compared == [key.digest for key in KEYS]


def test_without_keys_a_session_cookie_names_its_owner() -> None:
    session = secrets.token_urlsafe(16)
    caller = call(Callers(()), HTTP_COOKIE=f"{COOKIE}={session}")
    assert caller.owner == owner_of(session) and session not in caller.owner
    assert caller.fresh == ""


@pytest.mark.parametrize("value", ["", "short", "x" * 21, "x" * 23, "x" * 21 + "*", "x" * 4000, "../" * 7 + "x"])
def test_a_cookie_that_is_no_session_names_nobody(value: str) -> None:
    assert call(Callers(()), HTTP_COOKIE=f"{COOKIE}={value}").owner == ""


def test_a_key_is_no_name_where_none_are_configured() -> None:
    assert call(Callers(()), HTTP_AUTHORIZATION="Bearer alices-key").owner == ""


def test_a_cookie_is_no_name_where_keys_are_configured() -> None:
    with pytest.raises(Problem):
        call(Callers(KEYS), HTTP_COOKIE=f"{COOKIE}={secrets.token_urlsafe(16)}")


def test_a_submission_without_a_session_begins_one_that_nobody_had_before() -> None:
    with APP.test_request_context():
        first, second = Callers(()).submitting(), Callers(()).submitting()
    assert first.fresh != second.fresh and first.owner == owner_of(first.fresh)
    assert len(first.fresh) == 22  # 16 random bytes


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "address:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("", "address:unknown"),
        ("not-an-address", "address:unknown"),
    ],
)
def test_a_client_without_a_key_is_its_address_or_its_ipv6_network(address: str, client: str) -> None:
    assert call(Callers(()), REMOTE_ADDR=address).client == client


def test_a_made_up_cookie_makes_no_new_client() -> None:
    clients = {
        call(Callers(()), REMOTE_ADDR="192.0.2.7", HTTP_COOKIE=f"{COOKIE}={secrets.token_urlsafe(16)}").client
        for _ in range(3)
    }
    assert clients == {"address:192.0.2.7"}


def test_what_an_x_forwarded_for_header_says_counts_for_nothing() -> None:
    assert call(Callers(()), REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1").client.endswith("192.0.2.7")


# --- on both services ----------------------------------------------------------------------


@pytest.fixture
def keyed(tmp_path: Path) -> House:
    return House(tmp_path, api_keys=",".join(f"{key.name}:{key.digest}" for key in KEYS))


ALICE, BOB = {"Authorization": "Bearer alices-key"}, {"Authorization": "Bearer bobs-key"}
WORK = {"seconds": 0}


def test_submitting_cancelling_and_listing_need_a_key(keyed: House) -> None:
    gateway, status = keyed.gateway(), keyed.status()
    job_id = gateway.post("/v1/jobs/simulate", json=WORK, headers=ALICE).json["id"]  # type: ignore[index]
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        for reply in (
            gateway.post("/v1/jobs/simulate", json=WORK, headers=headers),
            gateway.post("/v1/jobs/no-such-type", json=WORK, headers=headers),
            gateway.delete(f"/v1/jobs/{job_id}", headers=headers),
            status.get("/v1/jobs", headers=headers),
        ):
            problem_of(reply, "unauthorized")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert [job.record.state for job in keyed.store.jobs.values()] == ["queued"]


def test_reading_one_job_by_its_id_needs_no_key(keyed: House) -> None:
    job_id = keyed.gateway().post("/v1/jobs/simulate", json=WORK, headers=ALICE).json["id"]  # type: ignore[index]
    assert keyed.status().get(f"/v1/jobs/{job_id}").status_code == 200


def test_an_upload_without_a_key_is_not_stored(keyed: House) -> None:
    reply = keyed.gateway().post("/v1/jobs/text-report", data=b"words " * 1000, content_type="text/plain")
    problem_of(reply, "unauthorized")
    assert keyed.stored() == []


def test_another_keys_job_can_neither_be_cancelled_nor_purged(keyed: House) -> None:
    gateway = keyed.gateway()
    job_id = gateway.post("/v1/jobs/simulate", json=WORK, headers=ALICE).json["id"]  # type: ignore[index]
    problem_of(gateway.delete(f"/v1/jobs/{job_id}", headers=BOB), "no-such-job")
    problem_of(gateway.delete(f"/v1/jobs/{job_id}?purge=true", headers=BOB), "no-such-job")
    assert gateway.delete(f"/v1/jobs/{job_id}", headers=ALICE).json["state"] == "cancelled"  # type: ignore[index]


def test_the_holder_of_a_key_lists_his_own_jobs_with_any_of_his_keys(keyed: House) -> None:
    gateway, status = keyed.gateway(), keyed.status()
    mine = gateway.post("/v1/jobs/simulate", json=WORK, headers=BOB).json["id"]  # type: ignore[index]
    gateway.post("/v1/jobs/simulate", json=WORK, headers=ALICE)
    reply = status.get("/v1/jobs", headers={"Authorization": "Bearer bobs-next"})
    assert [job["id"] for job in reply.json["jobs"]] == [mine]  # type: ignore[index]


def test_an_idempotency_key_belongs_to_the_holder_of_the_api_key(keyed: House) -> None:
    gateway, key = keyed.gateway(), {"Idempotency-Key": "k"}
    ids = [
        gateway.post("/v1/jobs/simulate", json=WORK, headers={**who, **key}).json["id"]  # type: ignore[index]
        for who in (ALICE, BOB, ALICE, {"Authorization": "Bearer bobs-next"})
    ]
    assert ids[0] == ids[2] and ids[1] == ids[3] and ids[0] != ids[1]


def test_where_keys_are_configured_no_cookie_is_set(keyed: House) -> None:
    reply = keyed.gateway().post("/v1/jobs/simulate", json=WORK, headers=ALICE)
    assert reply.status_code == 202 and "Set-Cookie" not in reply.headers


def test_a_preflight_needs_no_key(keyed: House) -> None:
    headers = {"Origin": "http://localhost:8001", "Access-Control-Request-Method": "POST"}
    assert keyed.gateway().options("/v1/jobs/simulate", headers=headers).status_code == 200


# --- the setting ---------------------------------------------------------------------------


def test_the_setting_names_keys_and_their_sha256() -> None:
    text = f" alice:{digest('a')} , bob.2-x:{digest('b')},"
    assert parse_api_keys(text) == (ApiKey("alice", digest("a")), ApiKey("bob.2-x", digest("b")))
    assert make_settings(api_keys=text).keys[0].name == "alice"
    assert make_settings().keys == ()


@pytest.mark.parametrize("text", ["alice", "alice:the-key-itself", f"a b:{digest('a')}", f":{digest('a')}", " ", ","])
def test_a_setting_that_names_no_key_well_is_refused_rather_than_letting_everyone_in(text: str) -> None:
    with pytest.raises(ValueError, match=r"scripts/api-key|names no key"):
        parse_api_keys(text)


def test_a_key_that_was_put_into_the_setting_by_mistake_is_not_repeated_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_KEYS", "alice:the-key-itself")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "the-key-itself" not in str(refused.value) and "API_KEYS" in str(refused.value)
    assert "the-key-itself" not in repr(Settings.model_construct(api_keys="the-key-itself"))


def test_without_keys_whoever_knows_the_id_may_cancel() -> None:
    with APP.test_request_context(headers={"Authorization": "Bearer alices-key"}):
        assert Callers(KEYS).may_cancel() == "key:alice"
        assert Callers(()).may_cancel() == ""
