"""Importing a job type is cheap: the gateway does it, and has none of the libraries that the work needs."""

import subprocess
import sys

import pytest

from tests.boundaries.source import ROOT, folder_of, modules

NAMES = [name for name in modules() if name != "services" and folder_of(name) == "job_types"]
CODE = """
import sys

class Nobody:
    def find_spec(self, name, path=None, target=None):
        ours = name in sys.stdlib_module_names or name.startswith("_sysconfigdata") or name.split(".")[0] in allowed
        if not ours and path is None:
            raise ModuleNotFoundError(f"{name} is not there", name=name)

allowed = {"services", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
sys.meta_path.insert(0, Nobody())
import importlib
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_job_type_is_imported_without_the_libraries_of_its_work(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, name], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-1_000:]


def test_a_library_that_is_blocked_can_not_be_imported() -> None:
    done = subprocess.run([sys.executable, "-c", CODE, "PIL"], cwd=ROOT, capture_output=True, text=True)
    assert "ModuleNotFoundError: PIL is not there" in done.stderr
