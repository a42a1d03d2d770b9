"""`sesmail pause` and `sesmail resume`: stop and restart all sending, or one producer's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.format import describe_pause, scope
from sesmail_cli.operator.sending_control import Resumed, Warned, check_producer, pause_sending, resume_sending
from sesmail_layer.domain.guards.sending_state import ACCOUNT

Producer = Annotated[str | None, typer.Option("--producer", metavar="SOURCE", help="The event source of one producer.")]
All = Annotated[bool, typer.Option("--all", help="All sending, of every producer.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason; `sesmail status` shows it, and subscribers get it.")]
Force = Annotated[
    bool, typer.Option("--force", help="Resume all sending for an hour even if an alarm on SES's own rates fires.")
]


def pause(
    context: CommandContext,
    *,
    producer: Producer = None,
    every: All = False,
    reason: Reason = "",
    force: Annotated[bool, typer.Option("--force", help="Pause a producer that the engine does not know.")] = False,
) -> int:
    """Pause the sending of one producer, or of all. Emails wait for `sesmail resume`, up to `max_hold_hours`.

    Give --producer or --all.
    """
    source = _source(producer, every=every)
    if source != ACCOUNT and not force:
        check_producer(context.engine, source, "If the name is right, add --force.")
    done = pause_sending(context.engine, source, reason)
    context.print_json({"source": source, "state": done.state})
    context.print(f"[yellow]Paused:[/] {escape(describe_pause(source, done.state))}")
    if source != ACCOUNT:
        context.print(f"It applies to events with exactly this source: '{escape(source)}'.")
    hours = done.hold_hours
    context.print(f"In force everywhere within 15 seconds. Emails held for longer than {hours} h fail as 'expired'.")
    _note(context, done.warnings)
    return OK


def resume(
    context: CommandContext,
    *,
    producer: Producer = None,
    every: All = False,
    reason: Reason = "",
    force: Force = False,
) -> int:
    """End a pause, an operator's or the breaker's. Earlier bounces and complaints no longer count.

    Give --producer or --all. All sending stays paused while an alarm on SES's own rates of the account fires, unless
    you add `--force`.
    """
    source = _source(producer, every=every)
    done = resume_sending(context.engine, source, reason, force=force)
    context.print_json(
        {
            "source": source,
            "resumed": done.before is not None and not done.refused,
            "before": done.before,
            "stillPaused": done.still_paused,
        }
    )
    _note(context, done.warnings)
    if done.refused:
        context.note(f"[red]Not resumed:[/] {escape('; '.join(done.refused))}.")
        context.note("SES pauses accounts at 10 % bounces or 0.5 % complaints. Stop the cause first: sesmail status.")
        context.note("To send for an hour anyway and bring the rate down: sesmail resume --all --force.")
        return ATTENTION
    if done.before is None and source != ACCOUNT:
        check_producer(context.engine, source)
    _print_resumed(context, done)
    return OK


def _print_resumed(context: CommandContext, done: Resumed) -> None:
    if done.before is None:
        context.print(f"Nothing to do: {escape(scope(done.source))} was not paused.")
    else:
        context.print(f"[green]Resumed.[/] It was paused: {escape(describe_pause(done.source, done.before))}")
        context.print("Held emails are checked about every minute, and then sent at the engine's rate.")
    for source, state in done.still_paused.items():
        context.note(f"[yellow]Still paused:[/] {escape(describe_pause(source, state))}")


def _source(producer: str | None, *, every: bool) -> str:
    if (producer is None) is not every:
        raise UsageError("Give --producer SOURCE for one producer, or --all for all sending.")
    if producer == ACCOUNT:
        raise UsageError("'*' is no producer: give --all for all sending.")
    return producer or ACCOUNT


def _note(context: CommandContext, warnings: Sequence[Warned]) -> None:
    for each in warnings:
        context.note(f"[yellow]{escape(each.what)}:[/] {escape(each.reason)}")
        if each.advice:
            context.note(each.advice)
