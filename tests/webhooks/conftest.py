"""A platform that may call this machine, and a receiver on it."""

from collections.abc import Iterator

import pytest

from scripts.embedded.platform import Platform
from scripts.embedded.receiver import Receiver
from tests.conftest import make_platform


@pytest.fixture(scope="session")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that may call this machine, and does not wait long between tries."""
    folder = tmp_path_factory.mktemp("webhooks")
    with make_platform(folder, webhook_allow="127.0.0.1", webhook_pauses="0.3, 0.5, 0.7, 0.9") as running:
        yield running


@pytest.fixture
def receiver(hooked: Platform) -> Iterator[Receiver]:
    """A receiver that knows the platform's secret."""
    secrets = (hooked.settings.data_dir / "webhook-secret").read_text().split()
    with Receiver(secrets) as listening:
        yield listening
