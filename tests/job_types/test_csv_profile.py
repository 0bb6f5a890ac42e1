"""csv-profile: types, figures and pictures."""

import io
import random
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.job_types.csv_profile import Column, TableProfile
from services.jobs.local_job import LocalJob

Profile = Callable[..., TableProfile]
OneColumn = Callable[[list[str]], Column]

EXAMPLE = Path(__file__).parents[2] / "examples" / "table.csv"


def test_the_example_s_columns_are_told_apart(profile: Profile) -> None:
    found = profile(EXAMPLE.read_bytes())
    assert (found.rows, found.ragged_rows, found.encoding, found.delimiter) == (366, 0, "utf-8", ",")
    assert {each.name: each.type for each in found.columns} == {
        "measured_on": "date",
        "hive": "text",
        "weight_kg": "number",
        "temperature_c": "number",
        "humidity_percent": "integer",
        "bees_in": "integer",
        "raining": "boolean",
        "note": "text",
    }


def test_the_figures_agree_with_those_of_the_statistics_module(column: OneColumn) -> None:
    chance = random.Random(5)
    numbers = [round(chance.gauss(20, 300), chance.randint(0, 3)) for _ in range(997)]
    found = column([str(number) for number in numbers])
    assert (found.type, found.nulls, found.min, found.max) == ("number", 0, min(numbers), max(numbers))
    assert found.distinct == len(set(map(str, numbers)))
    assert found.mean == pytest.approx(statistics.fmean(numbers), rel=1e-10)
    quartiles = statistics.quantiles(numbers, n=4, method="inclusive")
    assert [found.p25, found.p50, found.p75] == pytest.approx(quartiles, rel=1e-10)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_quartiles_of_few_numbers_are_interpolated(count: int, column: OneColumn) -> None:
    found = column([str(number) for number in range(count)])
    assert [found.p25, found.p50, found.p75] == [(count - 1) * quarter / 4 for quarter in (1, 2, 3)]


@pytest.mark.parametrize(
    ("values", "kind", "low", "high"),
    [
        (["3", "-12", "+7"], "integer", -12, 7),
        (["123456789012345678", "1"], "integer", 1, 123456789012345678),
        (["1", "2.5", ".5", "1e3"], "number", 0.5, 1000.0),
        (["12345678901234567890123", "1"], "number", 1.0, 12345678901234567890123.0),
        (["007", "12"], "text", "007", "12"),
        (["1,234", "5"], "text", "1,234", "5"),
        (["1_000"], "text", "1_000", "1_000"),
        (["inf", "1"], "text", "1", "inf"),
        (["1e400", "1"], "text", "1", "1e400"),
        (["٣", "1"], "text", "1", "٣"),
        (["true", "FALSE"], "boolean", "false", "true"),
        (["2024-02-29", "1999-12-31"], "date", "1999-12-31", "2024-02-29"),
        (["2023-02-29"], "text", "2023-02-29", "2023-02-29"),
        (["2024-01-01", "2024-01-01T12:30"], "datetime", "2024-01-01T00:00:00", "2024-01-01T12:30:00"),
        (["2024-01-01 00:30+02:00", "2023-12-31T23:00:00Z"], "datetime", "2023-12-31T22:30:00", "2023-12-31T23:00:00"),
        (["0001-01-01T00:00+05:00"], "text", "0001-01-01T00:00+05:00", "0001-01-01T00:00+05:00"),
        (["b", "a", "10"], "text", "10", "b"),
        (["", "NA", "n/a", "NaN", "NULL", "None", "  "], "empty", None, None),
    ],
)
def test_the_narrowest_type_that_fits_every_value_is_found(
    values: list[str], kind: str, low: object, high: object, column: OneColumn
) -> None:
    found = column(values)
    assert (found.type, found.min, found.max) == (kind, low, high)
    assert (found.mean is None) == (found.histogram is None) == (kind not in ("integer", "number"))


def test_missing_values_are_counted_and_left_out_of_everything_else(column: OneColumn) -> None:
    found = column(["4", "", "NA", "8", "nan", "8"])
    assert (found.type, found.nulls, found.distinct, found.p50) == ("integer", 3, 2, 8)
    assert found.mean == pytest.approx(20 / 3, rel=1e-11)
    assert [(item.value, item.count) for item in found.common] == [("8", 2), ("4", 1)]


def test_common_values_are_the_most_frequent_five(column: OneColumn) -> None:
    values = [letter for count, letter in enumerate("abcdefg", start=1) for _ in range(count)]
    found = column(values)
    assert [(item.value, item.count) for item in found.common] == [("g", 7), ("f", 6), ("e", 5), ("d", 4), ("c", 3)]


@pytest.mark.parametrize("numbers", [["1e299", "-1e299"], ["1e-320", "-1e-320"], ["1e299"] * 50, ["-0.0", "0"], ["5"]])
def test_the_largest_and_smallest_numbers_give_finite_figures(numbers: list[str], column: OneColumn) -> None:
    found = column(numbers)
    assert found.type in ("integer", "number")
    assert None not in (found.mean, found.p25, found.p50, found.p75, found.histogram)


def test_numeric_columns_get_a_histogram_and_others_none(profile: Profile) -> None:
    job = LocalJob()
    found = profile(EXAMPLE.read_bytes(), job)
    assert [each.histogram for each in found.columns if each.histogram] == list(job.files)
    for data in job.files.values():
        with Image.open(io.BytesIO(data)) as picture:
            assert (picture.format, picture.size) == ("PNG", (640, 360))


def test_the_bars_are_as_high_as_the_values_are_frequent(profile: Profile) -> None:
    job = LocalJob()
    profile("n\n" + "1\n" * 10 + "2\n" * 5 + "4\n" * 10, job)
    (data,) = job.files.values()
    with Image.open(io.BytesIO(data)) as opened:
        picture = opened.convert("RGB")
    blue = [sum(is_bar(picture.getpixel((x, y))) for y in range(360)) for x in (140, 276, 412, 548)]
    assert blue[2] == 0 < blue[1]
    assert blue[0] == blue[3] == pytest.approx(2 * blue[1], abs=4)


def is_bar(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    return bool(pixel[2] - pixel[0] > 60)


def test_no_more_than_fifty_pictures_are_drawn_and_the_rest_is_told(profile: Profile) -> None:
    job = LocalJob()
    width = 53
    found = profile(
        ",".join(f"c{i}" for i in range(width)) + "\n" + ",".join("12345"[i % 5] for i in range(width)), job
    )
    assert (len(job.files), found.histograms_left_out) == (50, 3)
    assert [each.histogram for each in found.columns[50:]] == [None, None, None]
    assert found.columns[52].mean is not None


def test_progress_rises_to_the_end(profile: Profile) -> None:
    job = LocalJob()
    profile("a,b\n" + "1,2\n" * 50_000, job)
    assert job.fractions == sorted(job.fractions)
    assert job.fractions[0] < 0.5 < job.fractions[-1] == 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's address space")
def test_a_long_table_of_distinct_values_needs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("a,b\n")
        file.writelines(f"{number},{number * 7919 % 1000003:032}\n" for number in range(1_000_000))
    program = (
        "import resource, sys; from pathlib import Path; from services.jobs import File;"
        "from services.jobs.local_job import LocalJob; from services.job_types.csv_profile import Table, csv_profile;"
        "limit = 256 << 20; resource.setrlimit(resource.RLIMIT_AS, (limit, limit));"
        "table = File.at(Path(sys.argv[1]), name='long.csv', media_type='text/csv');"
        "print([each.distinct for each in csv_profile(Table(table=table), LocalJob()).columns])"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[1000000, 1000000]", "")
