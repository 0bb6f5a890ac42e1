from pathlib import Path

import pytest
from pydantic import ValidationError

from services.jobs.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def refusal_of(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> str:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return str(refusal.value)


def test_without_an_environment_every_setting_has_its_default() -> None:
    settings = load_settings()
    assert (settings.gateway_port, settings.status_port, settings.server) == (8000, 8001, "gunicorn")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "9000")
    monkeypatch.setenv("data_dir", "/somewhere")
    settings = load_settings()
    assert (settings.gateway_port, settings.data_dir) == (9000, Path("/somewhere"))


def test_an_empty_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "")
    assert load_settings().gateway_port == 8000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PORT", "0"),
        ("GATEWAY_PORT", "65536"),
        ("STATUS_PORT", "eight"),
        ("WORKERS", "0"),
        ("WORKERS", "-1"),
        ("WORKERS", "65"),
        ("SERVER", "nginx"),
        ("WEB_PROCESSES", "1.5"),
        ("MAX_QUEUE_DEPTH", "0"),
        ("WORKER_GRACE", "-1"),
        ("WORKER_GRACE", "nan"),
        ("WORKER_GRACE", "inf"),
        ("CHILD_MAX_MB", "1"),
        ("LOG_LEVEL", "loud"),
        ("BLOB_URL", "ftp://files"),
        ("GATEWAY_PUBLIC_URL", "jobs.example.org"),
        ("STATUS_PUBLIC_URL", "ftp://jobs.example.org"),
        ("STATUS_PUBLIC_URL", "http://"),
        ("STATUS_PUBLIC_URL", "https://jobs.example.org/status"),
        ("STATUS_PUBLIC_URL", "https://jobs.example.org?a=b"),
        ("STATUS_PUBLIC_URL", "https://jobs.example.org#a"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    said = refusal_of(monkeypatch, name, value)
    assert said.startswith(f"{name}='{value}': ")
    assert "\n" not in said


def test_a_password_in_the_store_s_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://user:hush@store", "user:hush@store:6379"):
        said = refusal_of(monkeypatch, "REDIS_URL", url)
        assert said.startswith("REDIS_URL: ") and "hush" not in said


def test_several_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "none")
    said = refusal_of(monkeypatch, "LOG_LEVEL", "loud")
    assert "WORKERS='none'" in said and "LOG_LEVEL='loud'" in said


def test_a_store_may_be_named_as_valkey(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, taken in (("valkey://a:1/0", "redis://a:1/0"), ("valkeys://a:1/0", "rediss://a:1/0")):
        monkeypatch.setenv("REDIS_URL", given)
        assert load_settings().redis_url == taken


def test_the_slash_after_an_origin_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PUBLIC_URL", "https://jobs.example.org:8443/")
    assert load_settings().gateway_public_url == "https://jobs.example.org:8443"


def test_trusted_hosts_are_a_list_or_none_for_any(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().hosts is None
    monkeypatch.setenv("TRUSTED_HOSTS", " a.example, b.example,,")
    assert load_settings().hosts == ("a.example", "b.example")
    monkeypatch.setenv("TRUSTED_HOSTS", " , ")
    assert load_settings().hosts is None


def test_files_are_kept_in_the_data_folder_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().blobs == str(Path("data/blobs").resolve())
    monkeypatch.setenv("BLOB_URL", "s3://bucket/prefix")
    assert load_settings().blobs == "s3://bucket/prefix"


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().gateway_port = 1


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
