"""A profile of a CSV table: what each column holds, with a histogram of each numeric one.

SQLite counts the values in a private temporary database that spills to disk, so that memory stays
bounded however long the table is.
"""

import math
import sqlite3
from contextlib import closing
from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from services.job_types._csv_rows import ENCODING_NAMES, Rows, find_encoding, open_rows
from services.job_types._csv_values import Kind, Parse, ValueRange, number, number_with_comma, value_range
from services.job_types._histogram import histogram_png
from services.jobs import File, JobError, RunningJob, file_field, job_type

MAX_COLUMNS = 1000
MAX_PICTURES = 50
BARS = 20
SHOWN = 100
NULLS = ("", "na", "n/a", "nan", "null", "none")


class Table(BaseModel):
    """A table whose first line names its columns."""

    table: File = file_field(
        accepts=("text/csv", "application/csv", "text/tab-separated-values", "application/vnd.ms-excel"),
        max_bytes=100_000_000,
        description="A CSV file of at most 100 MB and 1000 columns; commas, semicolons, tabs or | separate its cells",
    )


class ValueCount(BaseModel):
    """One value and how often it occurs."""

    value: str = Field(description="The value as it stands in the file, cut after 100 characters")
    count: int = Field(description="In how many rows it occurs")


class Column(BaseModel):
    """What one column holds; a figure that its type does not have is null."""

    position: int = Field(description="Place of the column, counted from 1; names may occur twice")
    name: str = Field(description="Name in the first line, cut after 100 characters")
    type: Kind = Field(
        default="empty", description="The narrowest type that every value fits; `empty` if all are missing"
    )
    nulls: int = Field(description="Missing values: empty cells and, in any case, NA, N/A, NaN, null and none")
    distinct: int = Field(default=0, description="Different values, the missing ones aside")
    min: int | float | str | None = Field(
        default=None, description="The smallest value; of texts, the first by code point"
    )
    max: int | float | str | None = Field(
        default=None, description="The largest value; of texts, the last by code point"
    )
    mean: float | None = Field(default=None, description="Arithmetic mean of the numbers")
    p25: float | None = Field(default=None, description="First quartile of the numbers, interpolated linearly")
    p50: float | None = Field(default=None, description="Median of the numbers")
    p75: float | None = Field(default=None, description="Third quartile of the numbers")
    common: list[ValueCount] = Field(default=[], description="Up to five most common values, the most frequent first")
    histogram: str | None = Field(default=None, description="Name of the PNG file with the histogram of the numbers")


class TableProfile(BaseModel):
    """What the table holds."""

    rows: int = Field(description="Rows below the header; blank lines do not count")
    ragged_rows: int = Field(description="Rows longer than the header, which were cut, or shorter, filled with nulls")
    encoding: str = Field(description="How the bytes were read: utf-8, utf-16 or windows-1252")
    delimiter: str = Field(description="The character that separates the cells")
    columns: list[Column] = Field(description="The columns in the file's order")
    histograms_left_out: int = Field(description="Numeric columns without a picture: only the first 50 get one")


@job_type(
    example={},
    example_files={"table": "../../examples/table.csv"},
    timeout=600,
    max_attempts=2,
    memory_mb=768,
    max_body=10_000,
)
def csv_profile(inputs: Table, job: RunningJob) -> TableProfile:
    """Profile a CSV table: type, range, quartiles and common values of each column, and histograms.

    The first line is the header. Dates are ISO 8601, times are given in UTC. Text that is neither
    UTF-8 nor marked as UTF-16 is read as Windows-1252. Where semicolons separate, 3,14 is a number.
    """
    encoding = find_encoding(inputs.table.path)
    with closing(sqlite3.connect("", isolation_level=None)) as store:
        with open_rows(
            inputs.table.path, encoding, lambda part, count: job.progress(part / 2, f"{count} rows read")
        ) as rows:
            _fill(store, rows)
        columns, left_out = _columns(store, rows, job)
    return TableProfile(
        rows=rows.count,
        ragged_rows=rows.ragged,
        encoding=ENCODING_NAMES[encoding],
        delimiter=rows.delimiter,
        columns=columns,
        histograms_left_out=left_out,
    )


def _fill(store: sqlite3.Connection, rows: Rows) -> None:
    width = len(rows.header)
    if width > MAX_COLUMNS:
        raise JobError(f"the table has {width} columns: at most {MAX_COLUMNS} can be profiled")
    for setting in ("page_size=65536", "journal_mode=OFF", "synchronous=OFF", "cache_size=-65536", "temp_store=FILE"):
        store.execute(f"PRAGMA {setting}")
    store.execute(f"CREATE TABLE cells ({', '.join(f'c{index}' for index in range(width))})")
    store.execute("BEGIN")
    store.executemany(f"INSERT INTO cells VALUES ({', '.join('?' * width)})", rows)
    store.execute("COMMIT")


def _columns(store: sqlite3.Connection, rows: Rows, job: RunningJob) -> tuple[list[Column], int]:
    """The profiles of all columns, and how many numeric ones are without a picture."""
    parse_number = number_with_comma if rows.delimiter == ";" else number
    columns: list[Column] = []
    numeric = 0
    for index, name in enumerate(rows.header):
        column = Column(position=index + 1, name=_cut(name), nulls=_count_values(store, index))
        found = _add_range(store, column, parse_number)
        columns.append(column)
        if found is not None:
            numeric += 1
            bars = _add_figures(store, column, found, rows.count - column.nulls)
            column.histogram = _save(column, found, bars, job) if numeric <= MAX_PICTURES else None
        job.progress(0.5 + 0.5 * (index + 1) / len(rows.header), f"column {index + 1} of {len(rows.header)}")
    return columns, max(0, numeric - MAX_PICTURES)


def _count_values(store: sqlite3.Connection, index: int) -> int:
    """Put the column's different values into the table `found`; the result is how many cells are null."""
    missing = f"lower(trim(value)) IN {NULLS!r}"
    store.execute("DROP TABLE IF EXISTS found")
    store.execute(f"CREATE TABLE found AS SELECT c{index} AS value, count(*) AS n FROM cells GROUP BY 1")
    (nulls,) = store.execute(f"SELECT coalesce(sum(n), 0) FROM found WHERE {missing}").fetchone()
    store.execute(f"DELETE FROM found WHERE {missing}")
    return int(nulls)


def _add_range(store: sqlite3.Connection, column: Column, parse_number: Parse) -> ValueRange | None:
    """Fill in the type and the range; the result is the range if it is one of numbers."""
    column.distinct, low, high = store.execute("SELECT count(*), min(value), max(value) FROM found").fetchone()
    if not column.distinct:
        return None
    common = store.execute("SELECT value, n FROM found ORDER BY n DESC, value LIMIT 5")
    column.common = [ValueCount(value=_cut(value), count=count) for value, count in common]
    found = value_range((value for (value,) in store.execute("SELECT value FROM found")), parse_number)
    column.type = found.kind if found else "text"
    column.min, column.max = _shown(found.low if found else low), _shown(found.high if found else high)
    return found if column.type in ("integer", "number") else None


def _add_figures(store: sqlite3.Connection, column: Column, found: ValueRange, total: int) -> list[int]:
    """Fill in the mean and the quartiles; the result is the heights of the histogram's bars."""
    bars, span = _empty_bars(found)
    places = [quarter * (total - 1) / 4 for quarter in (1, 2, 3)]
    ranks = sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})
    at_rank: dict[int, float] = {}
    passed, above_low = 0, 0.0
    numbers = "SELECT CAST(replace(value, ',', '.') AS REAL) AS x, sum(n) FROM found GROUP BY x ORDER BY x"
    for value, count in store.execute(numbers):
        bars[min(int((value - found.low) / span * len(bars)), len(bars) - 1)] += count
        above_low += (value - found.low) * count
        passed += count
        while ranks and ranks[0] < passed:
            at_rank[ranks.pop(0)] = value
    column.mean = _rounded(found.low + above_low / total)
    column.p25, column.p50, column.p75 = (_rounded(_between(at_rank, place)) for place in places)
    return bars


def _empty_bars(found: ValueRange) -> tuple[list[int], float]:
    """The bars of a histogram, and the span of values that they share out; of integers each gets as many."""
    if found.kind == "number":
        return [0] * BARS, found.high - found.low or 1.0
    integers = found.high - found.low + 1
    each = math.ceil(integers / BARS)
    bars = math.ceil(integers / each)
    return [0] * bars, each * bars


def _between(at_rank: dict[int, float], place: float) -> float:
    low, high = at_rank[math.floor(place)], at_rank[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def _rounded(value: float) -> float:
    """Twelve significant digits: what is beyond them is noise from adding up."""
    return float(f"{value:.12g}")


def _save(column: Column, found: ValueRange, bars: list[int], job: RunningJob) -> str:
    name = f"histogram-{column.position:04}.png"
    title = column.name if column.name.isascii() and column.name.isprintable() else f"column {column.position}"
    with job.save_file(name, "image/png") as file:
        file.write(histogram_png(title[:60], found.low, found.high, bars))
    return name


def _shown(value: Any) -> int | float | str | None:
    if isinstance(value, date):
        return value.isoformat()
    return _cut(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
