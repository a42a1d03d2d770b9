"""Check every row of a file before the first email: what can be sent, and which lines cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from sesmail_cli.bulk.columns import Columns
from sesmail_cli.bulk.mailing import Mailing, Refused
from sesmail_cli.bulk.rows import Row
from sesmail_cli.bulk.store import EmailStore, StoredEmail
from sesmail_layer.domain.guards.suppression import Suppression, topic_key
from sesmail_layer.domain.request.addresses import address_key, parse_address
from sesmail_layer.domain.times import utc_text

# Addresses of one read of the suppression list.
_BATCH = 100
KEPT_REFUSALS = 1_000
"""Refused lines that are kept with their reasons; all are counted."""

Suppressions = Callable[[Collection[str]], Mapping[str, Suppression]]
"""Returns the entries of the suppression list by address key, and by `topic_key`."""


class RefusedRow(msgspec.Struct, frozen=True):
    line: int
    reason: str


@dataclass
class CheckedFile:
    """The outcome of a check; its emails are in the store."""

    rows: int = 0
    refused: int = 0
    duplicates: int = 0
    refusals: list[RefusedRow] = field(default_factory=list)
    """Of refused rows and duplicates, the first ones."""
    first: StoredEmail | None = None
    longest: StoredEmail | None = None
    shortest: StoredEmail | None = None

    @property
    def samples(self) -> list[StoredEmail]:
        """The first email, the one with most data and the one with least."""
        found = [each for each in (self.first, self.longest, self.shortest) if each is not None]
        return list({each.email_id: each for each in found}.values())

    def refuse(self, line: int, reason: str) -> None:
        if len(self.refusals) < KEPT_REFUSALS:
            self.refusals.append(RefusedRow(line, reason))

    def sample(self, email: StoredEmail) -> None:
        self.first = self.first or email
        if self.longest is None or len(email.text) > len(self.longest.text):
            self.longest = email
        if self.shortest is None or len(email.text) < len(self.shortest.text):
            self.shortest = email


def check_rows(
    rows: Iterable[Row],
    columns: Columns,
    mailing: Mailing,
    store: EmailStore,
    suppressions: Suppressions,
    *,
    now: float,
    progress: Callable[[int], object] = lambda _rows: None,
) -> CheckedFile:
    """Check the rows and store their emails. Of rows with the same id the first is taken. Raises TransientError."""
    checked = CheckedFile()
    batch: list[StoredEmail] = []
    for row in rows:
        checked.rows += 1
        try:
            email = mailing.email(row, columns, now)
        except Refused as error:
            checked.refused += 1
            checked.refuse(row.line, str(error))
            continue
        stored = StoredEmail.of(row.line, email)
        if (other := store.add(stored)) is not None:
            checked.duplicates += 1
            checked.refuse(row.line, f"found the recipient of line {other} again; allowed: each once")
            continue
        batch.append(stored)
        if len(batch) == _BATCH:
            _leave_out_suppressed(batch, mailing.topic or mailing.template, checked, store, suppressions, now)
            batch = []
            progress(checked.rows)
    _leave_out_suppressed(batch, mailing.topic or mailing.template, checked, store, suppressions, now)
    return checked


def _leave_out_suppressed(
    batch: list[StoredEmail],
    topic: str,
    checked: CheckedFile,
    store: EmailStore,
    suppressions: Suppressions,
    now: float,
) -> None:
    addresses = {each.email_id: address_key(parse_address(each.email["to"])) for each in batch}
    keys = {email_id: {address, topic_key(address, topic)} for email_id, address in addresses.items()}
    found = suppressions(set().union(*keys.values())) if batch else {}
    blocked = {key for key, entry in found.items() if entry.blocks(bulk=True, now_text=utc_text(now))}
    left_out = {email_id for email_id, own in keys.items() if own & blocked}
    store.leave_out(left_out)
    for each in batch:
        if each.email_id not in left_out:
            checked.sample(each)
