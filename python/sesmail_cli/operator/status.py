"""`sesmail status`: the delivery mode, pauses, SES's quota and rate, queues and dead-letter queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.engine import DeliveryState, QueueDepth
from sesmail_cli.operator.format import describe_pause, duration
from sesmail_cli.operator.health import SesState, check_health
from sesmail_layer.domain.guards.sending_state import SendingState


def status(context: CommandContext) -> int:
    """Show whether mail goes out: delivery mode, pauses, SES's quota and rate, queues and dead-letter queues."""
    health = check_health(context.engine)
    context.print_json(health)
    context.print(f"[bold]{escape(health.name)}[/] in {health.region}")
    context.print(f"Delivery: {_describe_delivery(health.delivery)}")
    _print_pauses(context, health.paused)
    _print_ses(context, health.ses)
    context.print_table(_table("Queue", health.queues))
    context.print_table(_table("Dead-letter queue", health.dead_letter_queues))
    for text in health.attention[len(health.paused) :]:  # The pauses are at the top already.
        context.print(f"[yellow]![/] {escape(text)}")
    return ATTENTION if health.attention else OK


def _describe_delivery(delivery: DeliveryState) -> str:
    match delivery.mode:
        case "redirect":
            return f"[yellow]redirect[/], every email goes to {escape(delivery.to or '')} and to no recipient"
        case "allow":
            return f"[yellow]allow[/], only to {escape(', '.join(delivery.allow))}; all else is sunk or dropped"
        case "sink":
            return "[yellow]sink[/], emails are rendered and recorded, and not sent"
        case "live":
            return "[green]live[/], every recipient gets mail"
        case _:
            return "not known (the mode is in the sender's environment: lambda:GetFunctionConfiguration)"


def _print_pauses(context: CommandContext, paused: Mapping[str, SendingState]) -> None:
    if not paused:
        context.print("Sending: [green]on[/], no producer is paused")
    for source, state in paused.items():
        context.print(f"[red]Paused:[/] {escape(describe_pause(source, state, context.engine.cooldown_seconds))}")


def _print_ses(context: CommandContext, ses: SesState) -> None:
    quota = (
        f"{ses.sent_last_24_hours:,.0f} sent in 24 hours, without limit"
        if ses.max_24_hour_send < 0
        else f"{ses.sent_last_24_hours:,.0f} of {ses.max_24_hour_send:,.0f} recipients in 24 hours used "
        f"({ses.share_used:.1%})"
    )
    sending = {True: "sending is on", False: "[red]SES has paused sending[/]", None: "state not known"}
    enforcement = f", {ses.enforcement_status}" if ses.enforcement_status else ""
    context.print(
        f"SES: {sending[ses.sending_enabled]}{enforcement}; at most {ses.max_send_rate:g} recipients/s; {quota}"
    )


def _table(title: str, queues: Sequence[QueueDepth]) -> Table:
    table = Table(title, "Messages", "In flight", "Delayed", "Oldest", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for queue in queues:
        age = "" if queue.oldest_age_seconds is None else duration(queue.oldest_age_seconds)
        style = "red" if queue.total and title != "Queue" else ""
        counts = (str(queue.waiting), str(queue.in_flight), str(queue.delayed))
        table.add_row(queue.name, *counts, age or ("?" if queue.total else ""), style=style)
    return table
