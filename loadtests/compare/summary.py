"""The rounds put together: for every stack, measure and figure its median, lowest and highest value."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.compare.rounds import Row


@dataclass(frozen=True)
class Value:
    """One figure over all rounds."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the range between lowest and highest, as a part of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


Summary = dict[str, dict[str, dict[str, Value]]]
"""Measure, then stack, then figure."""


def summarise(rows: Iterable[Row]) -> Summary:
    """Put the rounds together."""
    gathered: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        for figure, value in row.figures.items():
            gathered[row.measure, row.stack, figure].append(value)
    found: Summary = defaultdict(lambda: defaultdict(dict))
    for (measure, stack, figure), values in gathered.items():
        found[measure][stack][figure] = Value(statistics.median(values), min(values), max(values))
    return found
