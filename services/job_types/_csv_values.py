"""What type the cells of a CSV column are of, and their range."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

Kind = Literal["integer", "number", "boolean", "date", "datetime", "text", "empty"]
Parse = Callable[[str], Any]

MAX_NUMBER = 1e299
"""Larger numbers count as text: the sum of many would leave the range of a float."""

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class ValueRange:
    """The narrowest type of some values, the least and the greatest, and how many there are."""

    kind: Kind
    low: Any
    high: Any
    count: int

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("integer", "number")


def value_range(values: Iterable[str], parse_number: Parse) -> ValueRange:
    """The range of `values` in the first type, from narrow to wide, that all of them fit."""
    parsers: dict[Kind, Parse] = {
        "boolean": _boolean,
        "integer": _integer,
        "number": parse_number,
        "date": _date,
        "datetime": _datetime,
        "text": str,
    }
    low: dict[Kind, Any] = {}
    high: dict[Kind, Any] = {}
    count = 0
    for text in values:
        count += 1
        for kind, parse in list(parsers.items()):
            value = parse(text)
            if value is None:
                del parsers[kind]
                continue
            low[kind] = min(low.get(kind, value), value)
            high[kind] = max(high.get(kind, value), value)
    if not count:
        return ValueRange("empty", None, None, 0)
    narrowest = next(iter(parsers))
    return ValueRange(narrowest, low[narrowest], high[narrowest], count)


def number(text: str) -> float | None:
    """The number that `text` is, if it is one; with leading zeros it is a code and not a number."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    value = float(text)
    return value if abs(value) <= MAX_NUMBER else None


def number_with_comma(text: str) -> float | None:
    """The number that `text` is, its decimals set off by a comma or by a point."""
    return number(text if "." in text else text.replace(",", "."))


def _boolean(text: str) -> str | None:
    word = text.strip().lower()
    return word if word in ("true", "false") else None


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text.strip()) else None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _datetime(text: str) -> datetime | None:
    """The moment in UTC, without a time zone; one that names no offset is taken as it is."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
