import time
from collections.abc import Iterator
from typing import Any

import pytest

from loadtests import polling
from loadtests.polling import Case, Followed, follow, report
from scripts.embedded.platform import Platform


class Scripted:
    """A platform whose job is done at the last of some replies; each says when to ask again."""

    def __init__(self, *waits: float) -> None:
        self._waits = iter(waits)
        self.left = len(waits)

    def submit(self, **_: float) -> tuple[str, float]:
        return "http://here/job", self._next()

    def read(self, location: str) -> tuple[dict[str, Any], float]:
        done = self.left == 0
        timing = {"queued_ms": 30, "total_ms": 50} if done else {"queued_ms": 30}
        return {"done": done, "timing": timing}, 0.0 if done else self._next()

    def _next(self) -> float:
        self.left -= 1
        return next(self._waits)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The times for which the client slept, which did not really pass."""
    clock, times = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        times.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    yield times


def test_a_client_asks_when_it_was_told_to_and_counts_how_often(slept: list[float]) -> None:
    found = follow(Scripted(1, 2, 3), Case(seconds=0, steps=1, backlog=0))  # type: ignore[arg-type]
    assert (slept, found.polls, found.queued) == ([1, 2, 3], 3, 0.03)
    assert found.lag == pytest.approx(6 - 0.05)


@pytest.mark.parametrize(
    ("seconds", "polls", "lag", "kept"),
    [(5, 3, 1.0, True), (5, 4, 0.1, False), (5, 1, 1.1, False), (20, 3, 2.9, True), (20, 3, 3.1, False)],
)
def test_a_case_keeps_to_its_aims_or_says_that_it_does_not(
    seconds: float, polls: int, lag: float, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(Case(seconds, 1, 0), [Followed(1, 0, 0.1), Followed(polls, 0, lag)]) is kept
    assert capsys.readouterr().out.split()[-1] == ("yes" if kept else "NO")


def test_on_a_running_platform_every_case_is_measured(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--base-url", platform.gateway_url, "--times", "1", "--seconds", "0.1", "--backlog", "2", "--ahead", "0.1"]
    with pytest.raises(SystemExit):
        polling.main(asked)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.endswith(("yes", "NO"))]
    assert [row[:3] for row in rows] == [["0.1", steps, backlog] for backlog in "02" for steps in ("1", "20")]
    assert all(int(row[5]) <= 3 for row in rows)
