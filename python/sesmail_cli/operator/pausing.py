"""`sesmail pause` and `sesmail resume`: an operator's hand on the tap."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.command import OK, Operator
from sesmail_cli.operator.words import pause_in_words, whose
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, resumed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT

Producer = Annotated[
    str,
    typer.Option("--producer", metavar="SOURCE", help="One producer's event source; without it, all sending."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever looks at it next.")]


def pause(operator: Operator, *, producer: Producer = ACCOUNT, reason: Reason = "") -> int:
    """Hold all mail, or one producer's. Nothing is lost: it waits, and goes out after `sesmail resume`."""
    stack = operator.stack
    state = stack.states.pause(producer, reason, stack.clock.now())
    _tell(operator, paused_event(producer, state, 0))
    operator.answer({"source": producer, "state": state})
    operator.say(f"[yellow]Paused:[/] {escape(pause_in_words(producer, state))}")
    if producer != ACCOUNT:
        operator.say(f"It holds events whose source is exactly '{escape(producer)}'.")
    hours = stack.setting("SESMAIL_MAX_HOLD_HOURS", "24")
    operator.say(f"In force everywhere within 15 seconds. What is held for longer than {hours} h fails as 'expired'.")
    return OK


def resume(operator: Operator, *, producer: Producer = ACCOUNT, reason: Reason = "") -> int:
    """End a pause, an operator's or the breaker's. Bounces and complaints from before do not count any more."""
    stack = operator.stack
    now = stack.clock.now()
    before = stack.states.resume(producer, now)
    if before is not None:
        _tell(operator, resumed_event(producer, reason, "operator", now))
    still = stack.states.paused()
    operator.answer({"source": producer, "resumed": before is not None, "before": before, "stillPaused": still})
    if before is None:
        operator.say(f"Nothing to do: {escape(whose(producer))} was not paused.")
    else:
        operator.say(f"[green]Resumed.[/] It was paused: {escape(pause_in_words(producer, before))}")
        operator.say("What waits looks again every minute or so, and then goes out at the engine's pace.")
    for source, state in still.items():
        operator.note(f"[yellow]Still paused:[/] {escape(pause_in_words(source, state))}")
    return OK


def _tell(operator: Operator, event: SendingEvent) -> None:
    """Whoever subscribed hears of an operator's pause as of the breaker's; the pause stands either way."""
    refused = operator.stack.bus.announce(event)
    if refused:
        operator.note(f"[yellow]Subscribers were not told[/] ('{event.detail_type}'): {escape(refused)}")
