"""`sesmail status`: is it sending, how fast may it, and does anything lie about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from sesmail_cli.operator.command import ATTENTION, OK, Operator
from sesmail_cli.operator.health import Health, SesState, look
from sesmail_cli.operator.stack import QueueDepth
from sesmail_cli.operator.words import duration, pause_in_words
from sesmail_layer.domain.guards.sending_state import SendingState


def status(operator: Operator) -> int:
    """Show whether mail goes out: pauses, SES's quota and rate, queues and dead-letter queues."""
    health = look(operator.stack)
    operator.answer(health)
    operator.say(f"[bold]{escape(health.name)}[/] in {health.region}")
    _show_pauses(operator, health.paused)
    _show_ses(operator, health.ses)
    operator.show(_table("Queue", health.queues))
    operator.show(_table("Dead-letter queue", health.dead_letter_queues))
    _show_attention(operator, health)
    return ATTENTION if health.attention else OK


def _show_pauses(operator: Operator, paused: Mapping[str, SendingState]) -> None:
    if not paused:
        operator.say("Sending: [green]on[/], no producer is paused")
    for source, state in paused.items():
        operator.say(f"[red]Paused:[/] {escape(pause_in_words(source, state, operator.stack.cooldown_seconds))}")


def _show_ses(operator: Operator, ses: SesState) -> None:
    quota = (
        f"{ses.sent_last_24_hours:,.0f} sent in 24 hours, without limit"
        if ses.max_24_hour_send < 0
        else f"{ses.sent_last_24_hours:,.0f} of {ses.max_24_hour_send:,.0f} recipients in 24 hours used "
        f"({ses.share_used:.1%})"
    )
    account = {True: "sending is on", False: "[red]sending is paused by SES[/]", None: "state not known"}
    enforcement = f", {ses.enforcement_status}" if ses.enforcement_status else ""
    operator.say(
        f"SES: {account[ses.sending_enabled]}{enforcement}; at most {ses.max_send_rate:g} recipients/s; {quota}"
    )


def _table(title: str, queues: Sequence[QueueDepth]) -> Table:
    table = Table(title, *(("Messages", "In flight", "Delayed", "Oldest")), box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for queue in queues:
        age = "" if queue.oldest_age_seconds is None else duration(queue.oldest_age_seconds)
        style = "red" if queue.total and title != "Queue" else ""
        counts = (str(queue.waiting), str(queue.in_flight), str(queue.delayed))
        table.add_row(queue.name, *counts, age or ("?" if queue.total else ""), style=style)
    return table


def _show_attention(operator: Operator, health: Health) -> None:
    told = len(health.paused)  # They stand at the top.
    for text in health.attention[told:]:
        operator.say(f"[yellow]![/] {escape(text)}")
