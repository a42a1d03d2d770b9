"""Rows of a suppression list's file: CSV as spreadsheets and providers write it, JSON as their APIs answer it.

Files are read as a stream, so a list of any length takes the same memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import ijson  # type: ignore[import-untyped]

from sesmail_cli.operator.command import UsageError

# Where the entries are in a provider's answer; without one of these, each value of the file is an entry (JSON Lines).
_LIST_KEY = re.compile(r'"(items|Suppressions|SuppressedDestinationSummaries)"\s*:\s*\[')
_NO_LETTERS = re.compile(r"[\W_]+")
_HEAD_CHARACTERS = 65_536
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
STANDARD_INPUT = "-"
_ARCHIVES = {
    b"\x1f\x8b": "compressed (gzip)",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf": "a workbook",
}
# Of UTF-16 without a byte-order mark: the first character is ASCII.
_UTF_16 = {(False, True): "utf-16-le", (True, False): "utf-16-be"}


@dataclass(frozen=True)
class Row:
    """One entry of a list; `values` by the column's name in lower case, letters and digits only."""

    line: int
    """The line of a CSV file that it starts on, or the entry's number in JSON, from 1."""
    values: Mapping[str, str]
    cells: Sequence[str]
    """As they are in the file."""


@dataclass(frozen=True)
class Listing:
    """A file's columns, as they are in the file, and its rows."""

    columns: Sequence[str]
    rows: Iterator[Row]
    names: Sequence[str]
    """As rows have them. Without a header: the positions from 1, and `email` for the first cell with an `@`."""


_EMPTY = Listing((), iter(()), ())


def column_name(text: str) -> str:
    """Return a column's name as rows have it: `Created At`, `created_at` and `CreatedAt` are one, in any script."""
    return _NO_LETTERS.sub("", text.casefold())


@contextmanager
def open_listing(path: Path, *, has_header: bool | None = None) -> Iterator[Listing]:
    """Open a CSV or JSON file. `has_header` None: the first row is one if no cell has an `@`. Raises UsageError."""
    try:
        with _binary(path) as binary:
            start = binary.read(4)
            binary.seek(0)
            if kind := next((kind for magic, kind in _ARCHIVES.items() if start.startswith(magic)), None):
                raise UsageError(f"{path} is {kind}: give the CSV or JSON file itself.")
            file = io.TextIOWrapper(binary, encoding=_encoding(start), errors="replace", newline="")
            head = file.read(_HEAD_CHARACTERS)
            file.seek(0)
            yield _json(file, head) if head.lstrip("\ufeff \t\r\n").startswith(("{", "[")) else _csv(file, has_header)
    except OSError as err:
        raise UsageError(f"{path} cannot be read: {err.strerror}") from err


@contextmanager
def _binary(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or standard input (`-`); what cannot be read twice, as a pipe, is copied first. Raises OSError."""
    with sys.stdin.buffer if str(path) == STANDARD_INPUT else path.open("rb") as given:
        if given.seekable():
            yield given
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(given, copy)
            copy.seek(0)
            yield copy


def create_private(path: Path) -> TextIO:
    """Create a file of addresses, which only its owner can read. Raises UsageError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, 0o600)  # One that exists keeps its mode otherwise.
    except OSError as err:
        raise UsageError(f"{path} cannot be written: {err.strerror}") from err
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


def _encoding(start: bytes) -> str:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    nulls = (start[:1] == b"\0", start[1:2] == b"\0")
    return _UTF_16.get(nulls, "utf-8-sig")


# --- CSV --------------------------------------------------------------------------------------------------------------


def _csv(file: TextIO, has_header: bool | None) -> Listing:
    first, skipped = file.readline(), 0
    while first and not first.strip():
        first, skipped = file.readline(), skipped + 1
    if match := _SEPARATOR_LINE.fullmatch(first):
        # Excel's own first line, which names the delimiter.
        delimiter, skipped = match[1], skipped + 1
        first = file.readline()
    else:
        bare = _QUOTED.sub("", first)
        delimiter = max(_DELIMITERS, key=bare.count)
    rows = _csv_rows(chain([first], file), delimiter, skipped)
    try:
        number, cells = next(rows)
    except StopIteration:
        return _EMPTY
    addresses = [position for position, cell in enumerate(cells) if "@" in cell]
    if has_header if has_header is not None else not addresses:
        names = [(column_name(column), position) for position, column in enumerate(cells)]
        return Listing(cells, _named(rows, names), [name for name, _ in names])
    names = [(str(position + 1), position) for position, _ in enumerate(cells)]
    names += [("email", position) for position in addresses[:1]]
    columns = [str(position) for position, _ in enumerate(cells, 1)]
    return Listing(columns, _named(chain([(number, cells)], rows), names), [name for name, _ in names])


def _csv_rows(lines: Iterable[str], delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line that it starts on."""
    current: list[str] = []
    reader = csv.reader(_kept(lines, current), delimiter=delimiter)
    while True:
        start = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as err:
            raise UsageError(f"Line {start} cannot be read ({err}): is a quotation mark left open there?") from err
        if len(current) > 1 and _is_left_open(current, delimiter):
            raise UsageError(f"Line {start}: a quotation mark is left open there, and takes in all rows after it.")
        current.clear()
        if any(cell.strip() for cell in cells):
            yield start, cells


def _kept(lines: Iterable[str], current: list[str]) -> Iterator[str]:
    """Yield the lines, and keep those of the row that is being read."""
    for line in lines:
        current.append(line)
        yield line


def _is_left_open(lines: Sequence[str], delimiter: str) -> bool:
    """Return True for a row of several lines that ends only because the file does."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as err:
        return "end of data" in str(err)
    return False


def _named(rows: Iterator[tuple[int, list[str]]], names: Sequence[tuple[str, int]]) -> Iterator[Row]:
    for line, cells in rows:
        yield Row(line, {name: cells[at].strip() for name, at in names if at < len(cells)}, cells)


# --- JSON -------------------------------------------------------------------------------------------------------------


class _Bytes:
    """The text as UTF-8 bytes, which the parser needs."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size).encode("utf-8", "replace")


def _json(file: TextIO, head: str) -> Listing:
    match = _LIST_KEY.search(head)
    start = head.lstrip("\ufeff \t\r\n")
    prefix = "item" if start.startswith("[") else f"{match[1]}.item" if match else ""
    rows = _json_rows(ijson.items(_Bytes(file), prefix, use_float=True, multiple_values=True))
    first = next(rows, None)
    if first is None:
        return _EMPTY
    return Listing(list(first.values), chain([first], rows), list(first.values))


def _json_rows(entries: Iterator[Any]) -> Iterator[Row]:
    number = 0
    while True:
        number += 1
        try:
            entry = next(entries)
        except StopIteration:
            return
        except (ijson.JSONError, UnicodeDecodeError) as err:
            raise UsageError(f"The file is no valid JSON at or after entry {number}.") from err
        # A list may also be of addresses alone.
        fields = {"email": entry} if isinstance(entry, str) else entry if isinstance(entry, dict) else {}
        values = {column_name(name): _text(value) for name, value in fields.items()}
        yield Row(number, values, list(values.values()))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return "" if value is None else str(value).strip()
