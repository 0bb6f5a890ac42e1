"""Imports go one way only, openly, and in no circle: read from the source."""

import ast
from graphlib import TopologicalSorter

import pytest

from tests.boundaries.source import MAY_IMPORT, SERVICES, folder_of, functions, imports, modules

NAMES = [name for name in modules() if name != "services"]


def test_every_folder_has_its_place_in_the_architecture() -> None:
    assert {path.name for path in SERVICES.iterdir() if (path / "__init__.py").is_file()} == MAY_IMPORT.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_what_its_folder_may(name: str) -> None:
    folder = folder_of(name)
    others = {folder_of(found) for found in imports(modules()[name]) if "." in found} - {folder}
    assert others <= MAY_IMPORT[folder], f"{name} imports from {sorted(others - MAY_IMPORT[folder])}"


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_by_full_name(name: str) -> None:
    tree = modules()[name]
    relative = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    everything = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert (relative, everything) == ([], [])


@pytest.mark.parametrize("name", [name for name in NAMES if folder_of(name) != "job_types"])
def test_no_import_hides_in_a_function(name: str) -> None:
    hidden = {
        function.name: node.lineno
        for function in functions(modules()[name])
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert hidden == {}


def test_a_job_type_hides_only_libraries_and_nothing_of_ours() -> None:
    for name in NAMES:
        for function in functions(modules()[name]):
            assert list(imports(function)) == [], f"{name}: {function.name}"


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {name: set(imports(tree)) & modules().keys() - {name} for name, tree in modules().items()}
    order = list(TopologicalSorter(graph).static_order())
    assert len(order) == len(modules())


def test_the_contract_imports_no_web_framework_and_job_types_no_store() -> None:
    """What each folder must not know of, beside the other folders."""
    forbidden = {
        "jobs": {"flask", "werkzeug", "gunicorn", "waitress", "gevent", "rq"},
        "job_types": {"flask", "werkzeug", "gunicorn", "waitress", "gevent", "rq", "redis", "obstore"},
        "web": {"rq"},
        "gateway": {"rq", "redis"},
        "status": {"rq", "redis"},
        "worker": {"flask", "werkzeug", "gunicorn", "waitress", "gevent"},
        "webhooks": {"flask", "werkzeug", "gunicorn", "waitress", "rq"},
    }
    found = {(name, library) for name in NAMES for library in libraries(modules()[name]) & forbidden[folder_of(name)]}
    assert found == set()


def libraries(tree: ast.AST) -> set[str]:
    """The top-level names of all that the code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
