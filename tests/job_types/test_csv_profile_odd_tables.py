"""csv-profile: odd and hostile tables end in a right result or in a sentence."""

from collections.abc import Callable

import pytest

from services.job_types.csv_profile import Column, TableProfile
from services.jobs import JobError
from services.jobs.local_job import LocalJob

Profile = Callable[..., TableProfile]
OneColumn = Callable[[list[str]], Column]


def test_rows_longer_and_shorter_than_the_header_are_cut_filled_and_counted(profile: Profile) -> None:
    found = profile("a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert (found.rows, found.ragged_rows) == (4, 2)
    assert [(each.nulls, each.max) for each in found.columns] == [(0, 7), (1, 8)]


@pytest.mark.parametrize("nothing", ["", "\n\n\r\n", "\ufeff"])
def test_an_empty_table_ends_as_a_job_error(nothing: str, profile: Profile) -> None:
    with pytest.raises(JobError, match="the file is empty"):
        profile(nothing)


@pytest.mark.parametrize("header", ["a,b", "a,b\n", "\ufeffa,b\r\n\r\n"])
def test_a_header_alone_is_a_table_without_rows(header: str, profile: Profile) -> None:
    found = profile(header)
    assert (found.rows, [each.name for each in found.columns]) == (0, ["a", "b"])
    assert all((each.type, each.nulls, each.distinct, each.common) == ("empty", 0, 0, []) for each in found.columns)


def test_columns_of_the_same_name_are_told_apart_by_position(profile: Profile) -> None:
    job = LocalJob()
    found = profile("x,x,\n1,2,3\n", job)
    assert [(each.position, each.name, each.max) for each in found.columns] == [(1, "x", 1), (2, "x", 2), (3, "", 3)]
    assert len(job.files) == 3


def test_names_that_sql_would_read_as_code_are_only_names(profile: Profile) -> None:
    name = "x\"); DROP TABLE cells; --'"
    found = profile(f'"{name.replace(chr(34), chr(34) * 2)}",select\n1,2\n')
    assert [each.name for each in found.columns] == [name, "select"]


@pytest.mark.parametrize(("delimiter", "other"), [(",", ";"), (";", ","), ("\t", ","), ("|", ";")])
def test_the_delimiter_is_found(delimiter: str, other: str, profile: Profile) -> None:
    rows = ["name#size#note", f"x#1#yes{other} no", f"y#2#a{other}b{other}c", '"p#q"#3#z']
    found = profile("\n".join(rows).replace("#", delimiter))
    assert (found.delimiter, found.rows, found.ragged_rows, len(found.columns)) == (delimiter, 3, 0, 3)
    assert found.columns[1].max == 3


def test_decimal_commas_are_numbers_where_semicolons_separate(profile: Profile) -> None:
    found = profile("a;b\n3,14;x\n-2,5;y\n1.0;z\n")
    assert (found.columns[0].type, found.columns[0].min, found.columns[0].max) == ("number", -2.5, 3.14)
    assert (found.columns[0].p25, found.columns[0].p50, found.columns[0].p75) == (-0.75, 1.0, 2.07)


def test_line_breaks_commas_and_quotes_within_quotes_belong_to_the_cell(profile: Profile) -> None:
    found = profile('a,b\r\n"one\r\ntwo","say ""hi"", then go"\r\n')
    assert found.rows == 1
    assert [each.min for each in found.columns] == ["one\r\ntwo", 'say "hi", then go']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_taken(end: str, profile: Profile) -> None:
    assert profile(f"a,b{end}1,2{end}3,4{end}").rows == 2


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("latin-1", "windows-1252"),
        ("cp1252", "windows-1252"),
    ],
)
def test_text_in_each_usual_encoding_is_read(encoding: str, told: str, profile: Profile) -> None:
    found = profile("größe,ort\n1,Köln\n2,Málaga\n".encode(encoding))
    assert (found.encoding, found.columns[0].name, found.columns[1].max) == (told, "größe", "Málaga")


def test_a_character_cut_at_the_end_of_a_block_is_still_utf_8(profile: Profile) -> None:
    text = "a\n" + "ä" * 30 + "\n" + "12345678\n" * 150_000
    for shift in ("", "x"):
        assert profile(shift + "name\n" + "é\n" * 600_000 + text).encoding == "utf-8"
    assert profile("name\né".encode()[:-1]).encoding == "windows-1252"


def test_bytes_that_no_encoding_knows_are_shown_as_replaced(profile: Profile) -> None:
    assert profile(b"a\n\x81\xff\n").columns[0].max == "\N{REPLACEMENT CHARACTER}ÿ"
    lone_surrogate = "a\nx".encode("utf-16") + b"\x00\xd8" + "y\n".encode("utf-16-le")
    assert "\N{REPLACEMENT CHARACTER}" in str(profile(lone_surrogate).columns[0].max)


@pytest.mark.parametrize("data", [b"a,b\n1,\0\n", b"\0" * 50, "a,b\n1,2\n".encode("utf-16-le"), b"a\n" * 10**6 + b"\0"])
def test_nul_bytes_end_as_a_job_error(data: bytes, profile: Profile) -> None:
    with pytest.raises(JobError, match="holds NUL bytes"):
        profile(data)


@pytest.mark.parametrize("text", ['a,b\n1,"open\n2,3\n', 'a,b\n"x"y,2\n', 'a\n"' + "x" * 200_000])
def test_a_stray_quote_ends_as_a_job_error_that_names_the_line(text: str, profile: Profile) -> None:
    with pytest.raises(JobError, match=r"at line \d"):
        profile(text)


def test_a_line_without_end_is_not_read_into_memory(profile: Profile) -> None:
    with pytest.raises(JobError, match="longer than 10,000,000 characters"):
        profile(b"x" * 12_000_000)


def test_a_row_of_many_lines_without_end_is_not_read_into_memory(profile: Profile) -> None:
    cell = '"' + ("x" * 98 + "\n") * 1000 + '"'
    with pytest.raises(JobError, match="longer than 10,000,000 characters"):
        profile("a\n" + ",".join([cell] * 120))


def test_ten_thousand_columns_end_as_a_job_error(profile: Profile) -> None:
    with pytest.raises(JobError, match="has 10000 columns: at most 1000"):
        profile(",".join(f"c{i}" for i in range(10_000)) + "\n")


def test_a_thousand_columns_are_profiled(profile: Profile) -> None:
    found = profile(",".join(f"c{i}" for i in range(1000)) + "\n" + ",".join(["x"] * 1000) + "\n")
    assert [each.position for each in found.columns] == list(range(1, 1001))


def test_long_names_and_values_are_cut_where_they_are_shown(profile: Profile) -> None:
    (found,) = profile("n" * 500 + "\n" + "\N{GRINNING FACE}" * 5000 + "\n").columns
    shown = [found.name, str(found.min), str(found.max), found.common[0].value]
    assert {len(text) for text in shown} == {100} and {text[-1] for text in shown} == {"…"}


def test_values_alike_in_their_first_hundred_characters_stay_distinct(column: OneColumn) -> None:
    assert column(["x" * 200 + str(i) for i in range(7)]).distinct == 7
