"""Figures about a text: how long it is, how hard it is to read, and its most common words."""

import codecs
import re
import string
from collections import Counter
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.jobs import File, JobError, file_field, job_type

WORDS_PER_MINUTE = 238
"""Silent reading of English non-fiction: Brysbaert 2019, https://doi.org/10.1016/j.jml.2019.104047."""

SHOWN_LETTERS = 60
_SPACED = str.maketrans({"—": " ", "–": " ", "…": " ", "/": " ", "’": "'"})  # noqa: RUF001
_EDGES = string.punctuation + "“”‘„«»‹›¿¡。、，！？「」"  # noqa: RUF001
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+(?=[^a-z\s])|[。！？]|\n\s*\n")  # noqa: RUF001
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^aeiouytd]ed|[^aeioulsxzcgh]es|[^aeiouyl]e|[aeiouyrlw]le)$")
_TWO_VOWELS = re.compile(r"i[ao](?!n|us|l$)|[aeiouy]ing$|ism$|[^gq]ua(?!r)")

Difficulty = Literal["very easy", "easy", "fairly easy", "standard", "fairly difficult", "difficult", "very difficult"]
_BANDS: tuple[tuple[float, Difficulty], ...] = (
    (90, "very easy"),
    (80, "easy"),
    (70, "fairly easy"),
    (60, "standard"),
    (50, "fairly difficult"),
    (30, "difficult"),
)


class Text(BaseModel):
    """A text to report on: given as a string or sent as a file."""

    text: str | None = Field(
        default=None, min_length=1, max_length=200_000, description="The text; send a longer one as `document`"
    )
    document: File | None = file_field(
        accepts=("text/plain", "text/markdown"),
        max_bytes=5_000_000,
        description="The text as a file in UTF-8, or in UTF-16 with a byte order mark; at most 5 MB",
        optional=True,
    )
    top: int = Field(default=10, ge=1, le=100, description="How many of the most common words to list")

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if self.text is None and self.document is None:
            raise ValueError("there is nothing to report on: send `text`, or a file as `document`")
        if self.text is not None and self.document is not None:
            raise ValueError("send either `text` or `document`, not both")
        return self


class WordCount(BaseModel):
    """One word and how often it occurs."""

    word: str = Field(description="The word in lower case, cut after 60 letters")
    count: int = Field(description="How often it occurs")


class TextReport(BaseModel):
    """Figures about a text."""

    characters: int = Field(description="Characters (Unicode code points), blanks included")
    words: int = Field(description="Words: what stands between blanks, dashes or slashes and holds a letter or digit")
    unique_words: int = Field(description="Different words, whatever their case")
    sentences: int = Field(description="Sentences; headings and paragraphs end one too")
    reading_seconds: int = Field(description="Time to read it in silence at 238 words a minute, in seconds")
    reading_ease: float | None = Field(
        description="Flesch reading ease, about 0 (hard) to 100 (easy); null if most words are not in Latin letters"
    )
    difficulty: Difficulty | None = Field(description="Flesch's name for that reading ease; null without one")
    common_words: list[WordCount] = Field(description="The most common words, the most frequent first")


@job_type(
    example={
        "text": "Hand your coat over the counter and take a ticket. Nobody waits while it is hung up. "
        "When the evening ends, the ticket brings the coat back.",
        "top": 5,
    },
    timeout=60,
    max_attempts=2,
    memory_mb=512,
    max_body=2_500_000,  # 200,000 characters, each escaped in JSON with up to twelve
)
def text_report(inputs: Text) -> TextReport:
    """Report on a text: words, sentences, reading time, readability and its most common words.

    Reading ease is for English: R. Flesch, "A new readability yardstick", Journal of Applied
    Psychology 32 (1948), 206.835 - 1.015 words per sentence - 84.6 syllables per word. Syllables
    are estimated from the spelling.
    """
    text = inputs.text if inputs.document is None else _read(inputs.document)
    counts = Counter(_words(text or ""))
    words = counts.total()
    sentences = sum(1 for part in _SENTENCE_END.split(text or "") if any(map(str.isalnum, part)))
    ease = _reading_ease(counts, sentences)
    common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[: inputs.top]
    return TextReport(
        characters=len(text or ""),
        words=words,
        unique_words=len(counts),
        sentences=sentences,
        reading_seconds=round(words / WORDS_PER_MINUTE * 60),
        reading_ease=ease,
        difficulty=None if ease is None else _difficulty(ease),
        common_words=[WordCount(word=_shown(word), count=count) for word, count in common],
    )


def _read(document: File) -> str:
    data = document.path.read_bytes()
    if not data:
        raise JobError("the document is empty: send a file that holds text")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    name, encoding = ("UTF-16", "utf-16") if wide else ("UTF-8", "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise JobError(
            f"the document is not {name} text: it goes wrong at byte {error.start + 1}. Save it as UTF-8 and try again"
        ) from None
    if "\0" in text:
        raise JobError(
            "the document holds NUL characters, so it is not plain text. Save it as UTF-8 text and try again"
        )
    return text


def _words(text: str) -> list[str]:
    tokens = (token.strip(_EDGES) for token in text.lower().translate(_SPACED).split())
    return [token for token in tokens if any(map(str.isalnum, token))]


def _reading_ease(counts: Counter[str], sentences: int) -> float | None:
    words = counts.total()
    latin = sum(count for word, count in counts.items() if _VOWELS.search(word) or word.isascii())
    if not words or latin * 2 < words:
        return None
    syllables = sum(_syllables(word) * count for word, count in counts.items())
    return round(206.835 - 1.015 * words / sentences - 84.6 * syllables / words, 1)


def _syllables(word: str) -> int:
    """Groups of vowels, less a silent ending, more where two vowels are spoken apart."""
    groups = len(_VOWELS.findall(word)) + len(_TWO_VOWELS.findall(word))
    return max(1, groups - bool(_SILENT_END.search(word)))


def _difficulty(ease: float) -> Difficulty:
    return next((name for least, name in _BANDS if ease >= least), "very difficult")


def _shown(word: str) -> str:
    return word if len(word) <= SHOWN_LETTERS else word[: SHOWN_LETTERS - 1] + "…"
