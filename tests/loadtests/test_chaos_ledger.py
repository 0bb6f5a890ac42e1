"""The ledger of `scripts/chaos`: executions from their log, recoveries by kind, and the store's pulse."""

from pathlib import Path

import pytest

from loadtests.chaos.faults import SLOW_FSYNC, Fault
from loadtests.chaos.ledger import LATE, NOT_HIT, read_log, recoveries
from loadtests.chaos.pulse import Pulse
from loadtests.chaos.work import note_execution


def test_the_log_tells_executions_of_one_pid_on_two_hosts_apart(tmp_path: Path) -> None:
    log = tmp_path / "executions.log"
    log.write_text("10.000 a one:7\n11.500 a two:7\n12.000 b one:7\n")
    assert read_log(log) == {"a": [(10.0, "one:7"), (11.5, "two:7")], "b": [(12.0, "one:7")]}


def test_what_a_job_notes_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAOS_LOG", str(tmp_path / "log"))
    note_execution("a")
    monkeypatch.setattr("socket.gethostname", lambda: "two")
    monkeypatch.setattr("os.getpid", lambda: 7)
    note_execution("a")
    (_, first), (_, second) = read_log(tmp_path / "log")["a"]
    assert (first == second, second) == (False, "two:7")


def test_a_second_execution_is_put_down_to_what_hit_the_first() -> None:
    executions = {"a": [(10.0, "one:7"), (13.0, "two:7")], "b": [(10.0, "two:7"), (12.0, "one:7")]}
    faults = [Fault(11.0, "kill a worker", ("one",), 11.0)]
    assert recoveries(executions, faults) == {"kill a worker": [2.0], NOT_HIT: [2.0]}


def test_a_frozen_process_that_runs_its_job_at_the_thaw_is_told_from_one_that_was_not_hit() -> None:
    executions = {"a": [(14.0, "one:7"), (15.1, "two:7")]}
    assert recoveries(executions, [Fault(10.0, "stop and thaw a worker", ("two",), 15.0)]) == {
        LATE: [pytest.approx(1.1)]
    }
    assert recoveries(executions, [Fault(10.0, "stop and thaw a worker", ("two",), 12.0)]).keys() == {NOT_HIT}


def test_recoveries_without_the_store_are_kept_apart() -> None:
    executions = {"a": [(10.0, "one:7"), (13.0, "two:7")]}
    faults = [Fault(11.0, "kill a worker", ("one",), 11.0), Fault(12.0, "restart the store", ("three",), 12.0)]
    assert recoveries(executions, faults) == {"kill a worker *": [2.0]}


def test_the_pulse_sets_slowed_writes_against_the_others() -> None:
    beats = [(at, 0.001) for at in range(10)] + [(at, 0.004) for at in range(20, 30)] + [(41.0, 3.0)]
    faults = [Fault(20.0, SLOW_FSYNC, (), 30.0), Fault(40.0, "freeze the store", (), 44.0)]
    lines = Pulse("redis://nowhere", beats).lines(faults)
    assert lines == [f"{SLOW_FSYNC}: a write took 4.00 ms at the median, else 1.00 ms"]


def test_a_run_without_slow_writes_says_nothing_of_them() -> None:
    assert Pulse("redis://nowhere", [(1.0, 0.001)]).lines([]) == []
