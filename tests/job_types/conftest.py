"""Job types' functions, ready to be called with a file's bytes."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.job_types.csv_profile import Column, Table, TableProfile, csv_profile
from services.job_types.image_thumbnails import PictureReport, PictureToShrink, image_thumbnails
from services.jobs import File
from services.jobs.local_job import LocalJob


@pytest.fixture
def profile(tmp_path: Path) -> Callable[..., TableProfile]:
    """csv-profile of a table that is given as text or bytes."""

    def run(content: str | bytes, job: LocalJob | None = None) -> TableProfile:
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        table = File.at(path, name=path.name, media_type="text/csv")
        found = csv_profile(Table(table=table), job or LocalJob())
        found.model_dump_json().encode()  # a lone surrogate would raise here
        json.dumps(found.model_dump(mode="json"), allow_nan=False)
        return found

    return run


@pytest.fixture
def column(profile: Callable[..., TableProfile]) -> Callable[[list[str]], Column]:
    """csv-profile of a single column that holds the values given."""

    def run(values: list[str]) -> Column:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a"], *([value] for value in values)])
        (found,) = profile(text.getvalue()).columns
        return found

    return run


@pytest.fixture
def shrink(tmp_path: Path) -> Callable[..., tuple[PictureReport, dict[str, Image.Image]]]:
    """image-thumbnails of a picture given as bytes: the report, and the thumbnails by name."""

    def run(data: bytes, *sizes: int) -> tuple[PictureReport, dict[str, Image.Image]]:
        path = tmp_path / "picture"
        path.write_bytes(data)
        job = LocalJob()
        image = File.at(path, name=path.name, media_type="image/png")
        report = image_thumbnails(PictureToShrink(image=image, sizes=list(sizes) or [64, 256]), job)
        pictures: dict[str, Image.Image] = {name: Image.open(io.BytesIO(data)) for name, data in job.files.items()}
        assert [item.name for item in report.thumbnails] == list(pictures)
        assert [item.bytes for item in report.thumbnails] == [len(data) for data in job.files.values()]
        assert [(item.width, item.height) for item in report.thumbnails] == [each.size for each in pictures.values()]
        return report, pictures

    return run
