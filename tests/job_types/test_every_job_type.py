"""What holds for every job type: cheap to import, documented, and its example works."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from services.jobs.catalogue import discover
from services.jobs.job_type import JobType
from services.jobs.local_job import LocalJob

ROOT = Path(__file__).parents[2]
KINDS = discover("services.job_types")
HEAVY = ("PIL", "numpy", "pandas", "polars", "duckdb", "matplotlib", "pyarrow")

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def test_the_job_types_are_those_of_the_documentation() -> None:
    assert list(KINDS) == ["csv-profile", "image-thumbnails", "simulate", "text-report"]


def test_importing_every_job_type_needs_no_heavy_library() -> None:
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}));"
        "from services.jobs.catalogue import discover; print(*discover('services.job_types'))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (list(KINDS), "")


@each_kind
def test_the_example_works_and_its_result_is_strict_json(kind: JobType) -> None:
    files = {name: kind.files[name].example(path) for name, path in kind.example_files.items()}
    result = kind.run(kind.input_model.model_validate({**kind.example, **files}), LocalJob())
    text = json.dumps(result.model_dump(mode="json"), allow_nan=False)
    assert kind.result_model.model_validate_json(text) == result


@each_kind
def test_the_example_files_are_within_the_limits_of_their_fields(kind: JobType) -> None:
    for name, path in kind.example_files.items():
        assert 0 < path.stat().st_size <= kind.files[name].max_bytes


@each_kind
def test_every_field_and_model_is_described_for_the_api_documents(kind: JobType) -> None:
    for model in (kind.input_model, kind.result_model):
        for where, schema in described_parts(model.model_json_schema()):
            assert schema.get("description", "").strip(), f"{kind.name}: {where} has no description"


def described_parts(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    models = {"the model": schema, **{k: v for k, v in schema.get("$defs", {}).items() if k != "File"}}
    for name, model in models.items():
        yield name, model
        for field, part in model.get("properties", {}).items():
            yield f"{name}.{field}", part


def test_the_example_files_can_be_made_anew(tmp_path: Path) -> None:
    script = ROOT / "examples" / "make_examples.py"
    subprocess.run([sys.executable, "-W", "error", str(script), str(tmp_path)], check=True)
    assert (tmp_path / "table.csv").read_bytes() == (ROOT / "examples" / "table.csv").read_bytes()
    with Image.open(tmp_path / "picture.png") as made, Image.open(ROOT / "examples" / "picture.png") as kept:
        assert ImageChops.difference(made, kept).getbbox() is None
