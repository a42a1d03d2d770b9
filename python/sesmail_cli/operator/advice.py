"""Next steps for an email, by its status and error type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from sesmail_cli.operator.email_log import EmailLog
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.ses.bounces import EFFECTS
from sesmail_layer.domain.times import utc_seconds, utc_text

_SAME_ID = "It never reached SES, so the producer can send the request again with the same emailId."

_BY_ERROR = {
    "template_not_found": f"Install or complete the template in the template bucket. {_SAME_ID}",
    "template_render_error": (
        f"Fix the template (`sesmail template lint`), or add the missing templateData. {_SAME_ID}"
    ),
    "validation_error": f"The producer must correct its request. {_SAME_ID}",
    "attachment_error": f"The producer must correct its attachments, or needs access to their S3 prefix. {_SAME_ID}",
    "producer_denied": f"The producer's policy does not allow it: see Terraform's variable 'producers'. {_SAME_ID}",
    "bounce_rate_exceeded": (
        "The breaker stayed open until the email's maximum hold time. Find the cause of the bounces "
        f"(`sesmail status`), then run `sesmail resume` with `--producer SOURCE` or `--all`. {_SAME_ID}"
    ),
    "quota_exceeded": f"Ask AWS for a higher sending quota, or send less. {_SAME_ID}",
    "expired": "It waited past its expiresAt, or longer than max_hold_hours. Send it again only if it is still useful.",
    "cancelled": "It was cancelled, and its id stays bound: to send it after all, request it with a new emailId.",
    "outcome_unknown": (
        "SES may have accepted it, but sent no event. Send it again with a new emailId if a second copy does no harm."
    ),
}

_SES_REJECTIONS = {
    "MailFromDomainNotVerified": "Verify the sender's domain in SES.",
    "MessageRejected": "SES rejected it: usually the sender (or, in the sandbox, the recipient) is not verified.",
    "ConfigurationSetDoesNotExist": "The configuration set is missing: run `terraform apply`.",
    "Reject": "SES found a virus in it.",
}

# A retry may wait this long in the queue after its delay.
RETRY_SLACK_SECONDS = 900.0
_RETRIED = frozenset(kind.value for kind, effect in EFFECTS.items() if effect.retried)
_SENDER_REFUSED = frozenset(kind.value for kind, effect in EFFECTS.items() if effect.sender_refused)

_HEALTHY = frozenset({Status.SENDING, Status.SENT, Status.DELAYED, Status.DELIVERED, Status.OPENED, Status.CLICKED})
_UNFINISHED = frozenset({Status.SENDING, Status.DEFERRED})
# About two minutes of tries: an error that lasts so long does not go by itself.
_TRIES_OF_AN_OUTAGE = 5
_OF_MAILBOX = frozenset({Status.SOFT_BOUNCED, Status.BOUNCED, Status.COMPLAINED})
"""What a redirected email gets from the mailbox, and no recipient has to do with."""
_HELD = frozenset({"paused", "breaker", "sending_paused", "access_denied"})


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """Next steps, and whether an operator has to act."""

    steps: list[str]
    needs_attention: bool


def advise(
    record: TrackingRecord,
    states: Mapping[str, SendingState],
    *,
    retry_at: str | None,
    now: float,
    log: EmailLog | None = None,
) -> Advice:
    """Advise on an email in its current status; `retry_at` is the result of `retry_time`.

    While an email meets errors, these come first, whatever its status says.
    """
    held = record.status is Status.DEFERRED and record.defer_reason in _HELD
    healthy = record.status in _HEALTHY or is_of_mailbox(record)
    attention = not (healthy or retry_at or (record.status is Status.DEFERRED and not held))
    steps = list(_steps(record, states, retry_at, now))
    if record.status not in _UNFINISHED or log is None or not log.tries:
        return Advice(steps=steps, needs_attention=attention)
    return Advice(
        steps=[*failing_steps(log), *(step for step in steps if not step.startswith("Nothing"))],
        needs_attention=attention or log.tries >= _TRIES_OF_AN_OUTAGE,
    )


def failing_steps(log: EmailLog | None) -> list[str]:
    """Say what to do about the error that an email meets with every try; nothing where it met none."""
    if log is None or not log.tries or log.last_error is None:
        return []
    code = log.last_error.code
    row = f"docs/error-codes.md says what {code} means" if code else "see the sender's log"
    end = f", until {log.gives_up_at}" if log.gives_up_at else ""
    return [f"Fix the cause of the last error ({row}). The engine retries it, at least every 45 s{end}."]


def retry_time(record: TrackingRecord, *, retries: int, delay_seconds: float, now: float) -> str | None:
    """Return when a soft-bounced email is retried; None if it is not, or if that time has passed.

    The request waits in the retry queue, which cannot be searched. `sensitive` emails and those too large to keep are
    not retried.
    """
    soft = [entry for entry in record.history if entry.what in _RETRIED and entry.attempt == record.attempt]
    if record.status is not Status.SOFT_BOUNCED or not soft or record.attempt > retries or record.recipients:
        return None
    due = utc_seconds(soft[-1].at) + delay_seconds
    return utc_text(due) if now < due + RETRY_SLACK_SECONDS else None


def is_of_mailbox(record: TrackingRecord) -> bool:
    """Return True for a bounce or complaint of the mailbox that the email was redirected to."""
    return record.redirected_to is not None and record.status in _OF_MAILBOX


def _steps(
    record: TrackingRecord, states: Mapping[str, SendingState], retry_at: str | None, now: float
) -> Iterable[str]:
    if is_of_mailbox(record):
        yield "It was redirected: check the mailbox in delivery.to. No recipient is concerned or suppressed."
    elif record.sink and record.status is Status.DELIVERED:
        yield "Nothing: it was not sent, because the delivery mode sank it."
    else:
        yield from _steps_of_status(record, states, retry_at, now)


def _steps_of_status(
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
            yield "Nothing yet: SES reports its delivery or bounce, and tries for up to 14 hours."
        case Status.SOFT_BOUNCED if retry_at:
            yield (f"Nothing: the engine retries it at {retry_at}, unless it is 'sensitive' or was too large to keep.")
        case Status.SOFT_BOUNCED | Status.BOUNCED if any(
            entry.status is record.status and entry.what in _SENDER_REFUSED for entry in record.history
        ):
            yield (
                "The recipient's provider rejects the sender, not the address, which is not suppressed: check the "
                "domain's SPF, DKIM and DMARC and the blocklists, then send it again with a new emailId."
            )
        case Status.SOFT_BOUNCED:
            yield "It is not retried. Send it again with a new emailId, later or smaller, if it is still useful."
        case Status.BOUNCED:
            yield "Correct the address at its source. The engine sends no more mail to it."
        case Status.COMPLAINED:
            yield "Do not mail this address again. Find out how it got onto the producer's list."
        case _:
            yield "Nothing: it was delivered."


def _failed(record: TrackingRecord) -> str:
    if record.error_type == "suppressed":
        address = record.to_email or "ADDRESS"
        return (
            f"The address is suppressed: `sesmail suppression show {address}` shows why. If the recipient wants mail: "
            f"`sesmail suppression remove {address}`. {_SAME_ID}"
        )
    if record.error_type == "duplicate_conflict":
        return f"Another request used this emailId: `sesmail explain {record.conflicts_with}`. Use a new one."
    if record.error_type == "ses_rejected":
        named = re.search(r"SES error \((\w+)\)", record.error_message or "")
        return _SES_REJECTIONS.get(named[1] if named else "", "SES rejected it; see its error message.")
    if record.error_type == "producer_denied" and "allowed_sender_addresses" in (record.error_message or ""):
        return (
            "The engine's role may not send from this address: use an allowed sender, or add it to "
            f"allowed_sender_addresses in Terraform. {_SAME_ID}"
        )
    return _BY_ERROR.get(record.error_type or "", "See its error message; docs/error-codes.md lists the codes.")


def _deferred(record: TrackingRecord, states: Mapping[str, SendingState]) -> Iterable[str]:
    """Yield the cause first: a pause that ends before its cause is gone comes back."""
    paused = [source for source in (ACCOUNT, record.original_source) if source and source in states]
    if record.defer_reason == "sending_paused":
        yield "SES paused the account or the configuration set: see its reputation dashboard, and AWS's emails to you."
    elif record.defer_reason == "access_denied":
        yield (
            "IAM denies the sender's role to send it: run `terraform apply` to restore the role's policy, and look for "
            "a deny in SES's identity policy or your organisation's. It is sent automatically afterwards."
        )
    elif not paused:
        yield "Nothing: it is sent automatically."
    if breaker := [source for source in paused if states[source].held_by_breaker]:
        which = "" if ACCOUNT in breaker else f" --producer {breaker[0]}"
        yield (
            f"First stop what causes the bounces or complaints (`sesmail find{which} --status bounced --status "
            "complained --since 1d`): the breaker opens again while it lasts."
        )
    for source in paused:
        option = " --all" if source == ACCOUNT else f" --producer {source}"
        yield f"Run `sesmail resume{option}` to release it."


def _sending(record: TrackingRecord, now: float) -> str:
    if record.lease_until > now:
        return "Nothing: a worker is sending it."
    if record.lease_until:
        return "A worker stopped while sending it. SES's Send event or the settle time (5 minutes) decides its status."
    return "Nothing: it is sent next, or redelivered by its queue."
