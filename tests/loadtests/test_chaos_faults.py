"""Faults of `scripts/chaos`: what is drawn, what it is done to, and how it ends."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from loadtests.chaos.faults import KINDS, Fault, Faults, kinds_for, store_away
from loadtests.chaos.process import ProcessTarget
from loadtests.chaos.target import Act, Gone


@dataclass
class Noted:
    """A target that notes what is done to it."""

    names: tuple[str, ...] = ("here:1",)
    gone: bool = False
    begun: list[Act] = field(default_factory=list)
    finished: list[Act] = field(default_factory=list)

    def begin(self, act: Act) -> None:
        if self.gone:
            raise Gone("it went away")
        self.begun.append(act)

    def finish(self, act: Act) -> None:
        self.finished.append(act)


@pytest.fixture
def sleeper() -> Iterator[psutil.Process]:
    """A process of which nobody needs anything."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield psutil.Process(process.pid)
        process.kill()


def test_all_that_was_begun_is_finished_when_the_run_ends() -> None:
    target = Noted()
    faults = Faults(lambda _: [target], seed=1, count=8, gap=0.001, kinds=kinds_for(("worker",))[:3])
    faults.run(threading.Event())
    assert len(faults.done) == len(target.begun) == 8
    assert sorted(act.value for act in target.finished) == sorted(act.value for act in target.begun)


def test_the_same_seed_draws_the_same_faults() -> None:
    kinds = tuple(kind for kind in KINDS if not kind.pause)
    runs = [Faults(lambda _: [Noted()], seed=7, count=20, gap=0.0, kinds=kinds) for _ in range(2)]
    for faults in runs:
        faults.run(threading.Event())
    first, second = ([fault.kind for fault in faults.done] for faults in runs)
    assert first == second
    assert len(set(first)) > 3


def test_a_target_that_went_away_does_not_count_as_a_fault() -> None:
    found = iter([Noted(gone=True), Noted(gone=True), Noted(), Noted(gone=True), Noted()])
    faults = Faults(lambda _: [next(found)], seed=1, count=2, gap=0.0, kinds=kinds_for(("status",)))
    faults.run(threading.Event())
    assert len(faults.done) == 2
    assert list(found) == []


def test_only_faults_of_what_is_there_are_drawn() -> None:
    assert {kind.target for kind in kinds_for(("worker", "store"))} == {"worker", "store"}
    assert kinds_for(tuple({kind.target for kind in KINDS})) == KINDS


def test_a_fault_of_a_process_hits_what_that_process_ran_then_and_nothing_else() -> None:
    fault = Fault(100.0, "kill a worker", ("here:1", "here:2"), 100.0)
    assert fault.hits("here:2", 99.0, 101.0)
    assert not fault.hits("here:3", 99.0, 101.0)
    assert not fault.hits("there:2", 99.0, 101.0)
    assert not fault.hits("here:2", 98.0, 99.0), "was begun again before"
    assert not fault.hits("here:2", 101.0, 102.0), "was begun afterwards"


def test_a_fault_of_a_container_hits_all_processes_in_it_until_it_is_over() -> None:
    fault = Fault(100.0, "stop and thaw a worker", ("3bac1efd7885",), 104.0)
    assert fault.hits("3bac1efd7885:7", 99.9, 102.0)
    assert fault.hits("3bac1efd7885:8", 104.1, 104.4), "taken before the freeze, begun at the thaw"
    assert not fault.hits("2cfc857c9bbd:7", 99.9, 102.0)


def test_the_store_is_away_while_it_is_frozen_and_a_while_after_it_was_killed() -> None:
    faults = [Fault(100.0, "freeze the store", (), 110.0), Fault(200.0, "kill the store", (), 200.0)]
    found = {at: store_away(faults, at, at + 0.1) for at in (99.0, 105.0, 111.0, 199.0, 205.0, 207.0)}
    assert found == {99.0: False, 105.0: True, 111.0: False, 199.0: False, 205.0: True, 207.0: False}
    assert not store_away([Fault(100.0, "kill a worker", (), 100.0)], 99.0, 101.0)


def test_a_process_is_frozen_thawed_and_killed(sleeper: psutil.Process) -> None:
    target = ProcessTarget(sleeper)
    assert target.names == (f"{socket.gethostname()}:{sleeper.pid}",)
    target.begin(Act.FREEZE)
    wait_until_status(sleeper, psutil.STATUS_STOPPED)
    target.finish(Act.FREEZE)
    wait_until_status(sleeper, psutil.STATUS_SLEEPING)
    target.begin(Act.KILL)
    assert sleeper.wait(10) is not None
    with pytest.raises(Gone):
        target.begin(Act.KILL)


def wait_until_status(process: psutil.Process, status: str) -> None:
    deadline = time.monotonic() + 10
    while process.status() != status:
        assert time.monotonic() < deadline, process.status()
        time.sleep(0.01)
