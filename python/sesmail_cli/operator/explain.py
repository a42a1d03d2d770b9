"""`sesmail explain EMAIL_ID`: one email's timeline, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import typer
from rich.markup import escape

from sesmail_cli.operator.advice import advise, retry_time
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES, QUEUES, Engine
from sesmail_cli.operator.find import found, newest_to, print_emails
from sesmail_cli.operator.format import describe_origin, describe_pause, duration
from sesmail_cli.operator.timeline import DEFER_REASONS, Step, timeline
from sesmail_cli.terminal import coloured
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.usecases.find import Page

_NEWEST = 20
"""So many emails to an address are listed."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Why an email waits, and until when, if known."""

    reason: str
    until: str | None = None


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
    next_steps: list[str]
    needs_attention: bool


def explain(
    context: CommandContext,
    email_id: Annotated[
        str, typer.Argument(metavar="EMAIL_ID", help="The email's id, SES's message id, or an address.")
    ],
) -> int:
    """Show the timeline of one email, with reasons, and what to do next."""
    record = find_record(context.engine, email_id)
    if record is None and "@" in email_id and (page := newest_to(context.engine, email_id, _NEWEST)).records:
        return _list_newest(context, page)
    if record is None:
        return _explain_missing(context, email_id)
    explanation = explain_record(context.engine, record)
    context.print_json(explanation)
    _print(context, record, explanation)
    return ATTENTION if explanation.needs_attention else OK


def _list_newest(context: CommandContext, page: Page) -> int:
    emails = found(page.records)
    context.print_json({"emails": emails, "more": page.cursor is not None})
    print_emails(context, emails)
    context.note("Explain one: `sesmail explain EMAIL_ID`. More: `sesmail find --to ADDRESS`.")
    return OK


def find_record(engine: Engine, given: str) -> TrackingRecord | None:
    """Return the record of an email's id, or of SES's message id. Raises TransientError."""
    if record := engine.tracking.get_many([given]).get(given):
        return record
    email_id = engine.tracking.find_by_ses_message_id(given)
    return engine.tracking.get_many([email_id]).get(email_id) if email_id else None


def explain_record(engine: Engine, record: TrackingRecord) -> Explanation:
    """Read what the record does not say: pauses and suppressions. Raises TransientError."""
    now = engine.clock.now()
    states = engine.paused([record.original_source] if record.original_source else [])
    addresses = [address for address in (record.to_email, *record.recipients) if address]
    suppressions = list(engine.suppression.get_many(addresses).values())
    # The soft bounce that suppressed the address is not retried.
    retry_at = None if suppressions else _retry_at(engine, record, now)
    advice = advise(record, states, retry_at=retry_at, now=now)
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
        next_steps=advice.steps,
        needs_attention=advice.needs_attention,
    )


def _waiting(record: TrackingRecord, now: float) -> Waiting | None:
    if record.status is not Status.DEFERRED:
        return None
    untils = [entry.detail.get("until") for entry in record.history if entry.status is Status.DEFERRED]
    reason = DEFER_REASONS.get(record.defer_reason or "", record.defer_reason or "not known")
    until = untils[-1] if untils else None
    # A held email is checked repeatedly, but its record has the time of the first check only.
    return Waiting(reason=reason, until=until if until and utc_seconds(until) > now else None)


def _retry_at(engine: Engine, record: TrackingRecord, now: float) -> str | None:
    if record.status is not Status.SOFT_BOUNCED:
        return None
    retries, delay = engine.soft_bounce_retries, engine.retry_delay_seconds
    return retry_time(record, retries=retries, delay_seconds=delay, now=now)


def _print(context: CommandContext, record: TrackingRecord, explanation: Explanation) -> None:
    to = escape(record.to_email or "an address that could not be read")
    context.print(f"[bold]{escape(record.email_id)}[/] to {to}: {coloured(record.status)}, attempt {record.attempt}")
    if record.sink:
        context.print(f"[yellow]Sunk:[/] not sent, but recorded (delivery mode {explanation.delivery_mode})")
    if record.redirected_to:
        context.print(f"[yellow]Redirected:[/] sent to {escape(record.redirected_to)}, and to no recipient")
    if record.subject:
        context.print(f"Subject: {escape(record.subject)}")
    context.print()
    for step in explanation.timeline:
        _print_step(context, step, with_attempt=record.attempt > 1)
    for address, state in record.recipients.items():
        context.print(f"{escape(state.type or 'copy')} {escape(address)}: {coloured(state.status)}")
    context.print()
    _print_waiting(context, explanation)
    for entry in explanation.suppressions:
        origin = "by this email" if entry.email_id == record.email_id else describe_origin(entry)
        context.print(f"[yellow]Suppressed:[/] {escape(entry.email)} ({escape(entry.reason)}), {escape(origin)}")
    if record.unknown_fields:
        context.print(f"[yellow]Unknown fields, ignored:[/] {escape(', '.join(record.unknown_fields))}")
    if record.conflicts_with:
        context.print(f"[yellow]Conflict:[/] its emailId was another email's: {escape(record.conflicts_with)}")
    for text in explanation.next_steps:
        context.print(f"[bold]Next:[/] {escape(text)}")


def _print_step(context: CommandContext, step: Step, *, with_attempt: bool) -> None:
    attempt = f" (attempt {step.attempt})" if with_attempt else ""
    about = f" [{step.recipient}]" if step.recipient else ""
    status = f"  → {coloured(step.status)}" if step.status else ""
    context.print(f"{escape(step.at)}  {escape(step.what + about + attempt)}{status}")


def _print_waiting(context: CommandContext, explanation: Explanation) -> None:
    if explanation.waiting:
        until = explanation.waiting.until
        wait = ""
        if until:
            left = utc_seconds(until) - context.engine.clock.now()
            wait = f", until {until} (in {duration(left)})"
        context.print(f"[yellow]Waiting:[/] {escape(explanation.waiting.reason + wait)}")
    for source, state in explanation.paused.items():
        pause = describe_pause(source, state, context.engine.cooldown_seconds)
        context.print(f"[yellow]Paused now:[/] {escape(pause)}")


def _explain_missing(context: CommandContext, email_id: str) -> int:
    engine = context.engine
    depths = {name: depth for name in (*QUEUES, *DEAD_LETTER_QUEUES) if (depth := engine.depth(name).total)}
    steps = _next_steps(depths)
    context.print_json({"emailId": email_id, "status": None, "queues": depths, "nextSteps": steps})
    context.print(f"[yellow]There is no record of[/] [bold]{escape(email_id)}[/].")
    for text in steps:
        context.print(f"[bold]Next:[/] {escape(text)}")
    return ATTENTION


def _next_steps(depths: Mapping[str, int]) -> Sequence[str]:
    where = ", ".join(f"{name} {depth}" for name, depth in depths.items())
    return [
        f"It may be waiting in a queue ({where})." if where else "It is not waiting: all queues are empty.",
        "Records are deleted after data_retention_days, and by `sesmail erase`.",
        "Check the id: a request without an emailId gets `email-` and the event id that PutEvents returned. Check the "
        "detail-type too: the engine accepts only 'Email Request'.",
    ]
