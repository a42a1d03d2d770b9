"""An email's story in plain words, from its tracking record: what happened when, why, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord
from sesmail_layer.domain.ses.bounces import BounceClass

DEFER_REASONS = {
    "paused": "an operator has paused sending",
    "breaker": "the breaker has paused sending, since too many emails bounced or were complained about",
    "daily_quota": "SES's 24-hour quota is used up, or what is left of it is kept for transactional mail",
    "producer_cap": "its producer has sent as many emails today as it may",
    "first_contacts": "its producer has written to as many new addresses this hour as it may",
    "scheduled": "its sendAt has not come yet",
    "sending_paused": "SES itself has paused sending for the account or the configuration set",
    "soft_bounce_retry": "it soft-bounced and is to be sent once more",
}

_SENDER = "the recipient's provider rejects the sender, not the address: check SPF, DKIM, DMARC and blocklists"
_BOUNCES = {
    BounceClass.HARD: "the address does not take mail",
    BounceClass.SUPPRESSED_BY_SES: "the address is on the list that SES keeps over all its customers (for 14 days)",
    BounceClass.NOT_ATTEMPTED: "SES did not try: the address is on a suppression list of this account",
    BounceClass.SENDER_FAULT: _SENDER,
    BounceClass.SENDER_FAULT_SOFT: _SENDER,
    BounceClass.SENDER_DEFERRED: "the recipient's provider defers mail of this sender: check its reputation",
    BounceClass.RATE_LIMITED: "the recipient's provider limits the rate, or greylists",
    BounceClass.SOFT: "the address does not take mail at the moment",
    BounceClass.SOFT_UNDETERMINED: "the other mail server gave no clear reason",
    BounceClass.MESSAGE_FAULT: "the message was refused, not the address",
}

_REMARKS = {
    "auto_reply": "an automatic reply came back (out of office, say); that is no bounce",
    "not_spam": "the recipient marked it as not spam",
    "one_of_several_complained": "one of several recipients at that domain complained; SES does not say which",
    "unsubscribed": "the recipient unsubscribed",
    "resubscribed": "the recipient subscribed again",
    "unknown": "SES sent an event of a kind that this version does not know",
}


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that happened."""

    at: str
    what: str
    """In words, with why."""
    attempt: int = 1
    status: str | None = None
    """The status that it brought about."""
    recipient: str | None = None
    """Whom it is about, where it is not the whole message or its `to`."""
    machine: bool = False


def story(record: TrackingRecord) -> list[Step]:
    """Tells a record's history by the clock, from the request on."""
    steps = [_step(record, entry) for entry in sorted(record.history, key=lambda one: (one.at, one.attempt, one.key))]
    template = f" with template '{record.template_name}'" if record.template_name else ""
    began = Step(at=record.timestamp, what=f"{record.original_source or 'a producer'} asked for it{template}")
    return [began, *steps]


def _step(record: TrackingRecord, entry: Entry) -> Step:
    tell = _BY_STATUS.get(entry.status, _remark) if entry.status else _remark
    what = tell(entry)
    moved = entry.key in record.transitions
    if entry.status and not moved:
        what += f" (came late or again: the status stayed '{record.status}')"
    return Step(
        at=entry.at,
        what=what,
        attempt=entry.attempt,
        status=entry.status if moved else None,
        recipient=entry.recipient if entry.recipient != record.to_email else None,
        machine=bool(entry.detail.get("machine")),
    )


def _sending(_entry: Entry) -> str:
    return "the sender took it in hand, to give it to SES"


def _deferred(entry: Entry) -> str:
    reason = str(entry.detail.get("reason", ""))
    until = entry.detail.get("until")
    why = DEFER_REASONS.get(reason, f"reason '{reason}'")
    return f"it has to wait: {why}" + (f"; looked at again from {until}" if until else "")


def _sent(entry: Entry) -> str:
    return f"SES accepted it, as {entry.detail.get('sesMessageId', 'an unknown id')}"


def _delayed(entry: Entry) -> str:
    reason, until = entry.detail.get("reason"), entry.detail.get("until")
    why = f" ({reason})" if reason else ""
    end = f" until {until}" if until else ""
    return f"SES has not been able to deliver it yet{why} and keeps trying{end}{_answer(entry)}"


def _failed(entry: Entry) -> str:
    detail = entry.detail
    return f"it failed as '{detail.get('errorType', 'unknown')}': {detail.get('errorMessage', 'no message')}"


def _bounced(entry: Entry) -> str:
    kind = next((one for one in BounceClass if one == entry.what), None)
    why = _BOUNCES.get(kind, "") if kind else ""
    types = "/".join(filter(None, (entry.detail.get("bounceType"), entry.detail.get("bounceSubType"))))
    hard = "it bounced" if entry.status is Status.BOUNCED else "it soft-bounced"
    return f"{hard}{f' ({types})' if types else ''}{f': {why}' if why else ''}{_answer(entry)}"


def _delivered(entry: Entry) -> str:
    answer = entry.detail.get("smtpResponse")
    return "the recipient's mail server took it" + (f", saying “{answer}”" if answer else "")


def _opened(entry: Entry) -> str:
    return "a mail program fetched its pictures by itself" if entry.detail.get("machine") else "it was opened"


def _clicked(entry: Entry) -> str:
    who = "a scanner followed a link" if entry.detail.get("machine") else "a link was followed"
    link = entry.detail.get("link")
    return who + (f": {link}" if link else "")


def _complained(entry: Entry) -> str:
    kind = entry.detail.get("complaintFeedbackType")
    return "the recipient complained" + (f" ({kind})" if kind else "")


_BY_STATUS: Mapping[Status, Callable[[Entry], str]] = {
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


def _remark(entry: Entry) -> str:
    """What changed no status: a remark, or news that names nobody among several recipients."""
    if entry.what in _REMARKS:
        return _REMARKS[entry.what] + _answer(entry)
    named = entry.what or entry.key.partition("/")[0]
    return f"news of one of several recipients, SES does not say which: {named}{_answer(entry)}"


def _answer(entry: Entry) -> str:
    said = entry.detail.get("diagnosticCode")
    return f"; the other server said “{said}”" if said else ""
