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


@dataclass
class ValueRange:
    """The least and the greatest of values of one type; both are None while there is none."""

    kind: Kind
    parse: Parse
    low: Any = None
    high: Any = None

    def takes(self, text: str) -> bool:
        """Whether `text` is of this type; if so, it counts."""
        value = self.parse(text)
        if value is None:
            return False
        if self.low is None or value < self.low:
            self.low = value
        if self.high is None or value > self.high:
            self.high = value
        return True


def value_range(values: Iterable[str], parse_number: Parse) -> ValueRange | None:
    """The range of `values` in the narrowest type that all of them fit; None if only text is left."""
    fitting = [
        ValueRange("boolean", _boolean),
        ValueRange("integer", _integer),
        ValueRange("number", parse_number),
        ValueRange("date", _date),
        ValueRange("datetime", _datetime),
    ]
    for text in values:
        fitting = [kind for kind in fitting if kind.takes(text)]
        if not fitting:
            return None
    return fitting[0]


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
