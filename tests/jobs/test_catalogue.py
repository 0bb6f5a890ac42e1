from pathlib import Path

import pytest

from services.jobs.catalogue import Catalogue, discover
from services.jobs.job_type import JobTypeError

OWN = {"csv-profile", "image-thumbnails", "simulate", "text-report"}
SOURCE = '''
"""A job type for tests."""
from pydantic import BaseModel
from services.jobs import job_type

class In(BaseModel):
    text: str

class Out(BaseModel):
    length: int

@job_type(example={"text": "a"})
def FUNCTION(inputs: In) -> Out:
    """Measure a text."""
    return Out(length=len(inputs.text))
'''


def write(path: Path, function: str = "measure", more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SOURCE.replace("FUNCTION", function) + more)
    return path


def refusal_of(places: str) -> str:
    with pytest.raises(JobTypeError) as refusal:
        discover(places)
    return str(refusal.value)


def run(catalogue: Catalogue, name: str) -> dict[str, object]:
    kind = catalogue[name]
    return kind.function(kind.input_model(**kind.example)).model_dump()


def test_a_package_gives_the_job_types_of_all_its_modules() -> None:
    assert set(discover("services.job_types")) == OWN


def test_a_module_gives_its_own_job_types() -> None:
    assert list(discover("services.job_types.simulate")) == ["simulate"]


def test_a_file_and_a_folder_outside_become_job_types(tmp_path: Path) -> None:
    assert run(discover(str(write(tmp_path / "one.py"))), "measure") == {"length": 1}
    write(tmp_path / "two.py", "measure_too")
    assert list(discover(str(tmp_path))) == ["measure", "measure-too"]


def test_several_places_are_separated_by_commas(tmp_path: Path) -> None:
    found = discover(f" services.job_types , {write(tmp_path / 'one.py')}, ")
    assert set(found) == OWN | {"measure"}
    assert list(found) == sorted(found)


def test_naming_a_place_twice_is_no_mistake() -> None:
    assert set(discover("services.job_types,services.job_types.simulate")) == OWN


def test_files_of_the_same_name_in_folders_of_the_same_name_are_both_found(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a" / "mine" / "one.py"), write(tmp_path / "b" / "mine" / "one.py", "other")
    found = discover(f"{first},{second}")
    assert list(found) == ["measure", "other"]
    assert run(found, "measure") == run(found, "other") == {"length": 1}


def test_a_function_imported_from_elsewhere_counts_only_where_it_is_written(tmp_path: Path) -> None:
    file = write(tmp_path / "one.py", more="\nfrom services.job_types.simulate import simulate\n")
    assert list(discover(str(file))) == ["measure"]


def test_dashes_in_file_names_do_no_harm(tmp_path: Path) -> None:
    assert list(discover(str(write(tmp_path / "my-types" / "a-type.py")))) == ["measure"]


def test_two_job_types_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "one.py")
    write(tmp_path / "two.py")
    said = refusal_of(str(tmp_path))
    assert "two job types are named 'measure'" in said and "rename one" in said


def test_a_place_without_job_types_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    assert "holds no function marked with @job_type" in refusal_of(str(tmp_path / "empty.py"))
    assert "holds no function marked with @job_type" in refusal_of("")


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "there is no Python file" in refusal_of(str(tmp_path / "missing.py"))
    assert "there is no Python file" in refusal_of(str(tmp_path))
    assert "there is no Python file" in refusal_of(str(tmp_path / "missing"))
    assert "'no_such_package', which can't be imported" in refusal_of("no_such_package")


def test_a_file_that_can_not_be_imported_is_named_with_the_reason(tmp_path: Path) -> None:
    said = refusal_of(str(write(tmp_path / "one.py", more="\nimport no_such_library\n")))
    assert "one.py can't be imported" in said and "no_such_library" in said
    (tmp_path / "two.py").write_text("def (")
    assert "two.py can't be imported: SyntaxError" in refusal_of(str(tmp_path / "two.py"))


def test_a_job_type_that_is_written_wrongly_is_named_with_its_file(tmp_path: Path) -> None:
    file = write(tmp_path / "one.py", more='\n@job_type(example={})\ndef bad(inputs: In) -> Out:\n    """Doc."""\n')
    said = refusal_of(str(file))
    assert said.startswith("one.py: bad: the example does not fit the input")
