"""The source of services/ as the boundary tests read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "services"

TARGETS: dict[str, tuple[str, ...]] = {
    "gateway": ("jobs", "job_types", "web", "gateway"),
    "status": ("jobs", "web", "status"),
    "worker": ("jobs", "job_types", "worker"),
    "webhooks": ("jobs", "webhooks"),
}
"""The folders that a service may use: what its image holds."""

MAY_IMPORT: dict[str, set[str]] = {
    "jobs": set(),
    "job_types": {"jobs"},
    "web": {"jobs"},
    "gateway": {"jobs", "job_types", "web"},
    "status": {"jobs", "web"},
    "worker": {"jobs", "job_types"},
    "webhooks": {"jobs"},
}
"""The arrows of the architecture: folders beside its own that each one may import."""


@cache
def modules() -> dict[str, ast.Module]:
    """Every module under services/ by its dotted name, parsed."""
    found = {}
    for path in sorted(SERVICES.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(), str(path))
    return found


def folder_of(module: str) -> str:
    """The folder under services/ in which a module stands."""
    return module.split(".")[1]


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules of services/ that the code imports, by dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.split(".")[0] == "services":
                names = (f"{node.module}.{alias.name}" for alias in node.names)
                yield from (name if name in modules() else node.module for name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "services")


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions, methods and functions within functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
