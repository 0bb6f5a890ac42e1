"""Signatures by Standard Webhooks 1.0, and the secrets that they are made with."""

import base64
import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from scripts.embedded.receiver import verify
from services.jobs.settings import Settings, SettingsError
from services.webhooks.message import body_of, headers_of
from services.webhooks.signing import load_keys, new_secret, read_secrets, sign
from tests.webhooks.notices import NOW, ended_job

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def keys(*secrets: str) -> tuple[bytes, ...]:
    return read_secrets(" ".join(secrets), "here")


def test_a_signature_is_what_the_reference_library_makes_of_the_same_message() -> None:
    signature = sign(keys(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_reference_library_verifies_what_is_sent() -> None:
    reference = pytest.importorskip("standardwebhooks", reason="needs the package standardwebhooks")
    body = body_of(ended_job(result='{"text":"Füße, ☃"}'))
    headers = headers_of(ended_job(), body, keys(OTHER, SECRET), round(time.time()))
    for secret in (SECRET, OTHER):
        assert reference.Webhook(secret).verify(body, headers) == json.loads(body)
    with pytest.raises(reference.WebhookVerificationError):
        reference.Webhook(new_secret()).verify(body, headers)


def test_while_secrets_are_changed_both_kinds_of_receiver_can_verify() -> None:
    job = ended_job()
    body = body_of(job)
    headers = headers_of(job, body, keys(OTHER, SECRET), NOW // 1000)
    assert verify([SECRET], headers, body, NOW / 1000) == verify([OTHER], headers, body, NOW / 1000) == ""
    newest = headers_of(job, body, keys(OTHER), NOW // 1000)
    assert verify([OTHER], newest, body, NOW / 1000) == ""
    assert verify([SECRET], newest, body, NOW / 1000) == "no signature fits"


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_a_message_that_was_changed_on_the_way_is_not_genuine(header: str) -> None:
    job = ended_job()
    body = body_of(job)
    headers = headers_of(job, body, keys(SECRET), NOW // 1000)
    assert verify([SECRET], headers, body.replace(b"42", b"43"), NOW / 1000) == "no signature fits"
    changed = {**headers, header: headers[header][:-1] + ("0" if headers[header][-1] != "0" else "1")}
    assert verify([SECRET], changed, body, NOW / 1000) == "no signature fits"


def test_a_message_that_is_sent_again_later_is_not_taken() -> None:
    job = ended_job()
    body = body_of(job)
    headers = headers_of(job, body, keys(SECRET), NOW // 1000)
    assert verify([SECRET], headers, body, NOW / 1000 + 301) == "the timestamp is not of now"
    assert verify([SECRET], {}, body, NOW / 1000) == "a webhook header is missing"


@pytest.mark.parametrize(
    "text", ["", " ", "a-word", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", f"{SECRET} nothing", SECRET[6:]]
)
def test_what_is_no_secret_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_secrets(text, "WEBHOOK_SECRET")
    assert "WEBHOOK_SECRET does not hold secrets" in str(raised.value)
    assert not text.strip("whsec_ ") or text not in str(raised.value)


def test_secrets_may_be_separated_by_blanks_commas_or_lines() -> None:
    assert keys(SECRET, OTHER) == read_secrets(f"{SECRET},{OTHER}", "x") == read_secrets(f"{SECRET}\n{OTHER}\n", "x")


def test_a_secret_is_made_once_for_its_owner_alone_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = load_keys(settings)
    assert load_keys(settings) == first and len(first[0]) == 32
    file = tmp_path / "data" / "webhook-secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert base64.b64decode(file.read_text().strip().removeprefix("whsec_")) == first[0]
    assert list(file.parent.iterdir()) == [file]


def test_senders_that_start_together_come_to_the_same_secret(tmp_path: Path) -> None:
    found: list[tuple[bytes, ...]] = []
    start = threading.Barrier(8)

    def load() -> None:
        start.wait()
        found.append(load_keys(Settings(data_dir=tmp_path)))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


def test_the_setting_comes_before_the_file(tmp_path: Path) -> None:
    assert load_keys(Settings(data_dir=tmp_path, webhook_secret=f"{SECRET} {OTHER}")) == keys(SECRET, OTHER)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="set WEBHOOK_SECRET, or DATA_DIR to a folder"):
        load_keys(Settings(data_dir=tmp_path / "file" / os.pardir / "file" / "data"))


def test_the_event_says_what_became_of_the_job_and_holds_its_document() -> None:
    job = ended_job()
    event = json.loads(body_of(job))
    assert (event["type"], event["timestamp"]) == ("job.succeeded", "2026-01-01T00:00:00.250Z")
    data = event["data"]
    assert (data["id"], data["state"], data["done"], data["result"]) == (job.id, "succeeded", True, {"answer": 42})
    assert data["links"]["self"] == f"http://status.example.org/v1/jobs/{job.id}"
    assert data["links"]["cancel"] == f"http://gateway.example.org/v1/jobs/{job.id}"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_the_other_ends_have_their_own_types(state: str) -> None:
    error = '{"type":"/problems/job-raised"}' if state == "failed" else ""
    event = json.loads(body_of(ended_job(state=state, result="", error=error)))
    assert event["type"] == f"job.{state}" and "result" not in event["data"]
    assert event["data"].get("error") == (json.loads(error) if error else None)


def test_a_large_result_stays_out_of_the_event() -> None:
    small, large = json.dumps("x" * 9_998), json.dumps("x" * 9_999)
    assert json.loads(body_of(ended_job(result=small)))["data"]["result"] == "x" * 9_998
    assert "result" not in json.loads(body_of(ended_job(result=large)))["data"]
    assert "result" not in json.loads(body_of(ended_job(result="", result_key="jobs/a/files/1-result")))["data"]


def test_every_try_has_the_same_id_and_body_and_a_time_of_its_own() -> None:
    job = ended_job()
    assert body_of(job) == body_of(job)
    first, second = (headers_of(job, body_of(job), keys(SECRET), now) for now in (1_000, 2_000))
    assert first["webhook-id"] == second["webhook-id"] == f"msg_{job.id}"
    assert (first["webhook-timestamp"], second["webhook-timestamp"]) == ("1000", "2000")
    assert first["webhook-signature"] != second["webhook-signature"]
    assert first["traceparent"] == job.trace
