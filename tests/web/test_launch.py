import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.util import parse_address

from services.jobs.settings import Settings, SettingsError
from services.web.launch import check_port, launch


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


class Become(Exception):
    """What the process would have become."""


@pytest.fixture
def execv(monkeypatch: pytest.MonkeyPatch) -> None:
    def become(path: str, arguments: list[str]) -> None:
        raise Become(arguments)

    monkeypatch.setattr(os, "execv", become)


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def sentence_of(service: str) -> str:
    with pytest.raises(SystemExit) as end:
        launch(service)
    assert isinstance(end.value.code, str)
    return end.value.code


def test_a_setting_that_makes_no_sense_ends_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PROCESSES", "many")
    assert sentence_of("status").startswith("status: WEB_PROCESSES='many': ")


def test_job_types_that_are_not_there_end_the_start_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_TYPES", "no_such_package")
    assert sentence_of("gateway").startswith("gateway: JOB_TYPES names 'no_such_package'")


def test_a_port_that_is_taken_ends_the_start_and_says_which_setting_to_change(
    monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    monkeypatch.setenv("STATUS_PORT", str(taken_port))
    assert f"port {taken_port} on 127.0.0.1 can't be had" in sentence_of("status")
    assert sentence_of("status").endswith("set STATUS_PORT")


def test_a_free_port_can_be_had() -> None:
    check_port("127.0.0.1", free_port(), "STATUS_PORT")


def test_an_address_that_is_not_ours_can_not_be_had() -> None:
    with pytest.raises(SettingsError, match=r"port 80 on 192\.0\.2\.1"):
        check_port("192.0.2.1", 80, "STATUS_PORT")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_gunicorn_is_told_where_to_listen(execv: None, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    try:
        port = free_port(host)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    monkeypatch.setenv("STATUS_PORT", str(port))
    monkeypatch.setenv("BIND", host)
    monkeypatch.setenv("WEB_PROCESSES", "3")
    with pytest.raises(Become) as became:
        launch("status")
    arguments: list[Any] = became.value.args[0]
    assert parse_address(arguments[arguments.index("--bind") + 1]) == (host, port)
    assert arguments[arguments.index("--workers") + 1] == "3"
    assert arguments[-1] == "services.status.wsgi:app"
