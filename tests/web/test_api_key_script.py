"""`scripts/api-key`: what it prints opens the services, and nothing else does."""

import re

import pytest

from scripts.api_key import main
from services.jobs.api_keys import parse_api_keys
from tests.web_fixtures import House


def test_the_setting_that_it_prints_lets_in_who_has_the_key(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert main(["alice"]) == 0
    key, setting = re.search(r"(cck_\S+)[\s\S]*API_KEYS=(\S+)", capsys.readouterr().out).groups()
    gateway = House(tmp_path, api_keys=setting).gateway()
    for sent, status in ((key, 202), (f"{key}x", 401), (setting.partition(":")[2], 401)):
        headers = {"Authorization": f"Bearer {sent}"}
        assert gateway.post("/v1/jobs/simulate", json={"seconds": 0}, headers=headers).status_code == status


def test_two_runs_make_two_keys(capsys: pytest.CaptureFixture[str]) -> None:
    main(["alice"]), main(["alice"])
    keys = re.findall(r"cck_[A-Za-z0-9_-]{43}", capsys.readouterr().out)
    assert len(set(keys)) == 2


@pytest.mark.parametrize("arguments", [[], ["a b"], ["a", "b"], [""], ["a:b"], ["a,b"], ["-a"], ["a" * 65]])
def test_a_name_that_the_setting_would_not_take_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert "usage: scripts/api-key NAME" in said.err and not said.out


@pytest.mark.parametrize("name", ["a", "0", "alice.b-c_d", "a" * 64])
def test_a_name_that_is_taken_is_one_that_the_setting_takes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 0
    setting = re.search(r"API_KEYS=(\S+)", capsys.readouterr().out)
    assert setting and parse_api_keys(setting[1])[0].name == name
