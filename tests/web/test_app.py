from pathlib import Path

import pytest
from flask import session

from tests.web_fixtures import House


def test_there_is_no_session_of_flasks_own(tmp_path: Path) -> None:
    with House(tmp_path).bare().test_request_context("/livez"):
        assert not session
        with pytest.raises(RuntimeError, match="session is unavailable"):
            session["a"] = 1
