"""The tracking record of one email, and the fold that keeps it.

A record is its request's facts plus a set of entries: what happened, each under a key that is the same when it is
reported twice. Everything else is computed from that set, so any order and any repetition give the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sesmail_layer.domain.record.statuses import Status

FIRST_REVISION = 1
HISTORY_LIMIT = 250
"""Entries kept for one email: an item ends at 400 KB. Beyond it only an entry that changes a status is added."""

_RANKS = {status: rank for rank, status in enumerate(Status)} | {Status.DEFERRED: 0}
# A hard bounce or a complaint says something about the address, whichever attempt brought it.
_FINAL_IN_ANY_ATTEMPT = frozenset({Status.BOUNCED, Status.COMPLAINED})
_ABOVE_EVERY_ATTEMPT = 1_000_000
_IN_FIGURES = frozenset(
    {Status.SENT, Status.DELIVERED, Status.BOUNCED, Status.COMPLAINED, Status.OPENED, Status.FAILED}
)

# A message with several recipients has one tracking pixel and one set of links: SES cannot say who opened or clicked.
_NOT_A_COPYS = frozenset({Status.OPENED, Status.CLICKED})

# In the detail of a claim's entry, outside the delivery mode `live`: what became of that attempt.
SINK = "sink"
REDIRECTED_TO = "redirectedTo"

REDIRECTED = "redirected"
"""What a bounce or complaint of that mailbox was: it is none of the recipient's."""


class Entry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One thing that happened to an email: to all of it, or to the one recipient that it names."""

    key: str
    at: str
    attempt: int = 1
    status: Status | None = None
    """None: kept as history, changes no status (an out-of-office reply, say)."""
    recipient: str | None = None
    """The case-folded address it is about; None: the whole message."""
    what: str | None = None
    """What it was, where the status does not say it: `auto_reply`, `not_spam`, …"""
    detail: dict[str, Any] = msgspec.field(default_factory=dict)
    """Attributes for the record and the status event, by their public names (`bounceType`, …)."""


class _Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of an email for one recipient: computed from the history, never set by hand."""

    status: Status
    sent_at: str | None = None
    delivered_at: str | None = None
    opened_at: str | None = None
    open_count: int = 0
    clicked_at: str | None = None
    click_count: int = 0
    bounced_at: str | None = None
    bounce_type: str | None = None
    bounce_sub_type: str | None = None
    bounce_reason: str | None = None
    complained_at: str | None = None
    complaint_feedback_type: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    defer_reason: str | None = None


class RecipientState(_Outcome, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is known of one cc or bcc recipient."""

    type: str | None = None
    """`cc` or `bcc`."""


class TrackingRecord(_Outcome, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One email as the tracking table holds it. Names of attributes are public interface (spec section 5)."""

    email_id: str
    """The table's key: the requested emailId, or one made of it and the source."""
    attempt: int
    timestamp: str
    """When the engine took the email on; never changes."""
    date_partition: str
    ttl: int
    to_email: str | None = None
    template_name: str | None = None
    subject: str | None = None
    original_source: str | None = None
    metadata: dict[str, Any] | None = None
    tags: list[str] = msgspec.field(default_factory=list)
    topic: str | None = None
    requested_email_id: str | None = None
    """The emailId as requested, where another source used it first and the key is `key_of_source`."""
    original_email_id: str | None = None
    ses_message_id: str | None = None
    conflicts_with: str | None = None
    delivery_mode: str | None = None
    """The delivery mode of the sender's latest write; None: `live`."""
    redirected_to: str | None = None
    """The mailbox that got the latest attempt in place of the recipients."""
    sink: bool = False
    """True where the latest attempt was sunk: rendered and recorded, and not sent."""
    unknown_fields: list[str] = msgspec.field(default_factory=list)
    recipients: dict[str, RecipientState] = msgspec.field(default_factory=dict)
    """The state of each cc and bcc, by case-folded address."""
    history: list[Entry] = msgspec.field(default_factory=list)
    transitions: dict[str, str | None] = msgspec.field(default_factory=dict)
    """By an entry's key, the status that it replaced: what was (or must still be) published."""
    fingerprint: str = ""
    """Of the canonical request and its source."""
    request_event_id: str = ""
    """The EventBridge event that the record was made for: distinguishes a redelivery from a second request."""
    lease_until: float = 0
    """Until when (Unix seconds) the worker that claimed the email may still be sending it."""
    revision: int = FIRST_REVISION
    """The first write stores 1; each later one names the revision that it replaces and stores the next."""

    def next_revision(self) -> TrackingRecord:
        """Return the record as the table holds it once `replace` has written it."""
        return msgspec.structs.replace(self, revision=self.revision + 1)

    def released(self, claim: TrackingRecord, *, unsent: bool) -> TrackingRecord:
        """Return the record with a claim released: no other worker's. `unsent`: SES got nothing under it.

        Of an unsent attempt only the first claim is kept, however many follow: it shows that the attempt has begun.
        """
        if self.lease_until != claim.lease_until:
            return self
        record = msgspec.structs.replace(self, lease_until=0.0)
        claims = [e.key for e in self.history if unsent and e.status is Status.SENDING and e.attempt == claim.attempt]
        return _derived(_without(record, set(claims[1:]))) if claims[1:] else record


class Transition(msgspec.Struct, frozen=True):
    """A status that an entry caused, and the one before it (None: the first)."""

    entry: Entry
    previous: Status | None


def fold(record: TrackingRecord, entries: Iterable[Entry]) -> tuple[TrackingRecord, list[Transition]]:
    """Add entries to a record; return the record and what each entry changed, now or when it was first added.

    The same entries in any order, and any of them repeated, give the same record, but for `transitions`, which keeps
    what was published and so the order of arrival; as long as they fit into HISTORY_LIMIT.
    """
    before, entries = record, list(entries)
    for entry in entries:
        record = _with(record, entry)
    if record is not before:
        record = _derived(record)
    known = {entry.key: entry for entry in record.history}
    changed = dict.fromkeys(entry.key for entry in entries if entry.key in record.transitions)
    return record, [Transition(known[key], _status(record.transitions[key])) for key in changed]


def with_recipients(record: TrackingRecord, states: Mapping[str, RecipientState]) -> TrackingRecord:
    """Set the cc and bcc, and forget what happened for those that are gone: it would concern the whole email."""
    gone = record.recipients.keys() - states.keys()
    record = _without(record, {entry.key for entry in record.history if entry.recipient in gone})
    return msgspec.structs.replace(record, recipients=dict(states))


def _without(record: TrackingRecord, gone: set[str]) -> TrackingRecord:
    history = [entry for entry in record.history if entry.key not in gone]
    transitions = {key: status for key, status in record.transitions.items() if key not in gone}
    return msgspec.structs.replace(record, history=history, transitions=transitions)


def reached(before: TrackingRecord | None, after: TrackingRecord) -> list[Status]:
    """Return the statuses of the figures that an email has in a newer record, and had not before.

    They are the email's: one that bounces at two recipients has bounced once. A sunk email has none, and neither what
    the mailbox of a redirected one did nor a machine's open counts.
    """
    if after.sink:
        return []
    old = [] if before is None else [entry for entry in before.history if _in_figures(before, entry)]
    new = [entry for entry in after.history if _in_figures(after, entry)]
    known = {entry.status for entry in old}
    return list(dict.fromkeys(entry.status for entry in new if entry.status and entry.status not in known))


def _in_figures(record: TrackingRecord, entry: Entry) -> bool:
    if entry.status not in _IN_FIGURES or entry.what == REDIRECTED or entry.detail.get("machine"):
        return False
    # A copy that is left out is no failure of the email.
    return entry.status is not Status.FAILED or entry.recipient not in record.recipients


def claim_detail(record: TrackingRecord, attempt: int | None = None) -> Mapping[str, Any]:
    """Return the detail of an attempt's latest claim, or of the email's: it decides what the attempt's events mean."""
    claims = (e for e in record.history if e.status is Status.SENDING and attempt in (None, e.attempt))
    return max(claims, key=lambda entry: (entry.attempt, *_when(entry)), default=_NO_CLAIM).detail


def _with(record: TrackingRecord, entry: Entry) -> TrackingRecord:
    known = next((other for other in record.history if other.key == entry.key), None)
    if known is not None:
        # The sender and SES report the same acceptance by two clocks: the earlier one is kept, whichever came first.
        replaced = [entry if other is known else other for other in record.history]
        return record if _content(known) <= _content(entry) else _with_history(record, replaced)
    if not _moves(record, entry):
        return record if len(record.history) >= HISTORY_LIMIT else _with_history(record, [*record.history, entry])
    before = _winner(_about(record, _subject(record, entry)))
    transitions = record.transitions | {entry.key: before.status if before else None}
    return msgspec.structs.replace(_with_history(record, [*record.history, entry]), transitions=transitions)


def _with_history(record: TrackingRecord, history: list[Entry]) -> TrackingRecord:
    return msgspec.structs.replace(record, history=sorted(history, key=lambda entry: (entry.attempt, *_when(entry))))


def _moves(record: TrackingRecord, entry: Entry) -> bool:
    """Return True where the entry raises the status of its subject, `to` (or all) or one cc or bcc, or why it waits."""
    if entry.status is None or not _concerns(record, entry, _subject(record, entry)):
        return False
    before = _winner(_about(record, _subject(record, entry)))
    if before is None or before.status is None:
        return True
    old, new = rank(before.status, before.attempt), rank(entry.status, entry.attempt)
    # Sending and deferred are of one rank: an email may go from one to the other and back, or wait for another reason.
    waits = entry.status is Status.DEFERRED and entry.detail.get("reason") != before.detail.get("reason")
    return new > old or (new == old and (waits or entry.status is not before.status) and _when(entry) > _when(before))


def _derived(record: TrackingRecord) -> TrackingRecord:
    """Compute every derived attribute from the history."""
    recipients = {
        address: RecipientState(type=state.type, **_state(_about(record, address)))
        for address, state in record.recipients.items()
    }
    message_ids = [(e.attempt, e.detail["sesMessageId"]) for e in record.history if "sesMessageId" in e.detail]
    claim = claim_detail(record)
    return msgspec.structs.replace(
        record,
        **_state(_about(record, None)),
        attempt=max((entry.attempt for entry in record.history), default=record.attempt),
        ses_message_id=max(message_ids)[1] if message_ids else None,
        redirected_to=claim.get(REDIRECTED_TO),
        sink=bool(claim.get(SINK)),
        recipients=recipients,
    )


def _subject(record: TrackingRecord, entry: Entry) -> str | None:
    """The recipient that an entry is about: a cc's or bcc's address, or None for `to`."""
    return entry.recipient if entry.recipient in record.recipients else None


def _about(record: TrackingRecord, address: str | None) -> list[Entry]:
    """The entries that concern one cc or bcc, or (None) `to`."""
    return [entry for entry in record.history if _concerns(record, entry, address)]


def _concerns(record: TrackingRecord, entry: Entry, address: str | None) -> bool:
    if address is not None:
        return entry.recipient == address or (entry.recipient is None and entry.status not in _NOT_A_COPYS)
    # Among several recipients, an address that is none of them (mail was forwarded) concerns no recipient; with a
    # single recipient, everything concerns that one.
    return entry.recipient in (None, record.to_email) or not record.recipients


_NO_CLAIM = Entry("", "")


def _when(entry: Entry) -> tuple[str, str]:
    return entry.at, entry.key


def _content(entry: Entry) -> tuple[str, bytes]:
    return entry.at, msgspec.json.encode(entry, order="deterministic")


def rank(status: Status, attempt: int) -> tuple[int, int]:
    """The order of statuses: the higher one stays, whichever came first (spec section 5)."""
    return (_ABOVE_EVERY_ATTEMPT if status in _FINAL_IN_ANY_ATTEMPT else attempt, _RANKS[status])


def _status(text: str | None) -> Status | None:
    return None if text is None else Status(text)


def _winner(entries: Iterable[Entry]) -> Entry | None:
    return max(
        (entry for entry in entries if entry.status is not None),
        key=lambda entry: (*rank(entry.status or Status.SENDING, entry.attempt), *_when(entry)),
        default=None,
    )


def _state(entries: list[Entry]) -> dict[str, Any]:
    winner = _winner(entries)
    opens = [entry for entry in entries if entry.status is Status.OPENED and not entry.detail.get("machine")]
    clicks = [entry for entry in entries if entry.status is Status.CLICKED and not entry.detail.get("machine")]
    bounce = _latest(entries, Status.BOUNCED) or _latest(entries, Status.SOFT_BOUNCED)
    complaint = _latest(entries, Status.COMPLAINED)
    return {
        "status": winner.status if winner else Status.SENDING,
        "sent_at": _first(entries, Status.SENT),
        "delivered_at": _first(entries, Status.DELIVERED),
        "opened_at": _first(opens, Status.OPENED),
        "open_count": len(opens),
        "clicked_at": _first(clicks, Status.CLICKED),
        "click_count": len(clicks),
        "bounced_at": bounce.at if bounce else None,
        **_details(bounce, bounce_type="bounceType", bounce_sub_type="bounceSubType", bounce_reason="bounceReason"),
        "complained_at": complaint.at if complaint else None,
        **_details(complaint, complaint_feedback_type="complaintFeedbackType"),
        **_details(_if(winner, Status.FAILED), error_type="errorType", error_message="errorMessage"),
        **_details(_if(winner, Status.DEFERRED), defer_reason="reason"),
    }


def _if(entry: Entry | None, status: Status) -> Entry | None:
    return entry if entry is not None and entry.status is status else None


def _details(entry: Entry | None, **names: str) -> Mapping[str, Any]:
    return {ours: entry.detail.get(public) if entry else None for ours, public in names.items()}


def _first(entries: Iterable[Entry], status: Status) -> str | None:
    return min((entry.at for entry in entries if entry.status is status), default=None)


def _latest(entries: Iterable[Entry], status: Status) -> Entry | None:
    return max(
        (entry for entry in entries if entry.status is status),
        key=lambda entry: (entry.attempt, *_when(entry)),
        default=None,
    )


def entry_key(attempt: int, revision: int, status: Status) -> str:
    """Return the key of a claim or a wait.

    Keys sort in the order in which the entries were made: two of one millisecond differ in nothing else.
    """
    return f"mark/{attempt}/{revision:05d}/{status}"
