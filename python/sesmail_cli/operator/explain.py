"""`sesmail explain EMAIL_ID`: one email's timeline, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.email_log import EmailLog
from sesmail_cli.operator.explaining import Explanation, explain_missing, explain_record, find_record
from sesmail_cli.operator.find import found, newest_to, print_emails
from sesmail_cli.operator.format import describe_origin, describe_pause, duration
from sesmail_cli.operator.timeline import Step
from sesmail_cli.terminal import coloured
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.usecases.find import Page

_NEWEST = 20
"""So many emails to an address are listed."""


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
    _print_log(context, explanation.log, explanation.log_error)
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
            wait = f", until {until} at the latest (in {duration(left)})"
        context.print(f"[yellow]Waiting:[/] {escape(explanation.waiting.reason + wait)}")
    for source, state in explanation.paused.items():
        pause = describe_pause(source, state, context.engine.cooldown_seconds)
        context.print(f"[yellow]Paused now:[/] {escape(pause)}")


def _explain_missing(context: CommandContext, email_id: str) -> int:
    missing = explain_missing(context.engine, email_id)
    context.print_json(missing)
    context.print(f"[yellow]There is no record of[/] [bold]{escape(email_id)}[/].")
    _print_log(context, missing.log, missing.log_error)
    for text in missing.next_steps:
        context.print(f"[bold]Next:[/] {escape(text)}")
    return ATTENTION


def _print_log(context: CommandContext, log: EmailLog | None, error: str | None) -> None:
    """Print what only the log knows."""
    if error:
        context.note(f"The sender's log could not be read, so tries and errors are not shown: {escape(error)}")
    if log is None:
        return
    if log.tries:
        context.print(f"[yellow]Tries in a row that failed:[/] {log.tries}")
    if log.last_error:
        code = f"{log.last_error.code}: " if log.last_error.code else ""
        context.print(
            f"[yellow]Last error in the log:[/] {escape(f'{log.last_error.at}  {code}{log.last_error.message}')}"
        )
    if log.duplicates:
        context.print(f"Duplicates: the same request arrived {log.duplicates} more times, and was not sent again")
    if log.conflicts:
        context.print(f"[yellow]Conflicts:[/] other requests used its emailId: {escape(', '.join(log.conflicts))}")
    if not log.complete:
        context.note("The sender's log is large and was searched for only 5 s: there may be more.")
