"""JSON as the platform reads and writes it: RFC 8259 with nothing added and nothing ambiguous."""

import json
import math
import re
from typing import Any, NoReturn

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

MAX_DEPTH = 64
MAX_DIGITS = 400
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?')  # possessive and open-ended: linear, even where a string never closes


class BadJson(ValueError):
    """The bytes are not JSON as the platform takes it; the message says what is wrong."""


def loads(body: bytes) -> Any:
    """The value in `body`: UTF-8 only, no duplicate keys, NaN, lone surrogates, huge numbers or deep nesting."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson(f"the body is not UTF-8 (byte {error.start})") from None
    if text.startswith("\ufeff"):
        raise BadJson("the body starts with a byte order mark: leave it out")
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    if "\\u" in text:
        _check_surrogates(value)
    return value


def dumps(value: Any) -> str:
    """`value` as compact JSON; raises ValueError for NaN and infinities, TypeError for what JSON can't say."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def dump_model(model: BaseModel) -> str:
    """A model as compact JSON; raises ValueError where a number is not finite."""
    text = dumps(model.model_dump(mode="json", by_alias=True))
    if "null" in text:  # which is how pydantic writes NaN and infinities
        dumps(to_jsonable_python(model.model_dump(), inf_nan_mode="constants"))
    return text


def _check_depth(text: str) -> None:
    """Refuse deep nesting by counting brackets; the strings are only looked for when there are very many."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _STRING.sub("", text):
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJson(f"nested deeper than {MAX_DEPTH} levels")
        elif bracket in "]}":
            depth -= 1


def _check_surrogates(value: Any) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise BadJson("a string holds half of a surrogate pair")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_surrogates(key)
            _check_surrogates(item)
    elif isinstance(value, list):
        for item in value:
            _check_surrogates(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadJson(f"the key {key[:50]!r} stands twice in one object")
            seen.add(key)
    return result


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise BadJson(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadJson(f"the number {digits[:20]} is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
