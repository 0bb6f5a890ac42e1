"""A picture of a chaos run: jobs accepted and finished over time, and when which fault was done."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from loadtests.chaos.clients import Ticket
from loadtests.chaos.faults import Fault

WIDTH, HEIGHT, LEFT, TOP = 1000, 420, 60, 40
COLOURS = {
    "kill": "#c0392b",
    "stop": "#8e44ad",
    "drain": "#2980b9",
    "freeze": "#d68910",
    "restart": "#16a085",
    "slow": "#7f8c8d",
}


def plot(path: Path, tickets: list[Ticket], ends: dict[str, dict[str, Any]], faults: list[Fault]) -> Path:
    """Write the picture as SVG to `path`."""
    accepted = sorted(ticket.at for ticket in tickets)
    finished = sorted(datetime.fromisoformat(job["finished_at"]).timestamp() for job in ends.values())
    start = min([*accepted, *(fault.at for fault in faults)], default=0.0)
    span = max(max([*accepted, *finished], default=start + 1) - start, 1.0)

    def x(at: float) -> float:
        return LEFT + (at - start) / span * (WIDTH - LEFT - 20)

    def steps(times: list[float]) -> str:
        most = max(len(accepted), 1)
        return " ".join(
            f"{x(at):.1f},{TOP + (1 - n / most) * (HEIGHT - TOP - 60):.1f}" for n, at in enumerate(times, 1)
        )

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"',
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20">{len(accepted)} jobs accepted (grey) and finished (green),',
        f" {len(faults)} faults</text>",
        *_marks(faults, x),
        f'<polyline fill="none" stroke="#888" stroke-width="2" points="{steps(accepted)}"/>',
        f'<polyline fill="none" stroke="#27ae60" stroke-width="2" points="{steps(finished)}"/>',
        *_legend(span),
        "</svg>",
    ]
    path.write_text("\n".join(lines))
    return path


def _marks(faults: Iterable[Fault], x: Any) -> list[str]:
    marks = []
    for fault in faults:
        colour = COLOURS[fault.kind.split()[0]]
        width = max(1.5, x(fault.until) - x(fault.at)) if fault.until else 1.5
        place = f'x="{x(fault.at):.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - 60}"'
        marks.append(f'<rect {place} fill="{colour}" opacity="0.25"><title>{fault.kind}</title></rect>')
    return marks


def _legend(span: float) -> list[str]:
    parts = [
        f'<text x="{LEFT}" y="{HEIGHT - 36}">0 s</text>',
        f'<text x="{WIDTH - 60}" y="{HEIGHT - 36}">{span:.0f} s</text>',
    ]
    for index, (name, colour) in enumerate(COLOURS.items()):
        parts.append(
            f'<rect x="{LEFT + index * 120}" y="{HEIGHT - 22}" width="12" height="12" fill="{colour}" opacity="0.5"/>'
        )
        parts.append(f'<text x="{LEFT + 18 + index * 120}" y="{HEIGHT - 12}">{name}</text>')
    return parts
