"""The Prometheus text format, version 0.0.4."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Metric:
    """One metric: its name, its kind (counter, gauge or histogram), and a sentence on what it tells."""

    name: str
    kind: str
    help: str


@dataclass
class Exposition:
    """The text, written metric by metric."""

    lines: list[str] = field(default_factory=list)

    def samples(self, metric: Metric, values: Iterable[tuple[Mapping[str, str], float]]) -> None:
        """Write a counter or gauge: each value with its labels. Nothing is written of a metric without values."""
        self._write(metric, [f"{metric.name}{_labels(labels)} {_number(value)}" for labels, value in values])

    def histograms(
        self, metric: Metric, bounds: Sequence[float], values: Iterable[tuple[Mapping[str, str], Sequence[int], float]]
    ) -> None:
        """Write a histogram: for each set of labels the counts by bucket, one more than `bounds`, and their sum."""
        lines = []
        for labels, counts, total in values:
            seen = 0
            for bound, count in zip((*bounds, math.inf), counts, strict=True):
                seen += count
                lines.append(f"{metric.name}_bucket{_labels({**labels, 'le': _number(bound)})} {seen}")
            lines.append(f"{metric.name}_sum{_labels(labels)} {_number(total)}")
            lines.append(f"{metric.name}_count{_labels(labels)} {seen}")
        self._write(metric, lines)

    def _write(self, metric: Metric, lines: list[str]) -> None:
        if lines:
            self.lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}", *lines]

    def __str__(self) -> str:
        return "\n".join(self.lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels.items()]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
