"""`sesmail send-bulk` takes the same memory for a file of any length."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sesmail_cli.bulk.checking import check_rows
from sesmail_cli.bulk.columns import match_columns
from sesmail_cli.bulk.mailing import Mailing
from sesmail_cli.bulk.outcome import outcomes
from sesmail_cli.bulk.rows import open_rows
from sesmail_cli.bulk.sending import Pace, mark_known, send_stored
from sesmail_cli.bulk.store import EmailStore
from sesmail_client import SESMailClient
from sesmail_layer.domain.template.templates import TemplateMetadata
from tests.cli.bulk import CountingBus

FEW, MANY = 500, 4_000


def nothing(_keys: Collection[str]) -> Mapping[str, Any]:
    return {}


def write(path: Path, count: int) -> Path:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "userName", "bio"])
        rows.writerows([f"reader{number}@example.com", f"Reader {number}", "x" * 500] for number in range(count))
    return path


def mail_all(file: Path) -> int:
    """Check, send and report as the command does, without AWS; return the number of events."""
    bus: Any = CountingBus()
    metadata = TemplateMetadata(required_variables=["userName"], optional_variables=["bio"])
    mailing = Mailing(template="news", tag="spring")
    with EmailStore() as store, open_rows(file) as found:
        columns = match_columns(found.columns, metadata, {}, key=None, filled=())
        check_rows(found.rows, columns, mailing, store, nothing, now=0)
        mark_known(store, nothing, mailing.producer, lambda _count: None)
        send_stored(SESMailClient("shop", events=bus), store, Pace(None), lambda _count: None)
        outcomes(store, nothing, wait_seconds=0, progress=lambda _count: None)
    return int(bus.taken)


def peak_bytes(file: Path, count: int) -> int:
    tracemalloc.start()
    assert mail_all(file) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_eight_times_the_rows_take_the_same_memory(tmp_path: Path) -> None:
    few, many = write(tmp_path / "few.csv", FEW), write(tmp_path / "many.csv", MANY)
    mail_all(few)  # Whatever is loaded once.

    assert peak_bytes(many, MANY) < 1.5 * peak_bytes(few, FEW)
