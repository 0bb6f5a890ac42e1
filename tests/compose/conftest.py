"""The containers that all compose tests share."""

import time
from collections.abc import Iterator

import pytest

from scripts.compose.project import Project, why_not


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    """The platform, up and healthy."""
    if reason := why_not():
        pytest.skip(reason)
    project = Project()
    times = [time.monotonic()]
    try:
        project.compose("--profile", "dashboard", "--profile", "loadtest", "build", "--quiet")
        times.append(time.monotonic())
        project.up()
        times.append(time.monotonic())
        took = f"build {times[1] - times[0]:.1f} s, up and healthy {times[2] - times[1]:.1f} s"
        request.config.get_terminal_writer().line(f"\ncompose: {took}")
        yield project
    finally:
        project.down()
