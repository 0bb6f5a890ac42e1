"""Coatcheck over the fastest peer and over each ceiling, in every measure that they share."""

from collections.abc import Iterator, Mapping, Sequence

from loadtests.compare.stack import Stack
from loadtests.compare.summary import Summary

OURS = "coatcheck"
AGAINST = {"read_304": "read", "known_wait": "known", "known_watch": "known"}
"""What has no counterpart among the peers is put beside what they offer instead."""
RATES = ("submit", "read", "read_304", "drain")
LATENCIES = ("known", "known_wait", "known_watch")


def ratios(summary: Summary, stacks: Sequence[Stack]) -> str:
    """The ratios as Markdown; nothing if Coatcheck was not among the stacks."""
    lines = [line for measure in RATES for line in of_measure(summary, stacks, measure, "per_second")]
    lines += [
        line
        for measure in LATENCIES
        for name in ("p50_ms", "p99_ms")
        for line in of_measure(summary, stacks, measure, name)
    ]
    return (
        "### ratios: Coatcheck over others (rates: more is better; ms: less is better)\n\n" + "\n".join(lines)
        if lines
        else ""
    )


def of_measure(summary: Summary, stacks: Sequence[Stack], measure: str, figure: str) -> Iterator[str]:
    """One line for the best peer, and one for each ceiling."""
    ours = summary.get(measure, {}).get(OURS)
    if ours is None:
        return
    others = summary[AGAINST.get(measure, measure)]
    medians = {
        stack: others[stack.name][figure].median for stack in stacks if stack.name in others and stack.name != OURS
    }
    for stack in [*best(medians, figure), *(stack for stack in medians if stack.ceiling)]:
        yield f"- {measure} {figure}: {ours[figure].median / medians[stack]:.2f} of {stack.title}"


def best(medians: Mapping[Stack, float], figure: str) -> list[Stack]:
    """The best peer, if there is one."""
    peers = [stack for stack in medians if not stack.ceiling]
    return sorted(peers, key=lambda stack: medians[stack], reverse=figure == "per_second")[:1]
