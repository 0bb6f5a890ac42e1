"""What all tests share: a private Valkey, both kinds of store, and the whole platform on free ports."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from scripts.embedded import valkey
from scripts.embedded.platform import Platform
from services.jobs.connection import Store, connect
from services.jobs.settings import Settings

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey server of the tests' own."""
    port = valkey.free_port()
    url = f"redis://127.0.0.1:{port}/0"
    server = subprocess.Popen(valkey.command(port, tmp_path_factory.mktemp("valkey")), stdout=subprocess.DEVNULL)
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def client(valkey_url: str) -> Iterator[Store]:
    """A client of an empty store."""
    client = connect(valkey_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The embedded platform, with the misbehaving job types beside its own."""
    with make_platform(tmp_path_factory.mktemp("platform")) as running:
        yield running


def make_platform(folder: Path, **changes: object) -> Platform:
    """A platform on free ports with its data in `folder`; `changes` are settings."""
    values: dict[str, object] = {
        "gateway_port": valkey.free_port(),
        "status_port": valkey.free_port(),
        "data_dir": folder,
        "job_types": f"services.job_types,{SAMPLES}",
        "worker_grace": 5.0,
        **changes,
    }
    environment = {name: value for name, value in os.environ.items() if name not in _names()}
    environment |= {name.upper(): str(value) for name, value in values.items()}
    return Platform(Settings.model_validate(values), environment, own_store=True)


def _names() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            with Redis.from_url(url) as client:
                client.ping()
                return
        except RedisError:
            time.sleep(0.05)
    raise AssertionError("Valkey did not start")
