"""Explain one email: the work of `sesmail explain` and of the console, without printing.

Each function raises botocore's errors and TransientError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.advice import advise, failing_steps, retry_time
from sesmail_cli.operator.email_log import EmailLog, read_email_log
from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES, QUEUES, Engine
from sesmail_cli.operator.failures import describe_failure
from sesmail_cli.operator.timeline import DEFER_REASONS, Step, timeline
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression, source_key, topic_key
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds

# The record's time is the engine's; the log's, Lambda's.
_CLOCKS_DIFFER_SECONDS = 60.0
# SQS keeps a message for so long: what has no record by then will never have one.
_QUEUE_SECONDS = 14 * 86_400.0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Why an email waits, and until when, if known."""

    reason: str
    until: str | None = None
    """The latest time at which it is sent or failed; of a scheduled email, its `sendAt`."""


class Missing(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of an email without a record."""

    email_id: str
    status: None = None
    queues: Mapping[str, int]
    """The messages in each queue that has some: it may be one of them."""
    log: EmailLog | None
    log_error: str | None
    next_steps: Sequence[str]


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    email_id: str
    to_email: str | None
    status: str
    delivery_mode: str
    """The mode of the sender's latest write."""
    redirected_to: str | None
    """The mailbox that got the latest attempt in place of the recipients."""
    sink: bool
    """True where the latest attempt was not sent, but recorded as sent and delivered."""
    attempt: int
    timeline: list[Step] = msgspec.field(name="story")
    waiting: Waiting | None
    paused: Mapping[str, SendingState]
    suppressions: list[Suppression]
    retry_at: str | None
    """When a soft-bounced email is retried."""
    unknown_fields: list[str]
    """Fields of the request that the engine does not know."""
    conflicts_with: str | None
    """The email that has the id this request asked for."""
    log: EmailLog | None
    """None: it was not asked for, or could not be read."""
    log_error: str | None
    """Why the log could not be read."""
    next_steps: list[str]
    needs_attention: bool


def find_record(engine: Engine, given: str) -> TrackingRecord | None:
    """Read the record of an email by its id, else by SES's message id."""
    if record := engine.tracking.get_many([given]).get(given):
        return record
    email_id = engine.tracking.find_by_ses_message_id(given)
    return engine.tracking.get_many([email_id]).get(email_id) if email_id else None


def explain_record(engine: Engine, record: TrackingRecord, *, with_log: bool = True) -> Explanation:
    """Explain an email; `with_log` also searches the sender's log for what the record does not know, up to 5 s."""
    now = engine.clock.now()
    states = engine.paused([record.original_source] if record.original_source else [])
    addresses = [address for address in (record.to_email, *record.recipients) if address]
    left = [topic_key(address, record.topic) for address in addresses] if record.topic else []
    left += [source_key(address, record.original_source or "") for address in addresses]
    found = engine.suppression.get_many([*addresses, *left])
    suppressions = list(found.values())
    # The soft bounce that suppressed the address is not retried.
    retry_at = None if any(address in found for address in addresses) else _retry_at(engine, record, now)
    log, error = _log_of(engine, record.email_id, utc_seconds(record.timestamp)) if with_log else (None, None)
    advice = advise(record, states, retry_at=retry_at, now=now, log=log)
    return Explanation(
        email_id=record.email_id,
        to_email=record.to_email,
        status=record.status,
        delivery_mode=record.delivery_mode or "live",
        redirected_to=record.redirected_to,
        sink=record.sink,
        attempt=record.attempt,
        timeline=timeline(record),
        waiting=_waiting(record, now),
        paused=states,
        suppressions=suppressions,
        retry_at=retry_at,
        unknown_fields=record.unknown_fields,
        conflicts_with=record.conflicts_with,
        log=log,
        log_error=error,
        next_steps=advice.steps,
        needs_attention=advice.needs_attention,
    )


def _waiting(record: TrackingRecord, now: float) -> Waiting | None:
    if record.status is not Status.DEFERRED:
        return None
    # As long as the hold itself lasts, its own end counts.
    ends = [
        entry.detail.get("heldUntil") or entry.detail.get("until")
        for entry in record.history
        if entry.status is Status.DEFERRED
    ]
    reason = DEFER_REASONS.get(record.defer_reason or "", record.defer_reason or "not known")
    until = ends[-1] if ends else None
    # An earlier version wrote the time of the first check, which has passed.
    return Waiting(reason=reason, until=until if until and utc_seconds(until) > now else None)


def _retry_at(engine: Engine, record: TrackingRecord, now: float) -> str | None:
    if record.status is not Status.SOFT_BOUNCED:
        return None
    retries, delay = engine.soft_bounce_retries, engine.retry_delay_seconds
    return retry_time(record, retries=retries, delay_seconds=delay, now=now)


def explain_missing(engine: Engine, email_id: str, *, with_log: bool = True) -> Missing:
    """Explain why an email may have no record: where it may wait, and what the log says of it."""
    depths = {name: depth for name in (*QUEUES, *DEAD_LETTER_QUEUES) if (depth := engine.depth(name).total)}
    since = engine.clock.now() - _QUEUE_SECONDS
    log, error = _log_of(engine, email_id, since) if with_log else (None, None)
    steps = [*failing_steps(log), *_steps_without_record(depths)]
    return Missing(email_id=email_id, queues=depths, log=log, log_error=error, next_steps=steps)


def _log_of(engine: Engine, email_id: str, since: float) -> tuple[EmailLog | None, str | None]:
    """Read the sender's log; None, with the reason, where the role may not."""
    group = f"/aws/lambda/{engine.resource_name('EmailSender')}"
    try:
        return read_email_log(engine.logs, group, email_id, since - _CLOCKS_DIFFER_SECONDS, engine.clock), None
    except engine.logs.exceptions.ResourceNotFoundException:
        return EmailLog(), None  # The function has never run.
    except (BotoCoreError, ClientError) as err:
        return None, describe_failure(err, engine.name)


def _steps_without_record(depths: Mapping[str, int]) -> Sequence[str]:
    where = ", ".join(f"{name} {depth}" for name, depth in depths.items())
    return [
        f"It may be waiting in a queue ({where})." if where else "It is not waiting: all queues are empty.",
        "Records are deleted after data_retention_days, and by `sesmail erase`.",
        "Check the id: a request without an emailId gets `email-` and the event id that PutEvents returned. Check the "
        "detail-type too: the engine accepts only 'Email Request'.",
    ]
