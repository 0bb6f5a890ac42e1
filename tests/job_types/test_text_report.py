"""text-report: counts, readability and common words, from text and from files of many kinds."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.job_types.text_report import Text, TextReport, WordCount, text_report
from services.jobs import File, JobError

EXAMPLE = Path(__file__).parents[2] / "examples" / "text.txt"


def report(text: str) -> TextReport:
    return text_report(Text(text=text))


def report_on_bytes(data: bytes, tmp_path: Path) -> TextReport:
    path = tmp_path / "document.txt"
    path.write_bytes(data)
    return text_report(Text(document=File.at(path, name="document.txt", media_type="text/plain")))


def test_words_and_sentences_are_counted() -> None:
    found = report("It's late. The train, the last one, has left! Who knew?")
    assert (found.words, found.unique_words, found.sentences) == (11, 10, 3)


def test_common_words_are_listed_the_most_frequent_first_and_then_by_name() -> None:
    found = text_report(Text(text="b a b c a b d", top=3))
    assert found.common_words == [
        WordCount(word="b", count=3),
        WordCount(word="a", count=2),
        WordCount(word="c", count=1),
    ]


def test_case_and_the_shape_of_the_apostrophe_do_not_make_another_word() -> None:
    assert report("Don't DON\N{RIGHT SINGLE QUOTATION MARK}T don't").unique_words == 1


def test_dashes_and_slashes_part_words_but_hyphens_do_not() -> None:
    assert report("well-known and/or new\N{EM DASH}old").words == 5


def test_abbreviations_before_a_small_letter_end_no_sentence() -> None:
    assert report("Bring fruit, e.g. apples. Then go.").sentences == 2


def test_reading_time_is_at_238_words_a_minute() -> None:
    assert report("word " * 238).reading_seconds == 60


def test_reading_ease_is_flesch_s_formula() -> None:
    # Six words of one syllable in one sentence: 206.835 - 1.015 * 6 - 84.6
    found = report("The cat sat on the mat.")
    assert found.reading_ease == 116.1
    assert found.difficulty == "very easy"


def test_long_words_and_sentences_are_harder_to_read() -> None:
    hard = report(
        "Notwithstanding considerable institutional opposition, administrative reorganisation "
        "necessitated comprehensive interdepartmental negotiations."
    )
    assert hard.reading_ease is not None and hard.reading_ease < 0
    assert hard.difficulty == "very difficult"


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("cat", 1), ("table", 2), ("make", 1), ("walked", 1), ("wanted", 2), ("radio", 3), ("being", 2), ("rhythm", 1)],
)
def test_syllables_of_common_words_are_as_spoken(word: str, syllables: int) -> None:
    expected = round(206.835 - 1.015 - 84.6 * syllables, 1)
    assert report(word).reading_ease == expected


def test_a_text_in_another_script_has_words_but_no_reading_ease() -> None:
    found = report("Всё хорошо. Мы идём домой.")
    assert (found.words, found.sentences, found.reading_ease, found.difficulty) == (5, 2, None, None)


@pytest.mark.parametrize("text", [" ", "\n\n\t", "... --- !!!", "\N{ZERO WIDTH SPACE}"])
def test_a_text_without_words_counts_none(text: str) -> None:
    found = report(text)
    assert (found.words, found.sentences, found.reading_ease, found.common_words) == (0, 0, None, [])


def test_an_endless_word_is_cut_where_it_is_shown() -> None:
    (word,) = report("x" * 5000).common_words
    assert len(word.word) == 60 and word.word.endswith("…")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_documents_are_read_as_utf_8_or_as_marked_utf_16(encoding: str, tmp_path: Path) -> None:
    found = report_on_bytes("Süße Grüße. 😀 Ende".encode(encoding), tmp_path)
    assert found.common_words[-1].word == "süße"
    assert (found.words, found.characters) == (3, 18)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the document is empty"),
        ("Grüße".encode("latin-1"), "not UTF-8 text: it goes wrong at byte 3"),
        (b"\xff\xfea\x00\x00\xd8", "not UTF-16 text"),
        ("plain".encode("utf-16-le"), "NUL characters"),
        ("plain".encode("utf-32"), "NUL characters"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8 text"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "NUL characters"),
    ],
)
def test_a_document_that_is_not_text_ends_as_a_job_error(data: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=sentence):
        report_on_bytes(data, tmp_path)


def test_the_example_document_is_easy_to_read() -> None:
    document = File.at(EXAMPLE, name=EXAMPLE.name, media_type="text/plain")
    found = text_report(Text(document=document))
    assert (found.words, found.difficulty) == (387, "easy")


def test_neither_text_nor_document_is_refused_with_what_to_send() -> None:
    with pytest.raises(ValidationError, match="send `text`, or a file as `document`"):
        Text()


def test_text_and_document_together_are_refused() -> None:
    with pytest.raises(ValidationError, match="not both"):
        Text(text="a", document=File.at(EXAMPLE, name="a.txt", media_type="text/plain"))


@pytest.mark.parametrize("wrong", [{"text": ""}, {"text": "x" * 200_001}, {"text": "\ud800"}, {"text": "a", "top": 0}])
def test_input_outside_its_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Text.model_validate(wrong)


@pytest.mark.parametrize("unit", ['."', ". ", "\n ", "ia", "a ", "aed", ".\t", "…)", "a."])
def test_five_megabytes_of_one_pattern_are_reported_on(unit: str, tmp_path: Path) -> None:
    size = 5_000_000 // len(unit.encode())
    assert report_on_bytes(unit.encode() * size, tmp_path).characters == len(unit) * size
