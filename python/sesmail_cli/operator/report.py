"""`sesmail report`: what was sent, and what became of it, by day, producer, template, tag or topic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from sesmail_cli.operator.arguments import point_in_time
from sesmail_cli.operator.command import OK, CommandContext, UsageError
from sesmail_cli.operator.figures import Row, figures
from sesmail_cli.terminal import out, print_row
from sesmail_layer.domain.figures import OTHER, Kind, Name

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = ("sent", "delivered", "bounced", "complained", "opened", "failed", "bounce rate", "complaint rate")


def report(
    context: CommandContext,
    *,
    by: Annotated[Kind | None, typer.Option("--by", help="One row for each of these; default: for each day.")] = None,
    since: Annotated[str, typer.Option("--since", help="A date, a time, or a span (30d); whole days, UTC.")] = "7d",
    producer: Annotated[str | None, typer.Option("--producer", help="Only this producer's emails, by day.")] = None,
    template: Annotated[str | None, typer.Option("--template", help="Only this template's, by day.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only those with this tag, by day.")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Only those of this topic, by day.")] = None,
) -> int:
    """Show how many emails were sent, delivered, opened, bounced or failed, with bounce and complaint rates.

    Each figure counts emails on the day on which they reached the status. Days are UTC; today's is not over.
    """
    given = ((Kind.PRODUCER, producer), (Kind.TEMPLATE, template), (Kind.TAG, tag), (Kind.TOPIC, topic))
    chosen = [Name(kind, name) for kind, name in given if name is not None]
    if len(chosen) + (by is not None) > 1:
        raise UsageError(
            "Give one of --by, --producer, --template, --tag and --topic: figures are kept by one at a time."
        )
    first_day = point_in_time(since, context.engine.clock.now())[:10]
    found = figures(context.engine, first_day, by=by, only=chosen[0] if chosen else None)
    context.print_json(found)
    if by is Kind.PRODUCER and any(row.name == OTHER for row in found.rows):
        context.note(
            f"{OTHER}: producers that Terraform's `producers` does not list. "
            "Which emails bounced: `sesmail find --status bounced`."
        )
    if context.as_json:
        return OK
    if not out.is_terminal:
        for row in found.rows:
            print_row([row.name, *_cells(row)])
        return OK
    _print_table(context, by.value if by else "day", found.rows, found.total)
    return OK


def sparkline(numbers: Sequence[int]) -> str:
    """Draw numbers as bars; an empty day is the lowest bar."""
    most = max(numbers, default=0)
    return "".join(_BARS[round(number / most * (len(_BARS) - 1)) if most else 0] for number in numbers)


def _print_table(context: CommandContext, heading: str, rows: Sequence[Row], total: Row) -> None:
    numbers = [Column(name, justify="right") for name in _COLUMNS]
    columns = [Column(heading, overflow="fold"), *numbers, Column("sent by day")]
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(escape(row.name), *_cells(row), sparkline(row.sent_by_day))
    table.add_row(escape(total.name), *_cells(total), sparkline(total.sent_by_day), style="bold")
    context.print_table(table)


def _cells(row: Row) -> list[str]:
    numbers = row.sent, row.delivered, row.bounced, row.complained, row.opened, row.failed
    return [*map(str, numbers), f"{row.bounce_rate:.2%}", f"{row.complaint_rate:.3%}"]
