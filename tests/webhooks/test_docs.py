"""What docs/webhooks.md says, tried out."""

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from scripts.embedded.platform import Platform
from scripts.embedded.receiver import Receiver
from services.jobs.settings import Settings
from services.webhooks.message import body_of, headers_of
from services.webhooks.signing import new_secret, read_secrets
from tests.webhooks.notices import ended_job
from tests.webhooks.test_webhooks import until

TEXT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_function_that_verifies_does() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    secret, other = new_secret(), new_secret()
    body = body_of(ended_job())
    headers = headers_of(ended_job(), body, read_secrets(f"{other} {secret}", "here"), round(time.time()))
    assert names["genuine"](secret, headers, body) and names["genuine"](other, headers, body)
    assert not names["genuine"](new_secret(), headers, body)
    assert not names["genuine"](secret, headers, body + b" ")
    assert not names["genuine"](secret, {**headers, "webhook-timestamp": "1"}, body)


def test_the_commands_work_as_they_stand(hooked: Platform, receiver: Receiver) -> None:
    submits = [block for block in blocks("sh") if "callback_url" in block]
    assert len(submits) == 2
    for command in submits:
        command = command.replace("http://localhost:8000", hooked.gateway_url).replace(
            ":9000", f":{receiver.server_port}"
        )
        said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
        assert " 202 " in said.splitlines()[0]
    until(lambda: len(receiver.received) == 2)
    assert [message.wrong for message in receiver.received] == ["", ""]
    job_id = receiver.received[0].event["data"]["id"]
    (listing,) = (block for block in blocks("sh") if "/deliveries" in block)
    command = listing.replace("http://localhost:8001", hooked.status_url).replace("$JOB_ID", job_id)
    assert '"status":204' in subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout


def test_the_command_that_makes_a_secret_makes_one() -> None:
    (command,) = (block for block in blocks("sh") if "urandom" in block)
    secret = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
    assert len(read_secrets(secret, "here")[0]) == 32


def test_the_receivers_help_names_what_the_text_names() -> None:
    script = Path(__file__).parents[2] / "scripts" / "webhook-receiver"
    said = subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(option in said for option in ("--keep", "--answer", "--secret", "--port"))


@pytest.mark.parametrize("setting", ["WEBHOOK_ALLOW", "WEBHOOK_SECRET", "WEBHOOK_PAUSES"])
def test_every_setting_of_webhooks_is_explained(setting: str) -> None:
    assert setting.lower() in Settings.model_fields
    assert f"`{setting}" in TEXT
    assert {name.upper() for name in Settings.model_fields if name.startswith("webhook")} <= set(
        re.findall(r"WEBHOOK_\w+", TEXT)
    )
