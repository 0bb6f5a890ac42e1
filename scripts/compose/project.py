"""The platform in containers, under a project name and on ports of its own."""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

from scripts.embedded.valkey import free_port
from services.jobs.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES = ("gateway", "status", "worker", "webhooks", "store")


class ComposeError(Exception):
    """A command of Docker failed; the message is what it said."""


def why_not() -> str:
    """Why compose can't be used here, or ""."""
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            return f"`{' '.join(command)}` fails: {error}"
    return ""


class Project:
    """One `docker compose` project. Settings of the surroundings, and a `.env` file, do not reach it."""

    def __init__(self, name: str = "coatcheck-test") -> None:
        self.name = name
        self.ports = {service: free_port() for service in ("gateway", "status", "loadtest", "dashboard")}
        self.operator_password = secrets.token_hex(8)
        ours = {f"{service.upper()}_PORT": str(port) for service, port in self.ports.items()}
        ours["STORE_OPERATOR_PASSWORD"] = self.operator_password
        ours["WEBHOOK_ALLOW"] = "gateway"
        known = {field.upper() for field in Settings.model_fields}
        rest = {name: value for name, value in os.environ.items() if name not in known}
        self._environment = {**rest, **ours, "COMPOSE_DISABLE_ENV_FILE": "1"}
        self._files = ["--file", str(ROOT / "compose.yaml")]

    def url(self, service: str) -> str:
        """Where a service is reached from this machine."""
        return f"http://localhost:{self.ports[service]}"

    def compose(self, *arguments: str, files: tuple[Path, ...] = ()) -> str:
        """What a `docker compose` command prints; it has to succeed."""
        extra = [part for file in files for part in ("--file", str(file))]
        command = ["docker", "compose", "--project-name", self.name, *self._files, *extra, *arguments]
        return _output(command, self._environment)

    def up(self, *arguments: str, files: tuple[Path, ...] = (), profile: str = "") -> None:
        """Bring services up and wait until they are healthy."""
        profiles = ("--profile", profile) if profile else ()
        try:
            self.compose(*profiles, "up", "--detach", "--wait", *arguments, files=files)
        except ComposeError as error:
            raise ComposeError(f"{error}\n{self.compose('logs', '--tail', '30')}") from None

    def down(self) -> None:
        """Remove every trace."""
        everything = ("--profile", "loadtest", "--profile", "dashboard")
        self.compose(*everything, "down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")

    def containers(self, *services: str) -> list[str]:
        """Ids of the running containers of these services, or of all."""
        return self.compose("ps", "--quiet", *services).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """All that the engine knows of a container."""
        found: dict[str, Any] = json.loads(_output(["docker", "inspect", container]))[0]
        return found

    def run(self, service: str, *command: str) -> str:
        """What a command prints in a service's container; it has to succeed."""
        return self.compose("exec", "--no-TTY", service, *command)

    def store(self, *command: str) -> str:
        """What the store answers its operator."""
        who = ("--user", "operator", "--pass", self.operator_password, "--no-auth-warning")
        return self.run("store", "valkey-cli", *who, *command).strip()

    def kill(self, service: str) -> None:
        """SIGKILL for every process of a service."""
        self.compose("kill", "--signal", "KILL", service)


def docker(*arguments: str) -> str:
    """What a `docker` command prints; it has to succeed."""
    return _output(["docker", *arguments])


def _output(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise ComposeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
