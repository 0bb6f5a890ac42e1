"""The plot: the four measures, a bar for each stack, medians with the range over the rounds."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes

from loadtests.compare.ratios import OURS
from loadtests.compare.stack import Stack
from loadtests.compare.summary import Summary

PANELS = (
    ("submit", "per_second", "submit: POST to 202, requests/s"),
    ("read", "per_second", "read of a finished job, requests/s"),
    ("drain", "per_second", "drain with two workers, jobs/s"),
    ("known", "p50_ms", "submit to known result by polling, ms (p50; less is better)"),
)
COLOURS = {"ours": "#1b6e53", "peer": "#8fa3b0", "ceiling": "#e3ded3"}


def draw(summary: Summary, stacks: Sequence[Stack], caption: str, target: Path) -> None:
    """Write the plot; its format is that of the file's name."""
    shown = [panel for panel in PANELS if panel[0] in summary]
    if not shown:
        return
    lines = (len(shown) + 1) // 2
    figure, grid = pyplot.subplots(lines, 2, figsize=(13, 1 + 3.6 * lines), squeeze=False)
    places = list(grid.flat)
    for place, (measure, name, heading) in zip(places, shown, strict=False):
        panel(place, summary, stacks, measure, name)
        place.set_title(heading, loc="left", fontsize=11)
    for place in places[len(shown) :]:
        place.set_axis_off()
    figure.suptitle("Coatcheck beside other stacks, on one machine in one run", x=0.01, ha="left", fontsize=14)
    figure.text(0.01, 0.005, caption, fontsize=8, color="#555555")
    figure.tight_layout(rect=(0, 0.03, 1, 0.98))
    figure.savefig(target, dpi=130)
    pyplot.close(figure)


def panel(place: Axes, summary: Summary, stacks: Sequence[Stack], measure: str, figure: str) -> None:
    """One measure: the best on top, each bar with its value and its range."""
    found = {stack: summary[measure][stack.name][figure] for stack in stacks if stack.name in summary[measure]}
    best_last = sorted(found, key=lambda stack: found[stack].median, reverse=figure != "per_second")
    values = [found[stack] for stack in best_last]
    errors = [[value.median - value.low for value in values], [value.high - value.median for value in values]]
    colours = [COLOURS["ours" if stack.name == OURS else "ceiling" if stack.ceiling else "peer"] for stack in best_last]
    bars = place.barh(
        [stack.title for stack in best_last], [value.median for value in values], xerr=errors, color=colours,
        error_kw={"elinewidth": 1, "capsize": 2, "ecolor": "#444444"},
    )  # fmt: skip
    form = ",.0f" if figure == "per_second" else ",.1f"
    place.bar_label(bars, [f"{value.median:{form}}" for value in values], padding=6, fontsize=9)
    place.spines[["top", "right"]].set_visible(False)
    place.margins(x=0.15)
