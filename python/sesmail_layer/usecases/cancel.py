"""Cancel one email by its record: whatever has not been handed to SES ends `failed`, `cancelled`.

    no record yet             one is written, `failed`; the request, when it comes, finds it and is not sent
    waits                     `failed`
    a worker has claimed it   the record says that it must not be sent again: SES may get it now, else it ends `failed`
    SES has it                the same, for a soft bounce's retry
    ended                     nothing to do

Every write is conditional on the record as it was read, as a claim is: of the two, one is first.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import cancelled
from sesmail_layer.domain.record.claims import (
    CANCELLATION,
    accepted_earlier,
    belongs_to_another,
    cancelled_by,
    key_of_source,
)
from sesmail_layer.domain.record.foreign import is_foreign
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, Transition, fold
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import TrackingTable

_TRIES = 8
_WAITING = (Status.SENDING, Status.DEFERRED)
_MAY_BE_RETRIED = (Status.SENT, Status.DELAYED, Status.SOFT_BOUNCED)


class Outcome(StrEnum):
    """What became of a cancellation."""

    CANCELLED = "cancelled"
    BEFORE_REQUEST = "before_request"
    """The id is cancelled; no request with it has arrived."""
    CANCELLED_BEFORE = "cancelled_before"
    BEING_SENT = "being_sent"
    """A worker has claimed it: SES gets it now, or it ends cancelled."""
    HANDED_TO_SES = "handed_to_ses"
    FAILED_BEFORE = "failed_before"
    """It had failed for another reason."""


class Cancelled(msgspec.Struct, frozen=True):
    outcome: Outcome
    record: TrackingRecord
    transitions: Sequence[Transition]
    """What is to be published, also where an earlier call stored it."""


def record_key(tracking: TrackingTable, email_id: str, source: str | None) -> tuple[str, TrackingRecord | None]:
    """Find the record that a source's emailId has, or will have; without a source, the record under that key.

    Raises TransientError.
    """
    if source is None:
        return email_id, tracking.get_many([email_id]).get(email_id)
    own_key = key_of_source(email_id, source)
    records = tracking.get_many([email_id, own_key])
    plain = records.get(email_id)
    if own_key in records:
        return own_key, records[own_key]
    if plain is None or not belongs_to_another(plain, source):
        return email_id, plain
    return own_key, None


def cancel_email(
    tracking: TrackingTable, email_id: str, source: str | None, *, by: str, now: float, retention_days: int
) -> Cancelled:
    """Cancel a source's email by its emailId, also before its request arrives. Raises TransientError.

    Without a source, the first request with that id is cancelled, whichever source it comes from.
    """
    key, record = record_key(tracking, email_id, source)
    if record is None:
        early = _early(key, email_id, source, now, retention_days)
        folded, transitions = fold(early, [_mark(by, now, 1), _failed(by, now, 1)])
        record = tracking.create(folded)
        if record is None:
            return Cancelled(Outcome.BEFORE_REQUEST, folded, transitions)
        if source is not None and belongs_to_another(record, source):
            return cancel_email(tracking, email_id, source, by=by, now=now, retention_days=retention_days)
    return cancel_record(tracking, record, by=by, now=now)


def cancel_record(tracking: TrackingTable, record: TrackingRecord, *, by: str, now: float) -> Cancelled:
    """Cancel the email of a record that was read. Raises TransientError."""
    for _ in range(_TRIES):
        outcome, entries = _plan(record, by, now)
        folded, transitions = fold(record, entries)
        if folded == record:
            return Cancelled(outcome, record, transitions)
        newer = tracking.replace(folded)
        if newer is None:
            return Cancelled(outcome, folded, transitions)
        record = newer
    raise TransientError("Failed to update tracking record: it kept changing", code="FBK003")


def outcome_now(record: TrackingRecord) -> Outcome:
    """Return what a cancellation of this record would do."""
    return _plan(record, "", 0.0)[0]


def _plan(record: TrackingRecord, by: str, now: float) -> tuple[Outcome, Sequence[Entry]]:
    if is_foreign(record):
        return Outcome.HANDED_TO_SES, ()
    if record.error_type == CANCELLATION and record.status is Status.FAILED:
        return Outcome.CANCELLED_BEFORE, [entry for entry in record.history if entry.status is Status.FAILED]
    mark = () if cancelled_by(record) else (_mark(by, now, record.attempt),)
    if record.status in _WAITING:
        if record.lease_until:
            return Outcome.BEING_SENT, mark
        if accepted_earlier(record):
            return Outcome.HANDED_TO_SES, mark
        return Outcome.CANCELLED, (*mark, _failed(by, now, record.attempt))
    if record.status is Status.FAILED:
        return Outcome.FAILED_BEFORE, mark
    return Outcome.HANDED_TO_SES, mark if record.status in _MAY_BE_RETRIED else ()


def _mark(by: str, now: float, attempt: int) -> Entry:
    return Entry(CANCELLATION, utc_text(now), attempt, what=CANCELLATION, detail={"by": by})


def _failed(by: str, now: float, attempt: int) -> Entry:
    error = cancelled(by)
    detail = {"errorType": error.error_type, "errorMessage": error.message}
    return Entry(f"failed/{attempt}", utc_text(now), attempt, Status.FAILED, detail=detail)


def _early(key: str, email_id: str, source: str | None, now: float, retention_days: int) -> TrackingRecord:
    timestamp = utc_text(now)
    return TrackingRecord(
        email_id=key,
        status=Status.SENDING,
        attempt=1,
        timestamp=timestamp,
        date_partition=timestamp[:10],
        ttl=int(now) + retention_days * 86_400,
        original_source=source,
        requested_email_id=email_id if key != email_id else None,
    )
