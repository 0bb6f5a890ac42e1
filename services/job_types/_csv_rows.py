"""The rows of a CSV file, however it is encoded and whatever separates its cells."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from services.jobs import JobError

MAX_ROW = 10_000_000
BLOCK = 1 << 20
SAMPLE = 1 << 16
ENCODING_NAMES = {"utf-8-sig": "utf-8", "utf-16": "utf-16", "cp1252": "windows-1252"}

Report = Callable[[float, int], None]


class Rows:
    """A header, and the rows below it, each cut or filled with empty cells to the header's length.

    `report` is told now and then how much of the file is read (0.0 to 1.0), and how many rows.
    """

    def __init__(self, file: TextIO, size: int, report: Report) -> None:
        self._file, self._size, self._report = file, size, report
        self._told, self._length = 0.0, 0
        self.count = self.ragged = 0
        self.delimiter = _delimiter(file.read(SAMPLE))
        file.seek(0)
        self._reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        self.header = next(self._cells(), [])
        if not self.header:
            raise JobError("the file is empty: send a table whose first line names its columns")

    def __iter__(self) -> Iterator[list[str]]:
        width = len(self.header)
        for row in self._cells():
            self.count += 1
            if len(row) != width:
                self.ragged += 1
                row = (row + [""] * width)[:width]
            yield row

    def _cells(self) -> Iterator[list[str]]:
        try:
            for row in self._reader:
                self._length = 0
                if row:
                    yield row
        except csv.Error as error:
            line = self._reader.line_num
            raise JobError(
                f"the table can't be read at line {line} ({error}): look there and above for a stray quote"
            ) from None

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(iter(partial(self._file.readline, MAX_ROW), ""), start=1):
            self._length += len(line)
            if self._length >= MAX_ROW:
                raise JobError(f"the row at line {number} is longer than {MAX_ROW:,} characters: is it CSV?")
            if number % 1000 == 0:
                self._tell()
            yield line

    def _tell(self) -> None:
        part = self._file.buffer.tell() / self._size
        if part >= self._told + 0.05:
            self._told = part
            self._report(part, self.count)


@contextmanager
def open_rows(path: Path, encoding: str, report: Report) -> Iterator[Rows]:
    """The rows of the file at `path`; bytes that its encoding does not know become U+FFFD."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        yield Rows(file, path.stat().st_size, report)


def find_encoding(path: Path) -> str:
    """Python's name for the encoding: UTF-16 if so marked, UTF-8 if the bytes are, else Windows-1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, size = "utf-8-sig", path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        for block in iter(partial(file.read, BLOCK), b""):
            if b"\0" in block:
                raise JobError("the file holds NUL bytes, so it is not CSV text. Save it as CSV in UTF-8 and try again")
            if encoding == "utf-8-sig" and not _decodes(decoder, block, final=file.tell() == size):
                encoding = "cp1252"
    return encoding


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    """The separator that cuts most rows of the sample into as many cells as its first row has."""
    best, best_score = ",", (0.0, 1)
    for delimiter in ",;\t|":
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        if widths and widths[0] > 1:
            score = (widths.count(widths[0]) / len(widths), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best
