"""`sesmail explain EMAIL_ID`: one email's whole story, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from sesmail_cli.operator.advice import advise, retry_time
from sesmail_cli.operator.command import ATTENTION, OK, Operator
from sesmail_cli.operator.health import DEAD_LETTERS, QUEUES
from sesmail_cli.operator.stack import Stack
from sesmail_cli.operator.story import DEFER_REASONS, Step, story
from sesmail_cli.operator.suppression_words import where_from
from sesmail_cli.operator.words import duration, pause_in_words
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds

_GOOD = frozenset({"sent", "delivered", "opened", "clicked"})
_BAD = frozenset({"failed", "bounced", "complained", "soft_bounced"})


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Why an email waits, and until when, as far as that is known."""

    reason: str
    until: str | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    email_id: str
    to_email: str | None
    status: str
    attempt: int
    story: list[Step]
    waiting: Waiting | None
    paused: Mapping[str, SendingState]
    suppressions: list[Suppression]
    retry_at: str | None
    """When a soft-bounced email is sent once more."""
    next_steps: list[str]
    needs_attention: bool


def explain(
    operator: Operator,
    email_id: Annotated[str, typer.Argument(metavar="EMAIL_ID", help="The email's id, or SES's message id.")],
) -> int:
    """Tell the whole story of one email, with why, and what to do next."""
    record = _find(operator.stack, email_id)
    if record is None:
        return _without_record(operator, email_id)
    explanation = _explained(operator.stack, record)
    operator.answer(explanation)
    _tell(operator, record, explanation)
    return ATTENTION if explanation.needs_attention else OK


def _find(stack: Stack, given: str) -> TrackingRecord | None:
    return stack.tracking.get_many([given]).get(given) or stack.tracking.find_by_ses_message_id(given)


def _explained(stack: Stack, record: TrackingRecord) -> Explanation:
    now = stack.clock.now()
    states = stack.paused([record.original_source] if record.original_source else [])
    addresses = [address for address in (record.to_email, *record.recipients) if address]
    suppressions = list(stack.suppression.get_many(addresses).values())
    # The soft bounce that suppressed the address is the last.
    retry_at = None if suppressions else _retry_at(stack, record, now)
    advice = advise(record, states, retry_at=retry_at, now=now)
    return Explanation(
        email_id=record.email_id,
        to_email=record.to_email,
        status=record.status,
        attempt=record.attempt,
        story=story(record),
        waiting=_waiting(record, now),
        paused=states,
        suppressions=suppressions,
        retry_at=retry_at,
        next_steps=advice.steps,
        needs_attention=advice.needs_attention,
    )


def _waiting(record: TrackingRecord, now: float) -> Waiting | None:
    if record.status is not Status.DEFERRED:
        return None
    untils = [entry.detail.get("until") for entry in record.history if entry.status is Status.DEFERRED]
    reason = DEFER_REASONS.get(record.defer_reason or "", record.defer_reason or "not known")
    until = untils[-1] if untils else None
    # What is held looks again and again; the record tells the first time only.
    return Waiting(reason=reason, until=until if until and utc_seconds(until) > now else None)


def _retry_at(stack: Stack, record: TrackingRecord, now: float) -> str | None:
    if record.status is not Status.SOFT_BOUNCED:
        return None
    retries, delay = stack.soft_bounce_retries, stack.retry_delay_seconds
    return retry_time(record, retries=retries, delay_seconds=delay, now=now)


def _tell(operator: Operator, record: TrackingRecord, found: Explanation) -> None:
    to = escape(record.to_email or "an address that could not be read")
    operator.say(f"[bold]{escape(record.email_id)}[/] to {to}: {_coloured(record.status)}, attempt {record.attempt}")
    if record.subject:
        operator.say(f"Subject: {escape(record.subject)}")
    operator.say()
    for step in found.story:
        _tell_step(operator, step, with_attempt=record.attempt > 1)
    for address, state in record.recipients.items():
        operator.say(f"{(state.type or 'copy')} {escape(address)}: {_coloured(state.status)}")
    operator.say()
    _tell_waiting(operator, found)
    for entry in found.suppressions:
        own = "by this very email" if entry.email_id == record.email_id else where_from(entry)
        operator.say(f"[yellow]Suppressed:[/] {escape(entry.email)} ({entry.reason}), {escape(own)}")
    for text in found.next_steps:
        operator.say(f"[bold]Next:[/] {escape(text)}")


def _tell_step(operator: Operator, step: Step, *, with_attempt: bool) -> None:
    attempt = f" (attempt {step.attempt})" if with_attempt else ""
    about = f" [{step.recipient}]" if step.recipient else ""
    status = f"  → {_coloured(step.status)}" if step.status else ""
    operator.say(f"{step.at}  {escape(step.what + about + attempt)}{status}")


def _tell_waiting(operator: Operator, found: Explanation) -> None:
    if found.waiting:
        until = found.waiting.until
        wait = ""
        if until:
            left = utc_seconds(until) - operator.stack.clock.now()
            wait = f", until {until} (in {duration(left)})"
        operator.say(f"[yellow]It waits:[/] {escape(found.waiting.reason)}{wait}")
    for source, state in found.paused.items():
        operator.say(f"[yellow]Paused now:[/] {escape(pause_in_words(source, state, operator.stack.cooldown_seconds))}")


def _coloured(status: str) -> str:
    colour = "green" if status in _GOOD else "red" if status in _BAD else "cyan"
    return f"[{colour}]{status}[/]"


def _without_record(operator: Operator, email_id: str) -> int:
    stack = operator.stack
    depths = {name: depth for name in (*QUEUES, *DEAD_LETTERS) if (depth := stack.depth(name).total)}
    steps = _steps_without_record(depths)
    operator.answer({"emailId": email_id, "status": None, "queues": depths, "nextSteps": steps})
    operator.say(f"[yellow]There is no record of[/] [bold]{escape(email_id)}[/].")
    for text in steps:
        operator.say(f"[bold]Next:[/] {escape(text)}")
    return ATTENTION


def _steps_without_record(depths: Mapping[str, int]) -> Sequence[str]:
    where = ", ".join(f"{name} {depth}" for name, depth in depths.items())
    return [
        f"It may still wait in a queue ({where})." if where else "No queue holds anything, so it does not wait there.",
        "Records are deleted after data_retention_days, and by `sesmail erase`.",
        "Without an emailId of its own, a request has the id `email-` + the id that PutEvents answered. Compare it, "
        "and the detail-type: only 'Email Request' is taken.",
    ]
