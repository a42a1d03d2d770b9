"""Who may send an email: the claim that makes one request one mail.

    worker A                          table                        worker B (same emailId)
    ---------------------------------------------------------------------------------------------
    guards, render, pace
    claim ──────────────────────────► sending, lease_until = L
    SES accepts                                                     claim refused, sees the record:
       │                                                              now < L          → BUSY until L
       ├── record ──────────────────► sent, lease 0                   sent or beyond   → DONE
       │                                                              lease 0          → TAKE
       ╳ crash here: SES's own Send                                   L passed         → BUSY until L' =
         event writes `sent` instead                                                     claim + settle time
                                                                      L' passed, and no event about it is on
                                                                      its way → UNSETTLED: the policy decides,
                                                                      also where the email cannot be sent any more
    A claim of a sunk email (delivery modes) has no unknown outcome: L passed → TAKE.
    An event of an earlier attempt, so late that the email was claimed again → ACCEPTED_EARLIER: not sent once more.

An emailId belongs to its source: the first source's record has it as its key, another source's `key_of_source`.

A lease is of one claim alone: no two claims have the same, so that it names the claim.
Nothing waits between claim and send. A worker that knows it has not sent gives the claim back (lease 0). Where the
table does not answer, to the claim or to that, the message carries the lease on, and whoever gets it next may TAKE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from enum import Enum, auto

import msgspec

from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX
from sesmail_layer.domain.record.foreign import is_foreign
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import FIRST_REVISION, Entry, TrackingRecord
from sesmail_layer.domain.times import utc_seconds

REFUSED_EVENT = "requestEventId"
"""In the detail of a `failed` entry: the event whose request was rejected."""
CANCELLATION = "cancelled"
"""Key and `what` of the entry that says that an email must not be sent any more; `errorType` of one that was not."""

_ARRIVED = {Status.DELIVERED, Status.OPENED, Status.CLICKED}
_FAILED = {Status.FAILED, Status.SOFT_BOUNCED}


def key_of_source(email_id: str, source: str) -> str:
    """The key of a record whose requested emailId another source used first. No emailId has a `#`."""
    return f"{email_id}#{hashlib.sha256(source.encode()).hexdigest()[:16]}"


class Verdict(Enum):
    TAKE = auto()
    """May be claimed now, as the attempt that the finding names."""
    BUSY = auto()
    """Another worker may be sending it: check again at `until`."""
    UNSETTLED = auto()
    """It was claimed, no worker is sending it, and no event says how it ended."""
    ACCEPTED_EARLIER = auto()
    """No worker is sending it, and SES accepted an earlier attempt; its events were late."""
    DONE = auto()
    """It went its way already: nothing to do."""
    REDELIVERED = auto()
    """This very event is done: its status events may be published again, under the same ids."""
    CONFLICT = auto()
    """The id belongs to another request."""
    CANCELLED_EARLY = auto()
    """It was cancelled before its request arrived: the record gets the request's facts."""


class Finding(msgspec.Struct, frozen=True):
    verdict: Verdict
    attempt: int = 1
    until: float = 0


def judge(
    record: TrackingRecord,
    *,
    fingerprint: str,
    event_id: str,
    attempt: int,
    now: float,
    settle_seconds: float,
    unsent: Collection[float] = (),
    tombstones_of: Callable[[str], Collection[str]] = lambda _fingerprint: (),
) -> Finding:
    """Decides what a request may do that finds a record under its id. Times are Unix seconds.

    `unsent`: leases of the request's own claims under which nothing was sent. `tombstones_of` returns the keyed hashes
    of a fingerprint, of which the record of an erased person has one.
    """
    if is_foreign(record):
        return Finding(Verdict.DONE, record.attempt)
    if any(entry.detail.get(REFUSED_EVENT) == event_id for entry in record.history):
        # Refused here before another request took the id over: its own fingerprint was never the record's.
        return Finding(Verdict.REDELIVERED, record.attempt)
    if record.fingerprint and fingerprint and not _is_same_request(record.fingerprint, fingerprint, tombstones_of):
        return Finding(Verdict.CONFLICT)
    if is_cancelled_early(record):
        return Finding(Verdict.CANCELLED_EARLY, record.attempt)
    if record.attempt < attempt and record.status is Status.SOFT_BOUNCED:
        return Finding(Verdict.TAKE, attempt)
    if record.status in (Status.SENDING, Status.DEFERRED):
        return _judge_unsent(record, now, settle_seconds, unsent)
    same_event = record.request_event_id == event_id
    if not same_event and never_reached_ses(record):
        return Finding(Verdict.TAKE, record.attempt + 1)
    return Finding(Verdict.REDELIVERED if same_event else Verdict.DONE, record.attempt)


def _is_same_request(known: str, fingerprint: str, tombstones_of: Callable[[str], Collection[str]]) -> bool:
    if not known.startswith(TOMBSTONE_PREFIX):
        return known == fingerprint
    return known in tombstones_of(fingerprint)


def _judge_unsent(record: TrackingRecord, now: float, settle_seconds: float, unsent: Collection[float]) -> Finding:
    verdict = Verdict.TAKE
    # The lease alone says that it is claimed. The status does not: a worker with a clock ahead may have deferred the
    # email before the claim, and yet "later".
    if record.lease_until and record.lease_until not in unsent:
        settled_at = max(record.lease_until, 0.0 if record.sink else claimed_at(record) + settle_seconds)
        if now < settled_at:
            return Finding(Verdict.BUSY, record.attempt, record.lease_until if now < record.lease_until else settled_at)
        verdict = verdict if record.sink else Verdict.UNSETTLED
    return Finding(Verdict.ACCEPTED_EARLIER if accepted_earlier(record) else verdict, record.attempt)


def accepted_earlier(record: TrackingRecord) -> Entry | None:
    """Return the entry of an earlier attempt that SES accepted and that did not fail; it is enough for the email."""
    earlier = [e for e in record.history if e.attempt < record.attempt and e.recipient in (None, record.to_email)]
    for entry in earlier:
        if entry.status is Status.SENT:
            statuses = {other.status for other in earlier if other.attempt == entry.attempt}
            if statuses & _ARRIVED or not statuses & _FAILED:
                return entry
    return None


def is_stranded(record: TrackingRecord, now: float) -> bool:
    """Return True for a first claim that has no worker by `now` (Unix seconds) and no later write.

    Such a record is in no index: only a message that meets it again knows of it.
    """
    return record.status is Status.SENDING and record.revision == FIRST_REVISION and now >= record.lease_until


def already_deferred_for(record: TrackingRecord, entry: Entry) -> bool:
    """Return True where the record waits for this very reason: a hop that changes nothing writes nothing."""
    return (
        entry.status is Status.DEFERRED
        and record.status is Status.DEFERRED
        and record.attempt == entry.attempt
        and record.defer_reason == entry.detail["reason"]
    )


def claimed_at(record: TrackingRecord) -> float:
    """When the newest claim was made, in Unix seconds."""
    claims = [entry.at for entry in record.history if entry.status is Status.SENDING]
    return utc_seconds(max(claims, default=record.timestamp))


def never_reached_ses(record: TrackingRecord) -> bool:
    """Return True where an email failed before SES received it, so that it may be sent again under its id."""
    stays = ("outcome_unknown", CANCELLATION)
    return record.status is Status.FAILED and record.ses_message_id is None and record.error_type not in stays


def cancelled_by(record: TrackingRecord) -> str | None:
    """Return who said that the email must not be sent any more, also while a worker had it; None where nothing did."""
    return next((str(entry.detail.get("by")) for entry in record.history if entry.key == CANCELLATION), None)


def is_cancelled_early(record: TrackingRecord) -> bool:
    """Return True for an email that was cancelled before its request arrived."""
    return record.error_type == CANCELLATION and not record.request_event_id


def belongs_to_another(record: TrackingRecord, source: str) -> bool:
    """Return True where a source asks with an emailId under which another source's record was written first.

    An operator who cancels an email before its request arrives need not know the source: the first one gets the record.
    """
    return record.original_source != source and not (record.original_source is None and is_cancelled_early(record))
