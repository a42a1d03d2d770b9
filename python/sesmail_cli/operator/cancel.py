"""`sesmail cancel`: end emails that have not been handed to SES, one or all that match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.arguments import note_yesterday, point_in_time
from sesmail_cli.operator.cancelling import (
    CancelResult,
    OneResult,
    Preview,
    Selection,
    cancel_one,
    cancel_selection,
    preview,
    preview_one,
)
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.sending_control import why_unknown
from sesmail_cli.terminal import err
from sesmail_layer.domain.guards.cancelling import CancellationsFullError
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.usecases.cancel import Outcome

_OF_ONE = {
    Outcome.CANCELLED: ("It waits", "is cancelled: it ends 'failed', errorType 'cancelled'"),
    Outcome.BEFORE_REQUEST: ("No request with this id has arrived", "is cancelled: its request will not be sent"),
    Outcome.CANCELLED_BEFORE: ("It is cancelled already", "was cancelled before"),
    Outcome.BEING_SENT: ("A worker is handing it to SES now", "goes to SES now, or ends cancelled: see explain"),
    Outcome.HANDED_TO_SES: ("It was handed to SES", "was handed to SES already; it is not retried"),
    Outcome.FAILED_BEFORE: ("It failed", "had failed for another reason; it is not sent under this id any more"),
}
_OF_MANY = {
    Outcome.CANCELLED: "cancelled",
    Outcome.BEING_SENT: "being handed to SES: they go out now, or end cancelled",
    Outcome.HANDED_TO_SES: "handed to SES already: nothing can be done about them",
    Outcome.CANCELLED_BEFORE: "cancelled before",
    Outcome.FAILED_BEFORE: "failed before, for another reason",
    Outcome.BEFORE_REQUEST: "",
}


def cancel(
    context: CommandContext,
    email_id: Annotated[
        str | None, typer.Argument(metavar="[EMAIL_ID]", help="The id of one email, also before its request arrives.")
    ] = None,
    *,
    producer: Annotated[
        str | None, typer.Option("--producer", metavar="SOURCE", help="Only this producer's emails.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help="Only emails since a date, a time, or a span (2h).")
    ] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only emails with this tag.")] = None,
    template: Annotated[str | None, typer.Option("--template", help="Only emails with this template.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Cancel emails that SES does not have yet: one by its id, or all that match. Shows them first, then asks.

    They end 'failed' with errorType 'cancelled', whatever they wait for, and are never sent. Emails without a record
    are cancelled when their message is read.
    """
    if email_id is not None:
        if since or tag or template:
            raise UsageError("An EMAIL_ID is one email: give it alone, or with --producer.")
        _note_unknown(context, producer)
        return _one(context, email_id, producer, yes=yes, dry_run=dry_run)
    now = context.engine.clock.now()
    start = point_in_time(since, now) if since else None
    selection = Selection(producer=producer, since=start, template=template, tag=tag)
    if selection == Selection():
        raise UsageError("Which emails? Give an EMAIL_ID, or one or more of --producer, --since, --tag, --template.")
    selection.check(now)
    if start:
        note_yesterday(context, "--since", since, start)
    return _many(context, selection, yes=yes, dry_run=dry_run)


def _note_unknown(context: CommandContext, producer: str | None) -> None:
    """Note a producer that is not known: it may have only scheduled mail so far, which can be cancelled."""
    if producer is not None and (unknown := why_unknown(context.engine, producer)):
        context.note(f"[yellow]{escape(unknown)}[/]")


def _one(context: CommandContext, email_id: str, producer: str | None, *, yes: bool, dry_run: bool) -> int:
    before = preview_one(context.engine, email_id, producer)
    state = f" (status '{escape(before.status)}')" if before.status else ""
    context.print(f"[bold]{escape(before.email_id)}[/]: {_OF_ONE[before.outcome][0]}{state}.")
    if not context.confirm("Cancel it?", yes=yes, dry_run=dry_run):
        context.print_json({"emailId": before.email_id, "wouldBe": before.outcome, "cancelled": False})
        return OK if dry_run else ATTENTION
    done = cancel_one(context.engine, email_id, producer)
    _print_one(context, done)
    return OK if done.outcome in (Outcome.CANCELLED, Outcome.BEFORE_REQUEST, Outcome.CANCELLED_BEFORE) else ATTENTION


def _print_one(context: CommandContext, done: OneResult) -> None:
    context.print_json(done)
    good = done.outcome in (Outcome.CANCELLED, Outcome.BEFORE_REQUEST)
    context.print(f"[{'green' if good else 'yellow'}]{escape(done.email_id)}[/] {_OF_ONE[done.outcome][1]}.")
    _note_unpublished(context, done.unpublished)
    _note_uncounted(context, done.uncounted)


def _many(context: CommandContext, selection: Selection, *, yes: bool, dry_run: bool) -> int:
    context.print(f"Cancel all {escape(selection.describe())}:")
    if selection.producer == ACCOUNT:
        raise UsageError("'*' is no producer: leave --producer out for all of them.")
    if dry_run or not yes:  # With --yes the rule comes first: emails go out while they are counted.
        _note_unknown(context, selection.producer)
        with err.status("Searching"):
            before = preview(context.engine, selection)
        _print_known(context, before.known, of_dry_run=True)
        _print_unknown(context, before)
        if not context.confirm("Cancel them?", yes=yes, dry_run=dry_run):
            context.print_json({"selection": selection, "would": before, "cancelled": False})
            return OK if dry_run else ATTENTION
    try:
        with err.status("Cancelling") as shown:
            done = cancel_selection(
                context.engine, selection, progress=lambda count: shown.update(f"Cancelling: {count} checked")
            )
    except CancellationsFullError as error:
        raise UsageError(f"{error}. They expire by themselves. Use fewer, wider selections.") from error
    context.print_json({"selection": selection, "cancelled": True, "result": done})
    _print_done(context, done)
    if yes:
        _note_unknown(context, selection.producer)
    return ATTENTION if done.known.get(Outcome.HANDED_TO_SES) or done.known.get(Outcome.BEING_SENT) else OK


def _print_done(context: CommandContext, done: CancelResult) -> None:
    context.print("[green]Cancelled.[/]")
    _print_known(context, done.known, of_dry_run=False)
    context.print(
        "Emails without a record are cancelled when their message is read; their number is not known. "
        f"The rule is in force everywhere within 15 seconds, until {done.in_force_until}."
    )
    _note_unpublished(context, done.unpublished)
    _note_uncounted(context, done.uncounted)


def _print_known(context: CommandContext, known: Mapping[Outcome, int], *, of_dry_run: bool) -> None:
    if not known:
        context.print("  no record matches")
    for outcome, text in _OF_MANY.items():
        if count := known.get(outcome, 0):
            would = "would be " if of_dry_run and outcome is Outcome.CANCELLED else ""
            context.print(f"  {count:>8,} {would}{text}")


def _print_unknown(context: CommandContext, before: Preview) -> None:
    if before.counted_back_to:
        context.print(f"  counted back to {before.counted_back_to}; earlier emails are cancelled too")
    context.print(
        f"  and every match without a record: the queues hold about {before.waiting_messages:,} messages, "
        "of all producers"
    )


def _note_unpublished(context: CommandContext, unpublished: Mapping[str, int]) -> None:
    for reason, count in unpublished.items():
        context.note(f"[yellow]{count} status events were not published:[/] {escape(reason)}")
    if unpublished:
        context.note(
            "The engine publishes each when its message is read. To publish them at once, add your role to "
            "operator_principals in Terraform."
        )


def _note_uncounted(context: CommandContext, why: str | None) -> None:
    if why:
        context.note(f"[yellow]The figures of `sesmail report` lack some of them:[/] {escape(why)}")
