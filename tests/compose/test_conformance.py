"""The whole conformance kit against the containers."""

import pytest

from scripts.compose.project import Project
from tests.conformance.test_on_waitress import failures, run_kit

pytestmark = pytest.mark.compose


def test_the_containers_keep_the_contract(project: Project) -> None:
    run = run_kit(project.url("gateway"), project.url("status"))
    print(run.stdout[-300:])
    assert run.returncode == 0, failures(run.stdout)
