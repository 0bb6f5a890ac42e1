"""The report: a run in words and tables, as JSON, and as a plot."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadtests.compare import plot
from loadtests.compare.environment import HERE
from loadtests.compare.notes import notes
from loadtests.compare.ratios import ratios
from loadtests.compare.rounds import Played
from loadtests.compare.stack import Stack
from loadtests.compare.summary import summarise
from loadtests.compare.table import tables

RESULTS = HERE / "results"


def caption(facts: dict[str, Any]) -> str:
    """The run in one line."""
    on, store, wanted = facts["machine"], facts["store"], facts["options"]
    return (
        f"{on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}; "
        f"Valkey {store['version']}, appendfsync {store['settings']['appendfsync']}; "
        f"rounds: {wanted['rounds']}, connections: {wanted['connections']}; {facts['when']}"
    )


def write(facts: dict[str, Any], played: Played, stacks: Sequence[Stack]) -> str:
    """Write latest.json, latest.md and latest.png into results/; what latest.md says."""
    summary = summarise(played.rows)
    parts = (
        caption(facts),
        notes(facts["load_average_before"][0], played),
        tables(summary, stacks),
        ratios(summary, stacks),
    )
    text = "\n\n".join(part for part in parts if part)
    medians = {
        measure: {stack: {name: asdict(value) for name, value in figures.items()} for stack, figures in found.items()}
        for measure, found in summary.items()
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps({**facts, "summary": medians, **asdict(played)}, indent=1) + "\n")
    (RESULTS / "latest.md").write_text(text + "\n")
    plot.draw(summary, stacks, caption(facts), RESULTS / "latest.png")
    return text
