import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from services.jobs import File, RunningJob, file_field, job_type
from services.jobs.job_type import ATTRIBUTE, OPTION_NAMES, JobType, JobTypeError
from services.jobs.local_job import LocalJob


class Text(BaseModel):
    text: str


class Count(BaseModel):
    words: int


class Two(BaseModel):
    small: File = file_field(accepts=("text/plain",), max_bytes=10, description="a")
    large: File | None = file_field(accepts=("text/csv",), max_bytes=100, description="b", optional=True)


def count_words(inputs: Text) -> Count:
    """Count the words of a text.

    This line is for readers of the code.
    """
    return Count(words=len(inputs.text.split()))


def follow(inputs: Text, job: RunningJob) -> Count:
    """Count and tell."""
    job.progress(1.0)
    return Count(words=job.attempt)


def kind_of(function: Callable[..., BaseModel], **options: Any) -> JobType:
    kind = getattr(job_type(**{"example": {"text": "a b"}, **options})(function), ATTRIBUTE)
    assert isinstance(kind, JobType)
    return kind


def refusal_of(function: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(JobTypeError) as refusal:
        kind_of(function, **options)
    return str(refusal.value)


def test_the_function_comes_back_unchanged() -> None:
    assert job_type(example={"text": "a"})(count_words) is count_words
    assert count_words(Text(text="a b")) == Count(words=2)


def test_name_summary_and_models_come_from_the_function() -> None:
    kind = kind_of(count_words)
    assert (kind.name, kind.summary) == ("count-words", "Count the words of a text.")
    assert (kind.input_model, kind.result_model, kind.takes_job) == (Text, Count, False)


def test_a_name_of_ones_own_is_taken() -> None:
    assert kind_of(count_words, name="words-2").name == "words-2"


@pytest.mark.parametrize(
    "name", ["Words", "2words", "a b", "a_b", "a--b", "-a", "a-", "a/b", "wörter", "a" * 61, "a\n"]
)
def test_a_name_that_fits_no_url_is_refused(name: str) -> None:
    assert "lower-case words joined by dashes" in refusal_of(count_words, name=name)


def test_the_job_is_handed_only_to_a_function_that_asks_for_it() -> None:
    job = LocalJob()
    assert kind_of(count_words).run(Text(text="a b c"), job) == Count(words=3)
    assert job.fractions == []
    assert kind_of(follow).run(Text(text="a"), job) == Count(words=1)
    assert job.fractions == [1.0]


def test_a_function_of_no_or_of_many_parameters_is_refused() -> None:
    def nothing() -> Count:
        """Doc."""
        raise AssertionError

    def many(inputs: Text, job: RunningJob, more: int) -> Count:
        """Doc."""
        raise AssertionError

    assert "(inputs: Model, job: RunningJob)" in refusal_of(nothing)
    assert "(inputs: Model, job: RunningJob)" in refusal_of(many)


def test_an_input_without_a_model_is_refused() -> None:
    def bare(inputs) -> Count:  # type: ignore[no-untyped-def]
        """Doc."""

    def plain(inputs: dict[str, str]) -> Count:
        """Doc."""
        raise AssertionError

    assert "annotate `inputs` with a pydantic model" in refusal_of(bare)
    assert "annotate `inputs` with a pydantic model" in refusal_of(plain)


def test_a_result_without_a_model_is_refused() -> None:
    def bare(inputs: Text):  # type: ignore[no-untyped-def]
        """Doc."""

    def plain(inputs: Text) -> int:
        """Doc."""
        return 1

    assert "annotate what it returns" in refusal_of(bare)
    assert "annotate what it returns" in refusal_of(plain)


def test_a_second_parameter_that_is_no_running_job_is_refused() -> None:
    def other(inputs: Text, job: int) -> Count:
        """Doc."""
        raise AssertionError

    assert "annotate `job` with RunningJob" in refusal_of(other)


def test_a_function_without_docstring_is_refused() -> None:
    def silent(inputs: Text) -> Count:
        return Count(words=0)

    assert "write a docstring" in refusal_of(silent)


@pytest.mark.parametrize("option", ["timeout", "max_attempts", "memory_mb", "keep", "max_body"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "10", None])
def test_an_option_that_is_no_whole_number_above_zero_is_refused(option: str, value: object) -> None:
    assert f"{option}={value!r} must be a whole number above zero" in refusal_of(count_words, **{option: value})


def test_an_example_that_does_not_fit_is_refused() -> None:
    assert "the example does not fit the input" in refusal_of(count_words, example={"text": 5})


def test_an_example_file_that_is_missing_is_refused() -> None:
    said = refusal_of(count_words, example_files={"text": "there-is-none.txt"})
    assert "the example file for `text` is missing" in said


def test_an_example_file_for_what_is_no_file_is_refused() -> None:
    assert "which are no file fields" in refusal_of(count_words, example_files={"text": Path(__file__).name})


def test_example_files_are_found_beside_the_function_and_described_as_uploads() -> None:
    class Input(BaseModel):
        file: File = file_field(accepts=("text/x-python", "text/plain"), max_bytes=100_000, description="a")

    def read(inputs: Input) -> Count:
        """Doc."""
        return Count(words=inputs.file.size)

    read.__annotations__["inputs"] = Input
    kind = kind_of(read, example={}, example_files={"file": Path(__file__).name})
    assert kind.example_files == {"file": Path(__file__).resolve()}


@pytest.mark.filterwarnings("ignore:Field name .* shadows")
@pytest.mark.parametrize("field", sorted(OPTION_NAMES))
def test_a_field_named_like_an_option_is_refused(field: str) -> None:
    model = type("Input", (BaseModel,), {"__annotations__": {field: str}})

    def confuse(inputs: Text) -> Count:
        """Doc."""
        raise AssertionError

    confuse.__annotations__["inputs"] = model
    assert f"rename the fields ['{field}']" in refusal_of(confuse, example={field: "a"})


def test_an_alias_like_an_option_is_refused_too() -> None:
    function = _with_fields(urgency=Field(alias="priority"))
    assert "rename the fields ['priority']" in refusal_of(function, example={"priority": "a"})


def _with_fields(**fields: Any) -> Callable[..., BaseModel]:
    model = type("Input", (BaseModel,), {"__annotations__": dict.fromkeys(fields, str), **fields})

    def confuse(inputs: Text) -> Count:
        """Doc."""
        raise AssertionError

    confuse.__annotations__["inputs"] = model
    return confuse


def test_fields_that_could_be_taken_for_the_envelope_are_refused() -> None:
    for fields in ({"input": ...}, {"input": ..., "options": ...}, {"input": ..., "more": "by default"}):
        function = _with_fields(**{name: Field(default) for name, default in fields.items()})
        assert "can't be told from the envelope" in refusal_of(function, example=dict.fromkeys(fields, "a"))


def test_a_field_named_input_beside_one_that_has_to_be_there_is_no_envelope() -> None:
    function = _with_fields(input=Field(), more=Field())
    assert kind_of(function, example={"input": "a", "more": "b"}).example == {"input": "a", "more": "b"}


def test_the_body_limit_is_the_rest_and_every_file() -> None:
    def read(inputs: Two) -> Count:
        """Doc."""
        raise AssertionError

    kind = JobType(**{**vars(kind_of(count_words)), "function": read, "files": {}, "max_body": 1000})
    assert kind.body_limit == 1000
    from_files = job_type(example={"small": File.at(Path(__file__), name="a", media_type="text/plain")}, max_body=1000)
    kind = getattr(from_files(read), ATTRIBUTE)
    assert kind.body_limit == 1110
    assert (kind.largest_file, kind_of(count_words).largest_file) == (100, 0)


def test_retries_wait_twice_as_long_each_time_and_at_most_a_minute() -> None:
    kind = kind_of(count_words, backoff=1.5)
    assert [kind.retry_delay(attempt) for attempt in (1, 2, 3, 10)] == [1.5, 3.0, 6.0, 60.0]


def test_an_estimate_is_made_from_the_input_in_seconds() -> None:
    kind = kind_of(count_words, estimate=lambda inputs: len(inputs.text) / 8, timeout=10)
    assert [kind.expected_ms(Text(text="a" * length)) for length in (0, 4, 20, 8_000)] == [1, 500, 2_500, 10_000]


def test_without_an_estimate_nothing_is_expected() -> None:
    assert kind_of(count_words).expected_ms(Text(text="a")) == 0


@pytest.mark.parametrize("wrong", [lambda: 1.0, lambda inputs: inputs.words, lambda inputs: "soon", lambda _: math.nan])
def test_an_estimate_that_fails_for_the_example_is_refused(wrong: Callable[..., Any]) -> None:
    assert "estimate must take the input and give seconds" in refusal_of(count_words, estimate=wrong)


def test_an_estimate_that_fails_for_another_input_is_no_reason_to_refuse_it() -> None:
    kind = kind_of(count_words, estimate=lambda inputs: 1 / (len(inputs.text) - 1))
    assert [kind.expected_ms(Text(text=text)) for text in ("a b", "a", "")] == [500, 0, 1]
