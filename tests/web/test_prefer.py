import pytest
from flask import Flask

from services.web.prefer import LONGEST_WAIT_S, preferences, wanted_wait


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], {}),
        ([""], {}),
        (["wait=5"], {"wait": "5"}),
        (["respond-async, wait=5"], {"respond-async": "", "wait": "5"}),
        (["respond-async", "wait=5"], {"respond-async": "", "wait": "5"}),
        (["wait=5", "wait=9"], {"wait": "5"}),
        (["WAIT=5"], {"wait": "5"}),
        ([" wait = 5 "], {"wait": "5"}),
        (['wait="5"'], {"wait": "5"}),
        (["wait="], {"wait": ""}),
        (["wait=5; note=a, other"], {"wait": "5", "other": ""}),
        (['a="x, wait=9; y", wait=5'], {"a": "x, wait=9; y", "wait": "5"}),
        (['a="say \\"hi\\" \\\\"'], {"a": 'say "hi" \\'}),
        ([", ,wait=5,"], {"wait": "5"}),
    ],
)
def test_preferences_are_read_as_rfc_7240_says(lines: list[str], found: dict[str, str]) -> None:
    assert preferences(lines) == found


def wait_of(*lines: str) -> int | None:
    with Flask(__name__).test_request_context(headers=[("Prefer", line) for line in lines]):
        return wanted_wait()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("wait=0", 0), ("wait=5", 5), ("wait=31", LONGEST_WAIT_S), ("wait=999999999", LONGEST_WAIT_S)],
        *[("wait=99999999999999999999", LONGEST_WAIT_S), ("wait=" + "9" * 5_000, LONGEST_WAIT_S)],
        *[('wait="7"', 7), ("wait=007", 7), ("wait=000", 0), ("wait=" + "0" * 5_000 + "8", 8)],
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wait_is_cut_to_the_longest(header: str, seconds: int) -> None:
    assert wait_of(header) == seconds


@pytest.mark.parametrize(
    "header", ["", "respond-async", "wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", "wait=1e3"]
)
def test_what_is_no_wait_is_none(header: str) -> None:
    assert wait_of(header) is None


def test_without_the_header_nobody_waits() -> None:
    assert wait_of() is None
