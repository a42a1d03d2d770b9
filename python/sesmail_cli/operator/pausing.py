"""`sesmail pause` and `sesmail resume`: stop and restart all sending, or one producer's."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.command import OK, CommandContext
from sesmail_cli.operator.format import describe_pause, scope
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, resumed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorizedForSourceException"})

Producer = Annotated[
    str,
    typer.Option("--producer", metavar="SOURCE", help="One producer's event source; default: all sending."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; shown in status, and sent to subscribers.")]


def pause(context: CommandContext, *, producer: Producer = ACCOUNT, reason: Reason = "") -> int:
    """Pause all sending, or one producer's. Nothing is lost: emails wait, and are sent after `sesmail resume`."""
    engine = context.engine
    state = engine.states.pause(producer, reason, engine.clock.now())
    _publish(context, paused_event(producer, state, 0))
    context.print_json({"source": producer, "state": state})
    context.print(f"[yellow]Paused:[/] {escape(describe_pause(producer, state))}")
    if producer != ACCOUNT:
        context.print(f"It applies to events with exactly this source: '{escape(producer)}'.")
    hours = engine.setting("SESMAIL_MAX_HOLD_HOURS", "24")
    context.print(f"In force everywhere within 15 seconds. Emails held for longer than {hours} h fail as 'expired'.")
    return OK


def resume(context: CommandContext, *, producer: Producer = ACCOUNT, reason: Reason = "") -> int:
    """End a pause, an operator's or the breaker's. Earlier bounces and complaints no longer count."""
    engine = context.engine
    now = engine.clock.now()
    before = engine.states.resume(producer, now)
    if before is not None:
        _publish(context, resumed_event(producer, reason, "operator", now))
    still_paused = engine.states.paused()
    context.print_json(
        {"source": producer, "resumed": before is not None, "before": before, "stillPaused": still_paused}
    )
    if before is None:
        context.print(f"Nothing to do: {escape(scope(producer))} was not paused.")
    else:
        context.print(f"[green]Resumed.[/] It was paused: {escape(describe_pause(producer, before))}")
        context.print("Held emails are checked about every minute, and then sent at the engine's rate.")
    for source, state in still_paused.items():
        context.note(f"[yellow]Still paused:[/] {escape(describe_pause(source, state))}")
    return OK


def _publish(context: CommandContext, event: SendingEvent) -> None:
    """Publish the event that the breaker would publish; the pause is in force either way."""
    error = context.engine.bus.announce(event)
    if error:
        context.note(f"[yellow]'{event.detail_type}' was not published to subscribers:[/] {escape(error)}")
    if error in _DENIED:
        context.note("It is in force all the same. To publish it, add your role to operator_principals in Terraform.")
