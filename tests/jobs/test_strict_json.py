import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from services.jobs.strict_json import MAX_DEPTH, MAX_DIGITS, BadJson, dump_model, dumps, loads
from tests.bad_json import BAD_JSON

ROOT = Path(__file__).resolve().parents[2]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**300), 10**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)
AWKWARD = st.lists(
    st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b",", b":", b"1", b"a", b"\n", b"\\u", b"d800", b"\xff"])
).map(b"".join)


class Anything(BaseModel):
    value: Any = None
    by_alias: float = Field(default=0.0, serialization_alias="byAlias")


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_body_that_is_not_strict_json_is_refused_in_a_sentence(name: str) -> None:
    body, says = BAD_JSON[name]
    with pytest.raises(BadJson) as refusal:
        loads(body)
    assert says in str(refusal.value)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back_unchanged(value: object) -> None:
    assert loads(dumps(value).encode()) == value


@settings(deadline=None)
@given(st.binary() | AWKWARD)
def test_whatever_the_bytes_they_are_read_or_refused(body: bytes) -> None:
    try:
        value = loads(body)
    except BadJson:
        return
    assert json.loads(body) == value


def test_escapes_pairs_and_characters_beyond_the_basic_plane_come_through() -> None:
    assert loads(b'"\\ud83d\\ude00 \\u0000 \\n \\/ \xf0\x9f\xa7\xaa"') == "\U0001f600 \0 \n / \U0001f9ea"


def test_nesting_up_to_the_limit_is_read() -> None:
    value = loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == []


def test_very_many_lists_side_by_side_are_not_deep() -> None:
    assert len(loads(b"[" + b",".join([b"[{}]"] * 1000) + b"]")) == 1000


def test_brackets_within_strings_are_not_nesting() -> None:
    assert loads(b'["' + b"[{" * 100 + b'\\"[[", "' + b"]" * 100 + b'"]') == ["[{" * 100 + '"[[', "]" * 100]


def test_quotes_without_end_cost_no_more_time_than_other_text() -> None:
    """The guard is far beyond what is needed; looking again from every quote would take a quarter of an hour."""
    code = (
        "from services.jobs.strict_json import BadJson, loads\n"
        "for body in (b'[' * 70 + b'\\\\\\\"' * 300_000, b'[' * 70 + b'\"' * 300_001):\n"
        "    try: loads(body)\n"
        "    except BadJson as error: print(error)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["nested deeper than 64 levels"] * 2


def test_numbers_up_to_the_limits_are_read_exactly() -> None:
    digits = "9" * MAX_DIGITS
    assert loads(digits.encode()) == int(digits)
    assert loads(b"1.7976931348623157e308") == sys.float_info.max
    assert loads(b"1e-400") == 0.0
    assert math.copysign(1, loads(b"-0.0")) == -1


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [1, n], lambda n: {"a": [{"b": n}]}, lambda n: (None, n)])
def test_a_model_with_a_number_that_is_not_finite_cannot_be_written(number: float, wrap: Any) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_model(Anything(value=wrap(number)))
    with pytest.raises(ValueError, match="JSON compliant"):
        dumps(wrap(number))


def test_a_model_whose_field_is_not_finite_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        dump_model(Anything(by_alias=math.inf))


def test_a_model_is_written_compactly_with_its_aliases_and_nulls() -> None:
    assert dump_model(Anything(value=["null", None, "é"])) == '{"value":["null",null,"é"],"byAlias":0.0}'


def test_what_json_cannot_say_is_an_error_not_a_guess() -> None:
    with pytest.raises(TypeError):
        dumps({1, 2})
