"""`sesmail status`: is the engine well? What it sends, pauses, SES, producers, held mail, alarms, queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.engine import DeliveryState, QueueDepth
from sesmail_cli.operator.format import describe_pause, duration
from sesmail_cli.operator.health import HeldMail, SesState, check_health
from sesmail_cli.operator.traffic import AccountTraffic, ProducerTraffic
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState

_FINE_RATE = 0.01
"""Below such a threshold, rates have a third digit."""
_CAPS = {"emailsPerDay": "day", "firstContactsPerHour": "first contacts in the hour"}


def status(context: CommandContext) -> int:
    """Show whether the engine is well: emails sent and their outcomes, pauses, producers, alarms, queues."""
    health = check_health(context.engine)
    context.print_json(health)
    colour = "yellow" if health.attention else "green"
    context.print(f"[bold {colour}]{escape(health.verdict)}[/] ([bold]{escape(health.name)}[/] in {health.region})")
    context.print(f"Delivery: {_describe_delivery(health.delivery)}")
    _print_pauses(context, health.paused)
    _print_ses(context, health.ses)
    context.print_table(_traffic_table(health.traffic))
    if health.traffic.producers:
        context.print_table(_producer_table(health.traffic.producers))
    _print_held(context, health.held)
    context.print_table(_table("Queue", health.queues))
    context.print_table(_table("Dead-letter queue", health.dead_letter_queues))
    if health.alarms is None:
        context.print("Alarms: not known (cloudwatch:DescribeAlarms)")
    elif not health.alarms:
        context.print("Alarms: [green]none fires[/]")
    context.print(f"Charts: {escape(health.dashboard)}")
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
    sandbox = {True: ", [yellow]sandbox: to verified addresses only[/]"}.get(bool(ses.sandbox), "")
    enforcement = f", {ses.enforcement_status}" if ses.enforcement_status else ""
    state = f"{sending[ses.sending_enabled]}{enforcement}{sandbox}"
    context.print(f"SES: {state}; at most {ses.max_send_rate:g} recipients/s; {quota}")


def _traffic_table(traffic: AccountTraffic) -> Table:
    table = Table("Period", "Sent", "Delivered", "Bounced", "Complained", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, found in (("last hour", traffic.last_hour), ("last 24 hours", traffic.last_day)):
        bounced = _with_rate(found.bounced, found.bounce_rate, traffic.bounce_rate_threshold)
        complained = _with_rate(found.complained, found.complaint_rate, traffic.complaint_rate_threshold)
        table.add_row(name, f"{found.sent:,}", f"{found.delivered or 0:,}", bounced, complained)
    table.add_row(
        "pause above", "", "", f"{traffic.bounce_rate_threshold:.2%}", f"{traffic.complaint_rate_threshold:.3%}"
    )
    return table


def _with_rate(number: int, rate: float, threshold: float) -> str:
    text = f"{number:,} ({rate:.3%})" if threshold < _FINE_RATE else f"{number:,} ({rate:.2%})"
    return f"[red]{text}[/]" if rate > threshold else text


def _producer_table(producers: Sequence[ProducerTraffic]) -> Table:
    names = ("Producer", "State", "Sent 1 h", "Sent 24 h", "Delivered", "Bounced", "Complained", "Caps used")
    table = Table(*names, box=None, pad_edge=False)
    for column in table.columns[2:-1]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for one in producers:
        state = "[red]paused[/]" if one.paused else "on" if one.enabled else "[yellow]not enabled[/]"
        cells = ["", "", "", "", ""]
        if one.last_hour and one.last_day:
            day = one.last_day
            rates = f"{day.bounced:,} ({day.bounce_rate:.2%})", f"{day.complained:,} ({day.complaint_rate:.3%})"
            cells = [f"{one.last_hour.sent:,}", f"{day.sent:,}", f"{day.delivered or 0:,}", *rates]
        caps = ", ".join(f"{_CAPS[cap.name]} {cap.used:,} of {cap.limit:,}" for cap in one.caps)
        name = "all others together" if one.source == ACCOUNT else one.source
        table.add_row(escape(name), state, *cells, caps, style="red" if one.above else "")
    return table


def _print_held(context: CommandContext, held: HeldMail | None) -> None:
    if held is None or not held.by_reason:
        return
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in held.by_reason.items())
    more = "" if held.complete else f"; searched back to {held.searched_back_to}, there may be more"
    context.print(f"Held: {escape(reasons)}{more} (`sesmail find --status deferred`)")


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
