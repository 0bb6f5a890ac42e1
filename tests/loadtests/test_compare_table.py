"""What scripts/compare prints of its rounds."""

from loadtests.compare.rounds import Row
from loadtests.compare.summary import summarise
from loadtests.compare.table import COSTS, RATE, table


def test_a_cost_is_told_by_its_median_and_by_its_least() -> None:
    rows = [
        Row(round=number, stack="ours", measure="submit", figures={"per_second": 1000.0, "cpu_us": cost})
        for number, cost in enumerate((300.0, 200.0, 600.0))
    ]
    lines = table("submit", (RATE, *COSTS), summarise(rows)["submit"], {"ours": "Ours"}).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == ["stack", "per second", "CPU µs each", "least"]
    assert [cell.strip() for cell in lines[4].split("|")[1:-1]] == ["Ours", "1,000", "300 ±67%", "200"]
