from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from services.jobs.files import STORED, File, FileRule, file_field, file_rules

DESCRIPTION = {"name": "a.txt", "media_type": "text/plain", "size": 3, "key": "jobs/x/input/0"}


class Model(BaseModel):
    file: File = file_field(accepts=("text/plain",), max_bytes=10, description="a")
    other: File | None = file_field(accepts=("text/csv", "a/b"), max_bytes=20, description="b", optional=True)
    text: str = ""


@pytest.mark.parametrize("value", [DESCRIPTION, "a text", 5, [DESCRIPTION], b"bytes", {}])
def test_a_client_can_not_describe_a_file_instead_of_sending_it(value: object) -> None:
    with pytest.raises(ValidationError, match="send this field as a file"):
        Model.model_validate({"file": value})


def test_a_worker_takes_the_description_that_was_stored() -> None:
    file = Model.model_validate({"file": DESCRIPTION}, context=STORED).file
    assert file.model_dump() == DESCRIPTION


def test_an_upload_goes_into_the_store_and_comes_back() -> None:
    sent = Model.model_validate({"file": File.model_construct(**DESCRIPTION)})
    assert Model.model_validate_json(sent.model_dump_json(), context=STORED) == sent


def test_a_file_can_be_read_only_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    file = File.at(path, name="a.txt", media_type="text/plain")
    assert (file.size, file.path) == (3, path)
    with file.open() as opened:
        assert opened.read() == b"abc"
    with pytest.raises(RuntimeError, match="only while its job runs"):
        _ = File.model_construct(**DESCRIPTION).path


def test_where_a_file_lies_is_never_written_down(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    file = File.at(tmp_path / "x", name="a.txt", media_type="text/plain")
    assert str(tmp_path) not in file.model_dump_json()


def test_the_rules_of_a_model_are_those_of_its_file_fields() -> None:
    assert file_rules(Model) == {"file": FileRule(("text/plain",), 10), "other": FileRule(("text/csv", "a/b"), 20)}


def test_the_schema_says_what_a_file_field_takes() -> None:
    shown = Model.model_json_schema()["properties"]["file"]
    assert (shown["x-accepts"], shown["x-max-bytes"]) == (["text/plain"], 10)


def test_a_file_field_without_rules_is_refused_in_a_sentence() -> None:
    class Bare(BaseModel):
        file: File

    with pytest.raises(TypeError, match="declare the file field `file` with file_field"):
        file_rules(Bare)


def test_an_example_is_of_its_own_type_where_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b")
    assert FileRule(("text/plain", "text/csv"), 10).example(path).media_type == "text/csv"
    assert FileRule(("text/plain",), 10).example(path).media_type == "text/plain"
