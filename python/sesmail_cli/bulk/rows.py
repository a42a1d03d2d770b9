"""Rows of a file of recipients: CSV as spreadsheets write it, or JSON Lines. Read as a stream."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_files import Listing, column_name, open_listing

_HEAD_BYTES = 4096
# What decoding leaves in place of bytes that are no UTF-8.
_REPLACED = "\ufffd"


@dataclass(frozen=True)
class Row:
    """One row; `values` by the column's name as `column_name` writes it, without empty ones."""

    line: int
    values: Mapping[str, Any]
    fault: str = ""
    """Why the row cannot be read; empty: it can."""


@dataclass(frozen=True)
class RowFile:
    """A file's rows. `columns` is None for JSON Lines, where each row names its own."""

    columns: Sequence[str] | None
    rows: Iterator[Row]


@contextmanager
def open_rows(path: Path) -> Iterator[RowFile]:
    """Open a file with a header row, or with one JSON object a line. Raises UsageError."""
    # It is opened twice: a pipe would lose its first rows.
    if not path.is_file():
        raise UsageError(f"{path} is no regular file: write what a pipe has to a file, and give that.")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        start = head.decode("utf-16" if wide else "utf-8-sig", errors="ignore").lstrip()
        if start.startswith("["):
            raise UsageError(f"{path} is a JSON array: give one object a line (jq -c '.[]' {path} > rows.jsonl).")
        if start.startswith("{"):
            with path.open(encoding="utf-16" if wide else "utf-8-sig", errors="replace") as text:
                yield RowFile(None, _json_rows(text))
            return
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    with open_listing(path, has_header=True) as listing:
        if not listing.columns:
            raise UsageError(f"{path} is empty: give a header row with the columns' names, then one row a recipient.")
        _reject_equal_columns(listing)
        yield RowFile(listing.columns, _csv_rows(listing))


def _reject_equal_columns(listing: Listing) -> None:
    names = [name for name in listing.names if name]
    for name in names:
        if names.count(name) > 1:
            equal = [column for column in listing.columns if column_name(column) == name]
            raise UsageError(f"The columns {equal} have one name, but for its writing: rename or remove one.")


def _csv_rows(listing: Listing) -> Iterator[Row]:
    count = len(listing.columns)
    for row in listing.rows:
        fault = ""
        if len(row.cells) != count:
            fault = f"found {len(row.cells)} cells; allowed: {count}, as the header has (quote a cell with a comma)"
        elif any(_REPLACED in cell for cell in row.cells):
            fault = "found bytes that are no UTF-8; allowed: UTF-8 (save the file as 'CSV UTF-8')"
        yield Row(row.line, {name: value for name, value in row.values.items() if value}, fault)


def _json_rows(file: TextIO) -> Iterator[Row]:
    for line, text in enumerate(file, 1):
        if text.strip():
            yield _json_row(line, text)


def _json_row(line: int, text: str) -> Row:
    if _REPLACED in text:
        return Row(line, {}, "found bytes that are no UTF-8; allowed: UTF-8")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Row(line, {}, "found no JSON; allowed: one JSON object a line")
    if not isinstance(found, dict):
        return Row(line, {}, "found JSON that is no object; allowed: one JSON object a line")
    values = {column_name(name): value for name, value in found.items()}
    if len(values) < len(found):
        return Row(line, {}, "found two names that differ in their writing only; allowed: each once")
    return Row(line, {name: value for name, value in values.items() if value not in (None, "")})
