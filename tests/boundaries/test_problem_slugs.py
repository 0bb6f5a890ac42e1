"""Every problem type that the code speaks of exists, and none exists that nobody speaks of."""

import ast
import re
from collections.abc import Iterator

import pytest

from services.web.problem_types import PROBLEM_TYPES
from services.web.problems import BY_STATUS
from tests.boundaries.source import ROOT, modules

ELSEWHERE = {"services.web.problem_types"}
MAKERS = {"Problem", "problem"}
SCRIPTS = re.compile(r"/problems/([a-z-]+)")


def spoken_of(name: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The slugs that a module makes problems of, each with where."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS and node.args:
            for slug in constants(node.args[0]):
                yield slug, f"{name}:{node.lineno}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not name.endswith("openapi"):
            for slug in SCRIPTS.findall(node.value):
                yield slug, f"{name}:{node.lineno}"


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be, as far as they stand there."""
    return (found.value for found in ast.walk(node) if isinstance(found, ast.Constant) and isinstance(found.value, str))


FOUND = [found for name, tree in modules().items() if name not in ELSEWHERE for found in spoken_of(name, tree)]


@pytest.mark.parametrize(("slug", "where"), FOUND)
def test_a_problem_that_the_code_makes_has_a_type(slug: str, where: str) -> None:
    assert slug in PROBLEM_TYPES, f"{where} makes a problem {slug!r} that services/web/problem_types.py does not have"


def test_no_problem_type_is_left_over() -> None:
    used = {slug for slug, _ in FOUND} | set(BY_STATUS.values())
    assert set(PROBLEM_TYPES) - used == set()


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_a_problem_is_met_in_a_test(slug: str) -> None:
    folders = ("gateway", "status", "web", "jobs", "worker", "embedded")
    texts = (path.read_text() for folder in folders for path in (ROOT / "tests" / folder).glob("test_*.py"))
    assert any(f'"{slug}"' in text or f"/problems/{slug}" in text for text in texts)


def test_a_status_leads_to_a_type_of_that_status() -> None:
    assert {status: PROBLEM_TYPES[slug].status for status, slug in BY_STATUS.items()} == {
        status: status for status in BY_STATUS
    }


def test_the_origins_of_a_jobs_error_are_those_of_the_contract() -> None:
    """What a worker writes into a job's `error` is not the answer to a request, and has no status of its own."""
    inside = {slug for slug, kind in PROBLEM_TYPES.items() if kind.status == 200}
    worker = {slug for slug, where in FOUND if where.startswith(("services.worker", "services.jobs"))}
    assert worker == inside
