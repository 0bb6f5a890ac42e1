"""simulate: time, steps, failures and padding as asked for."""

import pytest
from pydantic import ValidationError

from services.job_types.simulate import Simulation, simulate
from services.jobs.local_job import LocalJob


def test_the_default_is_done_without_waiting_or_telling_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it slept"))
    job = LocalJob()
    result = simulate(Simulation(), job)
    assert (result.steps, result.attempt, result.token, result.padding) == (1, 1, "", "")
    assert job.fractions == []


def test_the_time_is_slept_in_equal_steps_with_progress_after_each(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr("services.job_types.simulate.time", clock)
    job = LocalJob()
    result = simulate(Simulation(seconds=100, steps=4), job)
    assert clock.naps == [25.0] * 4
    assert result.elapsed_seconds == 100.0
    assert job.fractions == [0.25, 0.5, 0.75, 1.0]


class FakeClock:
    """Stands in for the module `time`: sleeping moves it on at once."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return sum(self.naps)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)


def test_sleeping_takes_the_seconds_asked_for() -> None:
    assert simulate(Simulation(seconds=0.1), LocalJob()).elapsed_seconds >= 0.1


def test_computing_takes_the_seconds_asked_for_and_never_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it slept"))
    assert simulate(Simulation(seconds=0.1, kind="cpu"), LocalJob()).elapsed_seconds >= 0.1


def test_token_and_padding_come_back_as_asked_for() -> None:
    result = simulate(Simulation(token="täg-1", result_bytes=12_345), LocalJob())
    assert result.token == "täg-1"
    assert len(result.padding.encode()) == 12_345


def test_a_certain_failure_is_an_ordinary_exception_so_that_it_is_tried_again() -> None:
    with pytest.raises(RuntimeError, match="simulated failure of attempt 1"):
        simulate(Simulation(fail_rate=1), LocalJob())


def test_about_half_of_the_attempts_fail_at_a_rate_of_one_half() -> None:
    failed = 0
    for _ in range(1000):
        try:
            simulate(Simulation(fail_rate=0.5), LocalJob())
        except RuntimeError:
            failed += 1
    assert 400 < failed < 600  # six standard deviations


def test_a_cancelled_job_stops_after_its_step() -> None:
    result = simulate(Simulation(seconds=0.05, steps=1000), LocalJob(cancelled=True))
    assert result.steps == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": -1},
        {"seconds": 3601},
        {"seconds": float("nan")},
        {"steps": 0},
        {"steps": 1001},
        {"kind": "nap"},
        {"fail_rate": 1.1},
        {"result_bytes": 5_000_001},
        {"token": "x" * 201},
    ],
)
def test_input_outside_its_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Simulation.model_validate(wrong)
