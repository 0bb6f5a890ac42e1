"""Short functions and short modules: what does not fit on a page is two things."""

import ast
from pathlib import Path

import pytest

from tests.boundaries.source import ROOT, functions

FILES = sorted(path for folder in ("services", "scripts", "loadtests") for path in (ROOT / folder).rglob("*.py"))
LONGEST_FUNCTION, LONGEST_MODULE = 40, 250


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_MODULE
    long = {
        node.name: length
        for node in functions(ast.parse(text))
        if (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long, f"functions of more than {LONGEST_FUNCTION} lines: {long}"
