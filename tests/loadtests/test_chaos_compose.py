"""What `scripts/chaos --compose` adds to compose.yaml."""

import stat
from pathlib import Path

from loadtests.chaos.compose import overrides
from loadtests.chaos.work import chaos_blink, chaos_work
from services.jobs.catalogue import discover


def test_gateway_and_worker_find_the_job_type_in_a_folder_that_anybody_may_read(tmp_path: Path) -> None:
    services = overrides(tmp_path, 6380)["services"]
    for service in ("gateway", "worker"):
        assert f"{tmp_path}/types:/types:ro" in services[service]["volumes"]
        assert services[service]["environment"]["JOB_TYPES"] == "/types/work.py"
    assert (tmp_path / "types" / "work.py").stat().st_mode & stat.S_IROTH
    assert list(discover(str(tmp_path / "types" / "work.py"))) == [
        job_type.__name__.replace("_", "-") for job_type in (chaos_blink, chaos_work)
    ]


def test_the_worker_alone_writes_the_log_which_can_be_read_here(tmp_path: Path) -> None:
    services = overrides(tmp_path, 6380)["services"]
    assert [name for name, service in services.items() if "CHAOS_LOG" in service.get("environment", {})] == ["worker"]
    assert f"{tmp_path}/log:/log" in services["worker"]["volumes"]
    assert (tmp_path / "log").stat().st_mode & stat.S_IWOTH


def test_the_store_is_published_to_this_machine_alone(tmp_path: Path) -> None:
    assert overrides(tmp_path, 6380)["services"]["store"]["ports"] == ["127.0.0.1:6380:6379"]
