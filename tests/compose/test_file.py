"""compose.yaml itself, without an engine: settings that reach the containers, rights that suffice."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from scripts.compose.project import ROOT
from services.jobs.scripts import FOLDER, Script
from services.jobs.settings import Settings

COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
NOT_PASSED_ON = {"redis_url", "bind", "data_dir", "workers"}
"""Set by compose.yaml itself or by the Dockerfile, or of no use there."""

READ_ONLY = {"read", "events", "list", "figures"}
RUN_BY = {
    "gateway": {"accept", "cancel"} | READ_ONLY,
    "status": READ_ONLY,
    "worker": {"beat", "bury", "claim", "lose", "publish", "report", "rescue", "spare"},
    "webhooks": {"hooks_claim", "hooks_report"},
}


def test_every_setting_can_be_given_to_the_containers() -> None:
    passed_on = set(re.findall(r"^ +([A-Z_]+):", COMPOSE, re.MULTILINE))
    assert {name.upper() for name in set(Settings.model_fields) - NOT_PASSED_ON} - passed_on == set()


def test_every_script_is_known_here() -> None:
    assert {file.stem for file in FOLDER.glob("*.lua")} == set().union(*RUN_BY.values())


@pytest.mark.parametrize("service", RUN_BY)
def test_a_service_may_do_all_that_its_scripts_do(client: Redis, service: str) -> None:
    client.execute_command("ACL", "SETUSER", "tested", "reset", *_rules(service))
    try:
        answers = {command: _dry_run(client, command) for command in _commands(service)}
    finally:
        client.acl_deluser("tested")
    assert {command: answer for command, answer in answers.items() if answer != b"OK"} == {}


def _rules(service: str) -> list[str]:
    command = COMPOSE.partition("command: >-")[2].partition("healthcheck:")[0]
    plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", command)
    users = [shlex.split(part) for part in plain.split("--user ")[1:]]
    return next(rules for name, *rules in users if name == service)


def _commands(service: str) -> Iterator[str]:
    for name in RUN_BY[service]:
        yield from re.findall(r"redis\.call\('([A-Z]+)'", Script(name).text)


def _dry_run(client: Redis, command: str) -> bytes:
    """What the store would say to the user, on names that every service may use."""
    info: dict[str, Any] = client.execute_command("COMMAND", "INFO", command)
    where = "cc:changed:x" if command == "PUBLISH" else "cc:tries:x"
    count = abs(info[command.lower()]["arity"]) - 1
    answer: bytes = client.execute_command("ACL", "DRYRUN", "tested", command, *[where] * count)
    return answer
