"""The timeline of an email from its tracking record: what happened when, why, and which status it set."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from sesmail_layer.domain.record.claims import CANCELLATION
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import (
    REDIRECTED,
    REDIRECTED_TO,
    SINK,
    Entry,
    TrackingRecord,
    claim_detail,
)
from sesmail_layer.domain.ses.bounces import BounceClass

DEFER_REASONS = {
    "paused": "an operator paused sending",
    "breaker": "the breaker paused sending because of too many bounces or complaints",
    "daily_quota": "SES's 24-hour quota is used up, or the rest is reserved for transactional mail",
    "producer_cap": "its producer reached its daily limit",
    "first_contacts": "its producer reached its hourly limit of new addresses",
    "scheduled": "its sendAt is in the future",
    "sending_paused": "SES paused sending for the account or the configuration set",
    "access_denied": "IAM denies the sender's role to send it",
    "soft_bounce_retry": "it soft-bounced and will be sent once more",
}

_SENDER = "the recipient's provider rejects the sender, not the address: check SPF, DKIM, DMARC and blocklists"
_BOUNCES = {
    BounceClass.HARD: "the address does not accept mail",
    BounceClass.SUPPRESSED_BY_SES: "the address is on SES's global suppression list, for 14 days",
    BounceClass.NOT_ATTEMPTED: "SES did not try: the address is on a suppression list of this account",
    BounceClass.SENDER_FAULT: _SENDER,
    BounceClass.SENDER_FAULT_SOFT: _SENDER,
    BounceClass.SENDER_DEFERRED: "the recipient's provider defers mail of this sender: check its reputation",
    BounceClass.RATE_LIMITED: "the recipient's provider limits the rate, or greylists",
    BounceClass.SOFT: "the address does not accept mail at the moment",
    BounceClass.SOFT_UNDETERMINED: "the other mail server gave no clear reason",
    BounceClass.MESSAGE_FAULT: "the message was rejected, not the address",
}

_OF_MAILBOX = "it is about the mailbox that the email was redirected to, not about a recipient"

_REMARKS = {
    "auto_reply": "Automatic reply (such as out of office), not a bounce",
    "not_spam": "The recipient marked it as not spam",
    "one_of_several_complained": "One of several recipients at that domain complained; SES does not say which",
    "unsubscribed": "The recipient unsubscribed",
    "resubscribed": "The recipient subscribed again",
    "unknown": "SES sent an event type that this version does not know",
}


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One event of an email's life."""

    at: str
    what: str
    """A sentence, with the reason."""
    attempt: int = 1
    status: str | None = None
    """The status that it set."""
    recipient: str | None = None
    """The recipient that it is about, unless it is the whole message or its `to`."""
    machine: bool = False


def timeline(record: TrackingRecord) -> list[Step]:
    """Describe a record's history in the order of time, from the request on."""
    steps = [_step(record, entry) for entry in sorted(record.history, key=lambda one: (one.at, one.attempt, one.key))]
    template = f" with template '{record.template_name}'" if record.template_name else ""
    request = Step(at=record.timestamp, what=f"Requested by {record.original_source or 'a producer'}{template}")
    return [request, *steps]


def _step(record: TrackingRecord, entry: Entry) -> Step:
    texts = _BY_STATUS | _SUNK if SINK in claim_detail(record, entry.attempt) else _BY_STATUS
    describe = texts.get(entry.status, _remark) if entry.status else _remark
    what = describe(entry)
    moved = entry.key in record.transitions
    if entry.status and not moved:
        what += f" (late or repeated: the status stayed '{record.status}')"
    return Step(
        at=entry.at,
        what=what,
        attempt=entry.attempt,
        status=entry.status if moved else None,
        recipient=entry.recipient if entry.recipient != record.to_email else None,
        machine=bool(entry.detail.get("machine")),
    )


def _sending(entry: Entry) -> str:
    mailbox = entry.detail.get(REDIRECTED_TO)
    return "Claimed for sending" + (f", redirected to {mailbox}" if mailbox else "")


def _claimed_to_sink(_entry: Entry) -> str:
    return "Claimed, not to be sent: the delivery mode sinks it"


def _sunk(entry: Entry) -> str:
    return f"Rendered, recorded as sent under {entry.detail.get('sesMessageId', 'no id')}, and not handed to SES"


def _delivered_to_sink(_entry: Entry) -> str:
    return "Recorded as delivered; no one received it"


def _deferred(entry: Entry) -> str:
    reason = str(entry.detail.get("reason", ""))
    until = entry.detail.get("heldUntil") or entry.detail.get("until")
    why = DEFER_REASONS.get(reason, f"reason '{reason}'")
    return f"Deferred: {why}" + (f"; until {until} at the latest" if until else "")


def _sent(entry: Entry) -> str:
    return f"Accepted by SES as {entry.detail.get('sesMessageId', 'an unknown id')}"


def _delayed(entry: Entry) -> str:
    reason, until = entry.detail.get("reason"), entry.detail.get("until")
    why = f" ({reason})" if reason else ""
    end = f" until {until}" if until else ""
    return f"Delivery delayed{why}: SES keeps trying{end}{_diagnostic(entry)}"


def _failed(entry: Entry) -> str:
    detail = entry.detail
    return f"Failed with '{detail.get('errorType', 'unknown')}': {detail.get('errorMessage', 'no message')}"


def _bounced(entry: Entry) -> str:
    kind = next((one for one in BounceClass if one == entry.what), None)
    why = _BOUNCES.get(kind, "") if kind else ""
    if entry.what == REDIRECTED:
        why = _OF_MAILBOX
    types = "/".join(filter(None, (entry.detail.get("bounceType"), entry.detail.get("bounceSubType"))))
    bounced = "Bounced" if entry.status is Status.BOUNCED else "Soft-bounced"
    return f"{bounced}{f' ({types})' if types else ''}{f': {why}' if why else ''}{_diagnostic(entry)}"


def _delivered(entry: Entry) -> str:
    response = entry.detail.get("smtpResponse")
    return "Delivered to the mail server" + (f", which answered “{response}”" if response else "")


def _opened(entry: Entry) -> str:
    return "Images loaded by a mail program, not by a person" if entry.detail.get("machine") else "Opened"


def _clicked(entry: Entry) -> str:
    link = entry.detail.get("link")
    clicked = "Link followed by a scanner" if entry.detail.get("machine") else "Link clicked"
    return clicked + (f": {link}" if link else "")


def _complained(entry: Entry) -> str:
    kind = entry.detail.get("complaintFeedbackType")
    who = "The recipient complained" if entry.what != REDIRECTED else f"Complaint: {_OF_MAILBOX}"
    return who + (f" ({kind})" if kind else "")


_BY_STATUS: dict[Status, Callable[[Entry], str]] = {
    Status.SENDING: _sending,
    Status.DEFERRED: _deferred,
    Status.SENT: _sent,
    Status.DELAYED: _delayed,
    Status.FAILED: _failed,
    Status.SOFT_BOUNCED: _bounced,
    Status.DELIVERED: _delivered,
    Status.OPENED: _opened,
    Status.CLICKED: _clicked,
    Status.BOUNCED: _bounced,
    Status.COMPLAINED: _complained,
}

_SUNK: dict[Status, Callable[[Entry], str]] = {
    Status.SENDING: _claimed_to_sink,
    Status.SENT: _sunk,
    Status.DELIVERED: _delivered_to_sink,
}


def _remark(entry: Entry) -> str:
    """Describe an event without a status: a remark, or an event that names no recipient of several."""
    if entry.what in _REMARKS:
        return _REMARKS[entry.what] + _diagnostic(entry)
    if entry.what == CANCELLATION:
        return f"Cancelled by {entry.detail.get('by')}: it is not sent any more"
    event = entry.what or entry.key.partition("/")[0]
    return f"Event for one of several recipients, SES does not say which: {event}{_diagnostic(entry)}"


def _diagnostic(entry: Entry) -> str:
    code = entry.detail.get("diagnosticCode")
    return f"; the other server answered “{code}”" if code else ""
