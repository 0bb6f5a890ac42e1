"""`.env.example` lists every setting with its default and what it is for, and none that there is not."""

import re
import shlex

import pytest

from services.jobs.settings import Settings
from tests.boundaries.source import ROOT

TEXT = (ROOT / ".env.example").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
LINES = re.findall(r"^#([A-Z_]+)=(.*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_listed_with_its_default_and_description(name: str) -> None:
    field = Settings.model_fields[name]
    default = str(field.default)
    block = f"# {field.description}\n#{name.upper()}={shlex.quote(default) if default else ''}\n"
    assert block in TEXT, f"write into .env.example:\n\n{block}"


def test_every_line_is_a_setting_or_a_variable_of_compose() -> None:
    names = [name for name, _ in LINES]
    known = {name.upper() for name in Settings.model_fields} | set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    assert sorted(names) == sorted(known)


def test_nothing_is_set_until_a_line_is_uncommented() -> None:
    assert [line for line in TEXT.splitlines() if line and not line.startswith("#")] == []


def test_the_listed_defaults_are_sound_settings() -> None:
    values = {name.lower(): "".join(shlex.split(value)) for name, value in LINES}
    given = {name: value for name, value in values.items() if value and name in Settings.model_fields}
    Settings(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "default"), re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", COMPOSE), ids=lambda value: value or "empty"
)
def test_compose_has_the_same_defaults(name: str, default: str) -> None:
    """Those that differ on purpose inside containers are told in the comments of compose.yaml."""
    listed = "".join(shlex.split(dict(LINES)[name]))
    assert default == listed or (name, default) == ("BLOB_URL", "/data/blobs")
