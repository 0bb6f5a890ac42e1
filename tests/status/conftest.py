from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.web_fixtures import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A client of the status service."""
    return house.status()
