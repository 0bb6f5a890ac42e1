"""Limits that a load test may be held to, such as `POST p95=200, job p99=3000`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loadtests.errors import LoadTestError
from loadtests.figures import KINDS, Row

FORM = re.compile(rf"({'|'.join(KINDS)})\s+p(\d\d(?:\.\d)?)\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """The most milliseconds that a percentile of every row of one kind may have."""

    kind: str
    percentile: float
    milliseconds: int

    def broken_by(self, row: Row) -> str:
        """A sentence if this row is slower; empty otherwise."""
        found = row.percentile(self.percentile / 100)
        if row.kind != self.kind or found <= self.milliseconds:
            return ""
        return f"{row.kind} {row.name}: p{self.percentile:g} is {found:g} ms, above the {self.milliseconds} ms allowed"


def parse_thresholds(text: str) -> list[Threshold]:
    """The thresholds in `text`; raises LoadTestError for one that can't be read."""
    return [_threshold(part.strip()) for part in text.split(",") if part.strip()]


def broken(thresholds: Iterable[Threshold], rows: Iterable[Row]) -> list[str]:
    """One sentence for each row that breaks a threshold."""
    rows = list(rows)
    return [said for threshold in thresholds for row in rows if (said := threshold.broken_by(row))]


def _threshold(text: str) -> Threshold:
    match = FORM.fullmatch(text)
    if not match:
        raise LoadTestError(
            f"the threshold {text!r} can't be read: write a kind of row ({', '.join(KINDS)}), a percentile and "
            "milliseconds, such as 'POST p95=200' or 'job p99=3000', separated by commas"
        )
    return Threshold(match[1], float(match[2]), int(match[3]))
