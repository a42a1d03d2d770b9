"""What to do about an email, by how it stands: one place for what the runbook says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.bounces import EFFECTS
from sesmail_layer.domain.times import utc_seconds, utc_text

_SAME_ID = "It never reached SES, so the producer may ask again under the same emailId."

_BY_ERROR = {
    "template_not_found": f"Install or complete the template in the template bucket. {_SAME_ID}",
    "template_render_error": (
        f"Mend the template (`sesmail template lint`), or the templateData that it lacks. {_SAME_ID}"
    ),
    "validation_error": f"The producer has to correct its request. {_SAME_ID}",
    "attachment_error": f"The producer has to correct its attachments, or be given their S3 prefix. {_SAME_ID}",
    "producer_denied": f"The producer's policy forbids it: Terraform's variable 'producers' says who may. {_SAME_ID}",
    "bounce_rate_exceeded": (
        "It was held for as long as it may be while the breaker was open. Find out why so much bounced "
        f"(`sesmail status`), then `sesmail resume`. {_SAME_ID}"
    ),
    "quota_exceeded": f"Ask AWS for a higher sending quota, or send less. {_SAME_ID}",
    "expired": "It waited past its expiresAt, or longer than max_hold_hours. Ask again only if it is still worth it.",
    "outcome_unknown": (
        "SES may have accepted it, and no SES event confirmed it. "
        "Ask again under a new emailId if a second copy does no harm."
    ),
}

_REFUSALS = {
    "MailFromDomainNotVerified": "Verify the sender's domain in SES.",
    "MessageRejected": "SES refused it: most often the sender (or, in the sandbox, the recipient) is not verified.",
    "ConfigurationSetDoesNotExist": "The configuration set is gone: run `terraform apply`.",
    "Reject": "SES found a virus in it.",
}

RETRY_SLACK_SECONDS = 900.0
"""After its delay, what a retry may still have to wait for its turn."""
_RETRIED = frozenset(kind.value for kind, effect in EFFECTS.items() if effect.retried)
_SENDER_REFUSED = frozenset(kind.value for kind, effect in EFFECTS.items() if effect.sender_refused)

_WELL = frozenset({Status.SENDING, Status.SENT, Status.DELAYED, Status.DELIVERED, Status.OPENED, Status.CLICKED})
_HELD = frozenset({"paused", "breaker", "sending_paused"})


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to do next, and whether anything has to be done at all."""

    steps: list[str]
    needs_attention: bool


def advise(record: TrackingRecord, states: Mapping[str, SendingState], *, retry_at: str | None, now: float) -> Advice:
    """Says what an operator can do about an email as it stands now; `retry_at` is `retry_time`'s answer."""
    held = record.status is Status.DEFERRED and record.defer_reason in _HELD
    attention = not (record.status in _WELL or retry_at or (record.status is Status.DEFERRED and not held))
    return Advice(steps=list(_steps(record, states, retry_at, now)), needs_attention=attention)


def retry_time(record: TrackingRecord, *, retries: int, delay_seconds: float, now: float) -> str | None:
    """Says when a soft-bounced email is sent once more; None where it is not, or should have been by now.

    Its request waits in the retry queue then, where nobody can look: an email that was `sensitive`, or too large to be
    kept, has none there.
    """
    soft = [entry for entry in record.history if entry.what in _RETRIED and entry.attempt == record.attempt]
    if record.status is not Status.SOFT_BOUNCED or not soft or record.attempt > retries or record.recipients:
        return None
    due = utc_seconds(soft[-1].at) + delay_seconds
    return utc_text(due) if now < due + RETRY_SLACK_SECONDS else None


def _steps(
    record: TrackingRecord, states: Mapping[str, SendingState], retry_at: str | None, now: float
) -> Iterable[str]:
    match record.status:
        case Status.FAILED:
            yield _failed(record)
        case Status.DEFERRED:
            yield from _deferred(record, states)
        case Status.SENDING:
            yield _sending(record, now)
        case Status.SENT | Status.DELAYED:
            yield "Nothing yet: SES tells when it is delivered or bounces (it tries for up to 14 hours)."
        case Status.SOFT_BOUNCED if retry_at:
            yield (
                f"Nothing: the engine sends it once more at {retry_at}, unless it is 'sensitive' or was too large "
                "to be kept."
            )
        case Status.SOFT_BOUNCED | Status.BOUNCED if any(
            entry.status is record.status and entry.what in _SENDER_REFUSED for entry in record.history
        ):
            yield (
                "The recipient's provider rejects the sender, not the address, which is not suppressed: check the "
                "domain's SPF, DKIM and DMARC and the blocklists, then ask again under a new emailId."
            )
        case Status.SOFT_BOUNCED:
            yield "It is not tried again. Ask again under a new emailId, later or smaller, if it still matters."
        case Status.BOUNCED:
            yield "Correct the address at its source; no mail goes to it any more."
        case Status.COMPLAINED:
            yield "Do not write to this address again; find out how it came onto the producer's list."
        case _:
            yield "Nothing: it arrived."


def _failed(record: TrackingRecord) -> str:
    if record.error_type == "suppressed":
        address = record.to_email or "ADDRESS"
        return (
            f"The address is on the suppression list: `sesmail suppression show {address}` says why. If mail is wanted "
            f"after all: `sesmail suppression remove {address}`. {_SAME_ID}"
        )
    if record.error_type == "duplicate_conflict":
        return f"Another request had the id first: `sesmail explain {record.conflicts_with}`. Ask under a new emailId."
    if record.error_type == "ses_rejected":
        named = re.search(r"SES error \((\w+)\)", record.error_message or "")
        return _REFUSALS.get(named[1] if named else "", "SES refused it; its message says why.")
    return _BY_ERROR.get(record.error_type or "", "Its error message says why; docs/troubleshooting.md has its code.")


def _deferred(record: TrackingRecord, states: Mapping[str, SendingState]) -> Iterable[str]:
    paused = [source for source in (ACCOUNT, record.original_source) if source and source in states]
    for source in paused:
        option = "" if source == ACCOUNT else f" --producer {source}"
        yield f"`sesmail resume{option}` lets it go."
    if record.defer_reason == "sending_paused":
        yield "SES has paused the account or the configuration set: see its reputation dashboard, and AWS's mails."
    elif not paused:
        yield "Nothing: it goes out by itself."


def _sending(record: TrackingRecord, now: float) -> str:
    if record.lease_until > now:
        return "Nothing: a worker has it in hand right now."
    if record.lease_until:
        return "A worker stopped on it. SES's Send event, or the settle time (5 minutes), decides what comes next."
    return "Nothing: it is sent next, or comes again from its queue."
