"""The suppression list as CSV or JSON Lines, which `sesmail suppression import --from csv` reads back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

import msgspec

from sesmail_cli.operator.suppression_files import Listing, Row
from sesmail_layer.aws.suppression_table import read_suppression
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.plain_text import CONTROLS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COLUMNS = (
    "email",
    "suppressionType",
    "reason",
    "addedToSuppressionDate",
    "expiresAt",
    "source",
    "emailId",
    "sesMessageId",
    "bounceSubType",
    "diagnosticCode",
    "note",
)
# A spreadsheet runs a cell that begins like this: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


def all_entries(client: DynamoDBClient, table_name: str, now_text: str) -> Iterator[Suppression]:
    """Read all entries in force, page by page. Raises botocore's errors."""
    for page in client.get_paginator("scan").paginate(TableName=table_name):
        for item in page["Items"]:
            entry = read_suppression(item)
            if not entry.expired(now_text):
                yield entry


def write_entries(entries: Iterator[Suppression], file: TextIO, form: Format) -> int:
    """Write entries as they come, without control characters; return their number."""
    rows = csv.writer(file, lineterminator="\n")
    if form is Format.CSV:
        rows.writerow(COLUMNS)
    count = 0
    for count, entry in enumerate(entries, 1):  # noqa: B007 - the last number is the count
        values = {name: _plain(value) for name, value in msgspec.to_builtins(entry).items() if name in COLUMNS}
        if form is Format.CSV:
            rows.writerow([_guarded(values.get(name, "")) for name in COLUMNS])
        else:
            file.write(json.dumps(values) + "\n")
    return count


def is_export(listing: Listing) -> bool:
    """Return True for what `write_entries` wrote, and for other dumps of the table with the attributes' names."""
    return {"email", "suppressiontype", "addedtosuppressiondate"} <= set(listing.names)


def own_rows(listing: Listing) -> Listing:
    """Return a listing; if it is an export, without the marks that keep a spreadsheet from running cells."""
    is_csv = set(listing.columns) <= set(COLUMNS)  # Also in another order, or after someone deleted some.
    return replace(listing, rows=_unguarded_rows(listing.rows)) if is_csv else listing


def _unguarded_rows(rows: Iterator[Row]) -> Iterator[Row]:
    for row in rows:
        yield replace(row, values={name: _unguarded(cell) for name, cell in row.values.items()})


def _plain(value: object) -> str:
    return CONTROLS.sub(" ", str(value))


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
