"""What the engine knows of the mails: their tracking records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.clients import client
from localcloud.emulator import Emulator
from sesmail_cli.operator.timeline import timeline
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.record.tracking import TrackingRecord

_FAST = Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 0})
# Time, sentence, status or none, note or none: what parts.html shows.
Step = tuple[str, str, str | None, str | None]


class Records:
    """Reads the tracking table; without one (an emulator without an engine) there are no records."""

    def __init__(self, emulator: Emulator, table: str) -> None:
        self._table = TrackingTable(client(emulator, "dynamodb", _FAST), table) if table else None

    def get_many(self, record_ids: Collection[str]) -> Mapping[str, TrackingRecord]:
        """Return the records by their keys, in one read; none where the table does not answer."""
        keys = {one for one in record_ids if one}
        if self._table is None or not keys:
            return {}
        try:
            return self._table.get_many(keys)
        except (TransientError, BotoCoreError, ClientError):
            return {}


def steps_of(record: TrackingRecord) -> list[Step]:
    """Return the record's history as the page shows it."""
    return [
        (clock_time(step.at), step.what, step.status, _note(step.recipient, step.attempt, record.attempt))
        for step in timeline(record)
    ]


def _note(recipient: str | None, attempt: int, attempts: int) -> str | None:
    notes = [recipient or "", f"attempt {attempt}" if attempts > 1 else ""]
    return ", ".join(filter(None, notes)) or None


def clock_time(at: str) -> str:
    """Return a record's time as this machine's clock shows it."""
    try:
        return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return at
