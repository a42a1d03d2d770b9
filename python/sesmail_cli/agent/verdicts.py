"""What an agent does next, by what became of its email.

An agent does what it reads. So no text asks it to repeat a call: a held email goes by itself, a failed one stays so.
"""

from __future__ import annotations

from sesmail_layer.domain.record.claims import cancelled_by
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord

WAITING = (Status.SENDING, Status.DEFERRED)
"""SES does not have it, as far as the record knows."""
NOT_TAKEN_UP = (
    "The engine has not taken the request up yet. It will: do nothing, and look at email_status in a minute. The email "
    "exists already: do not request it a second time."
)
USED_BEFORE = (
    "This emailId was used before, so nothing was sent by this call. The status is that of the first email. If you "
    "meant another email, give it an emailId made of what that one is about."
)
CANCEL_REQUESTED = "The cancellation is requested: do nothing, and look at email_status in a minute."
_BY_ITSELF = "Do nothing: the email goes by itself when that ends, and nothing that you do makes it faster."
_DEFERRED = {
    "first_contacts": (
        "No email of this account ever went to this address, and the producer's new addresses of this hour are used "
        "up. Do not send it under another emailId, to another spelling of the address, or by another way: each counts "
        "as one more. Check where the address comes from. If it is in a record, do nothing: the email goes by itself. "
        "If it is a guess, call cancel_email, and ask a person for the right address."
    ),
    "producer_cap": (
        "The producer's emails of today are used up. Do nothing: the email goes by itself after midnight UTC. Send no "
        "others until then, and tell a person if this email cannot wait."
    ),
    "paused": f"An operator paused this producer. {_BY_ITSELF} Tell a person if this email cannot wait.",
    "breaker": (
        "Too many emails of this producer bounced or were complained about, so the engine stopped it. Send no others, "
        "and tell a person: the addresses that you use may be wrong."
    ),
    "sending_paused": f"SES paused all sending of this account. {_BY_ITSELF} Tell a person.",
    "scheduled": "Do nothing: it is scheduled.",
}
# The record of an accepted request is bound to its content.
_WRONG_DATA = (
    "The email cannot be made from this data; errorMessage names what is missing or wrong. list_templates has the "
    "variables, and preview_email checks your data. Nothing was sent, and this emailId stays with the wrong data: "
    "corrected data need a new one. If the template is at fault, tell a person."
)
_FAILED = {
    "producer_denied": (
        "The producer's policy does not allow this email; errorMessage names the rule. It stays forbidden in any other "
        "form: tell a person what you wanted to send, and why."
    ),
    "suppressed": (
        "The recipient bounced, complained or unsubscribed: this address gets no mail. Remove it from your record, and "
        "do not look for another address of the same person."
    ),
    "not_allowed": "The engine's delivery mode does not send to this address. Tell a person.",
    "validation_error": (
        "The request is wrong; errorMessage names the field, what was found and what is allowed. Correct that field "
        "and call send_email with the same emailId."
    ),
    "template_render_error": _WRONG_DATA,
    "template_not_found": (
        "The template is not installed, and nothing was sent. Choose one of list_templates, under a new emailId, or "
        "tell a person."
    ),
    "duplicate_conflict": USED_BEFORE,
    "expired": "It waited too long and was not sent. Tell a person: whether it is still useful is not yours to decide.",
    "cancelled": "It was cancelled and is not sent. Its emailId stays bound to it.",
    "outcome_unknown": "SES may have sent it. A second one could reach the recipient twice: tell a person.",
}
_REACHED = {
    Status.SENDING: "It is being handed to SES. Do nothing.",
    Status.SENT: "SES has it, and its delivery is not reported yet. Do nothing.",
    Status.DELAYED: "The recipient's server takes it later: SES goes on by itself. Do nothing.",
    Status.DELIVERED: "It reached the recipient's server. Nothing is left to do.",
    Status.OPENED: "It was opened. Nothing is left to do.",
    Status.CLICKED: "A link in it was clicked. Nothing is left to do.",
    Status.SOFT_BOUNCED: "The recipient's server did not take it for now. The engine does what it can. Do nothing.",
    Status.BOUNCED: "The address does not take mail. Remove it from your record; do not guess another one.",
    Status.COMPLAINED: "The recipient marked it as spam. Send nothing to this person any more, and tell a person.",
}


def next_step(record: TrackingRecord) -> str:
    """Return what to do about an email."""
    if cancelled_by(record) and record.status in WAITING:
        return CANCEL_REQUESTED
    if record.status is Status.DEFERRED:
        return _DEFERRED.get(record.defer_reason or "", f"It waits. {_BY_ITSELF}")
    if record.status is Status.FAILED:
        error = record.error_type or ""
        if error == "validation_error" and record.fingerprint:
            return _WRONG_DATA
        return _FAILED.get(error, "It failed and is not sent. Tell a person, with errorType and errorMessage.")
    if cancelled_by(record):
        return f"SES had it before the cancellation. {_REACHED[record.status]}"
    return _REACHED[record.status]


def until(record: TrackingRecord) -> str | None:
    """Return the latest time at which a held email is sent or fails."""
    if record.status is not Status.DEFERRED:
        return None
    times = [entry.detail.get("until") for entry in record.history if entry.status is Status.DEFERRED]
    return max((time for time in times if isinstance(time, str)), default=None)


def all_texts() -> list[str]:
    """Return every text that an agent may read here, for the tests of their words."""
    return [
        NOT_TAKEN_UP,
        USED_BEFORE,
        CANCEL_REQUESTED,
        _BY_ITSELF,
        *_DEFERRED.values(),
        *_FAILED.values(),
        *_REACHED.values(),
    ]
