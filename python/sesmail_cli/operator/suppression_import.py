"""Import a suppression list: read and merge the whole file first, then write what is new or stronger.

Nothing is written before the file has been read to its end. An interrupted import is repeated as a whole: it finds what
it wrote, and ends with the same table. The rule for an address that is listed already is the engine's (ADR 0012).
"""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sesmail_cli.operator.suppression_files import Listing, Row, create_private
from sesmail_cli.operator.suppression_sources import Options, RowError, Skipped, read_entry
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.plain_text import printable
from sesmail_layer.domain.request.addresses import masked

_BATCH = 100
"""Addresses that are read at once: BatchGetItem's limit."""
_WRITERS = 10
"""Conditional writes at the same time, as many as botocore keeps connections for. BatchWriteItem has no conditions."""
_PROGRESS_ROWS = 10_000
_SHOWN_ROWS = 100


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    line: int
    address: str
    """Masked."""
    problem: str


class ImportResult(msgspec.Struct, kw_only=True, rename="camel"):
    """Counts of one import: `read` is the sum of all others."""

    read: int = 0
    added: int = 0
    updated: int = 0
    """The address was listed, and has now the stronger reason, the earlier date or the longer time."""
    already_there: int = 0
    duplicates: int = 0
    skipped: dict[str, int] = {}
    refused: int = 0
    refused_rows: list[RefusedRow] = []
    """The first 100."""
    unreadable_dates: int = 0
    """Rows that count from the time of the import."""


class Table(Protocol):
    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]: ...

    def add(self, suppression: Suppression) -> None: ...


def import_listing(
    listing: Listing,
    options: Options,
    table: Table,
    *,
    dry_run: bool,
    rejected: Path | None,
    progress: Callable[[str], None],
) -> ImportResult:
    """Import all rows. Raises UsageError for a file that cannot be read to its end, TransientError."""
    result = ImportResult()
    with closing(_Staged()) as staged, _rejected_file(rejected, listing.columns) as reject:
        _stage(listing.rows, options, staged, result, reject, progress)
        _write(staged, table, result, dry_run=dry_run, progress=progress)
    return result


# --- read -------------------------------------------------------------------------------------------------------------


class _Staged:
    """The file's entries by address, merged, in a temporary file that SQLite deletes.

    https://www.sqlite.org/inmemorydb.html#temp_db
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("BEGIN")
        self._database.execute("CREATE TABLE staged (email TEXT PRIMARY KEY, entry BLOB)")

    def add(self, entry: Suppression) -> bool:
        """Add an entry; False: its address was there, and they are merged."""
        found = self._database.execute("SELECT entry FROM staged WHERE email = ?", (entry.email,)).fetchone()
        merged = entry if found is None else _decode(found[0]).joined(entry)
        self._database.execute("INSERT OR REPLACE INTO staged VALUES (?, ?)", (entry.email, _encode(merged)))
        return found is None

    def batches(self) -> Iterator[list[Suppression]]:
        rows = self._database.execute("SELECT entry FROM staged ORDER BY rowid")
        while batch := [_decode(entry) for (entry,) in islice(rows, _BATCH)]:
            yield batch

    def close(self) -> None:
        self._database.close()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Suppression).decode


def _stage(
    rows: Iterable[Row],
    options: Options,
    staged: _Staged,
    result: ImportResult,
    reject: Callable[[Row, str], None],
    progress: Callable[[str], None],
) -> None:
    skipped: Counter[str] = Counter()
    for row in rows:
        result.read += 1
        try:
            entry, has_unreadable_date = read_entry(row, options)
        except RowError as err:
            _refuse(row, str(err), result)
            reject(row, str(err))
            continue
        if isinstance(entry, Skipped):
            skipped[entry.value] += 1
            continue
        result.unreadable_dates += has_unreadable_date
        result.duplicates += not staged.add(entry)
        if result.read % _PROGRESS_ROWS == 0:
            progress(f"Read {result.read:,} rows.")
    result.skipped = dict(skipped)


def _refuse(row: Row, problem: str, result: ImportResult) -> None:
    result.refused += 1
    if len(result.refused_rows) < _SHOWN_ROWS:
        address = next((cell for cell in row.cells if "@" in cell), "")
        result.refused_rows.append(RefusedRow(line=row.line, address=masked(address), problem=printable(problem)))


@contextmanager
def _rejected_file(path: Path | None, columns: Sequence[str]) -> Iterator[Callable[[Row, str], None]]:
    """Yield what writes a refused row, as it is, with its line and problem, readable by its owner only."""
    if path is None:
        yield lambda _row, _problem: None
        return
    with create_private(path) as file:
        rows: Any = csv.writer(file)
        rows.writerow(["line", "problem", *columns])
        yield lambda row, problem: rows.writerow([row.line, problem, *row.cells])


# --- write ------------------------------------------------------------------------------------------------------------


def _write(
    staged: _Staged, table: Table, result: ImportResult, *, dry_run: bool, progress: Callable[[str], None]
) -> None:
    done = 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        for batch in staged.batches():
            changed = _compare(batch, table.get_many([entry.email for entry in batch]), result)
            if not dry_run:
                # Consumed for its errors.
                list(writers.map(table.add, changed))
            done += len(batch)
            if done % _PROGRESS_ROWS == 0:
                progress(f"Compared {done:,} addresses." if dry_run else f"Wrote {done:,} addresses.")


def _compare(
    batch: Sequence[Suppression], existing: Mapping[str, Suppression], result: ImportResult
) -> list[Suppression]:
    """Count what is new, stronger, or listed as it is; return the entries to write."""
    changed = []
    for entry in batch:
        found = existing.get(entry.email)
        if found is not None and found.joined(entry) == found:
            result.already_there += 1
            continue
        changed.append(entry)
        if found is None:
            result.added += 1
        else:
            result.updated += 1
    return changed
