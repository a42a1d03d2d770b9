"""`sesmail suppression …`: list, show, add and remove suppressed addresses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Column, Table

from sesmail_cli.operator.arguments import new_address, point_in_time, stored_address
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, operator_command
from sesmail_cli.operator.failures import describe_failure
from sesmail_cli.operator.format import SUPPRESSION_REASONS, describe_origin
from sesmail_cli.operator.suppression_list import TYPES, SesList, newest, outside_index
from sesmail_cli.operator.suppression_transfer import export, import_
from sesmail_cli.terminal import confirm
from sesmail_layer.aws.secret_keys import TOMBSTONE_PREFIX
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text

SOURCE = "sesmail.cli"
_DAY_SECONDS = 86_400

app = typer.Typer(help="Show and change the suppression list.", no_args_is_help=True)
app.command("import")(operator_command(import_))
app.command("export")(operator_command(export))

Type = StrEnum("Type", {name.upper(): name for name in TYPES})  # type: ignore[misc]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The whole address; case does not matter.")]


@app.command("list")
@operator_command
def list_(
    context: CommandContext,
    *,
    only: Annotated[Type | None, typer.Option("--type", help="One type; default: all.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="A date, a time, or a span such as 7d or 24h.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most entries to show, newest first.")] = 100,
    every: Annotated[
        bool, typer.Option("--all", help="Search a large table to its end for rows that other programs wrote.")
    ] = False,
) -> int:
    """List suppressed addresses, newest first. Those that other programs wrote without a date are last."""
    engine, table = context.engine, context.engine.resource_name("Suppression")
    now = engine.clock.now()
    after, now_text = point_in_time(since, now) if since else "", utc_text(now)
    types = TYPES if only is None else (only.value,)
    entries = newest(engine.dynamodb, table, types, since=after, now_text=now_text, limit=limit)
    try:
        foreign = outside_index(
            engine.dynamodb, table, None if only is None else types, since=after, now_text=now_text, every=every
        )
    except ClientError as err:
        why = escape(describe_failure(err, engine.name))
        context.note(f"Rows that other programs wrote could not be searched: {why}")
    else:
        merged = sorted([*entries, *foreign.entries], key=lambda entry: entry.added_to_suppression_date, reverse=True)
        entries = merged[:limit]
        if not foreign.complete:
            context.note(
                "Only part of the table was searched for rows that other programs wrote. --all searches it all."
            )
    context.print_json({"suppressions": entries})
    context.print_table(_table(entries))
    if len(entries) == limit:
        context.note(f"Only the newest {limit} are shown. --limit raises that.")
    return OK


@app.command()
@operator_command
def show(context: CommandContext, address: Address) -> int:
    """Show whether an address is suppressed, and why. Exits with 1 if it is, here or by SES."""
    key = stored_address(address)
    entry = context.engine.suppression.get_many([key]).get(key)
    ses_reason = _ses_reason(context, key)
    context.print_json({"email": key, "suppression": entry, "sesSuppression": ses_reason})
    if entry is None:
        context.print(f"[green]Not suppressed:[/] {escape(key)}")
    else:
        context.print(
            f"[red]Suppressed:[/] {escape(key)} ({escape(entry.reason)}): {SUPPRESSION_REASONS[entry.reason]}"
        )
        context.print(escape(f"Listed {describe_origin(entry)}"))
        if entry.diagnostic_code:
            context.print(f"The other server answered “{escape(entry.diagnostic_code)}”")
        if entry.email_id:
            context.print(f"See that email: `sesmail explain {escape(entry.email_id)}`")
    if ses_reason:
        context.print(f"[red]Also on SES's own list[/] of this account ({escape(str(ses_reason))})")
    return ATTENTION if entry or ses_reason else OK


@app.command()
@operator_command
def add(
    context: CommandContext,
    address: Address,
    *,
    reason: Annotated[SuppressionReason, typer.Option("--reason", help="Why; unsubscribe blocks bulk mail only.")] = (
        SuppressionReason.MANUAL
    ),
    days: Annotated[int | None, typer.Option("--days", min=1, help="Days until it expires; default: never.")] = None,
) -> int:
    """Suppress an address. If it is suppressed already, the stronger reason and the longer time stay."""
    engine = context.engine
    key, now = new_address(address), engine.clock.now()
    expires = None if days is None else now + days * _DAY_SECONDS
    entry = Suppression(
        email=key,
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date=utc_text(now),
        source=SOURCE,
        expires_at=None if expires is None else utc_text(expires),
        ttl=None if expires is None else int(expires),
    )
    engine.suppression.add(entry)
    stored = engine.suppression.get_many([key]).get(key, entry)
    context.print_json({"email": key, "suppression": stored})
    context.print(f"Suppressed: {escape(key)} ({escape(stored.reason)}), {escape(describe_origin(stored))}")
    return OK


@app.command()
@operator_command
def remove(
    context: CommandContext,
    address: Address,
    *,
    from_ses: Annotated[
        bool | None,
        typer.Option("--ses/--no-ses", help="Remove it from SES's own list too, or do not; default: ask."),
    ] = None,
) -> int:
    """Remove an address from the suppression list and, if you choose, from SES's own list of the account."""
    engine = context.engine
    key = stored_address(address)
    entry = engine.suppression.get_many([key]).get(key)
    if entry is not None:
        engine.suppression.remove(key)
        for tombstone in engine.keys.tombstones_of(key):
            engine.suppression.remove(tombstone)
    ses_reason = None if from_ses is False else _ses_reason(context, key)
    off_ses = ses_reason is not None and _confirm_ses(context, key, ses_reason, from_ses)
    if off_ses:
        SesList(engine.sesv2).remove(key)
    still_on_ses = ses_reason is not None and not off_ses
    context.print_json({"email": key, "removed": entry, "sesSuppression": ses_reason, "removedFromSes": off_ses})
    context.print(
        f"Nothing to do: {escape(key)} was not suppressed."
        if entry is None
        else f"Removed: {escape(key)} was suppressed ({escape(entry.reason)}), {escape(describe_origin(entry))}"
    )
    if off_ses:
        context.print(f"Also removed from SES's own list ({escape(str(ses_reason))}).")
    if still_on_ses:
        context.note(
            f"[yellow]It is still on SES's own list[/] ({escape(str(ses_reason))}): the next email to it bounces, and "
            "it is suppressed again. Use `--ses` to remove it there."
        )
    return ATTENTION if still_on_ses else OK


def _confirm_ses(context: CommandContext, key: str, reason: str, given: bool | None) -> bool:
    if given is not None:
        return given
    question = f"{key} is also on SES's own suppression list ({reason}). Remove it there too?"
    return context.interactive and confirm(question)


def _ses_reason(context: CommandContext, key: str) -> str | None:
    """Read SES's reason; None, with a note, where the role may not read it, or the endpoint lacks SES v2."""
    try:
        return SesList(context.engine.sesv2).reason(key)
    except (BotoCoreError, ClientError) as err:
        context.note(f"SES's own list could not be read: {escape(describe_failure(err, context.engine.name))}")
        return None


def _table(entries: list[Suppression]) -> Table:
    # An address is copied: it folds where the terminal is narrow.
    table = Table(Column("Address", overflow="fold"), "Reason", "Since", "Expires", "From", box=None, pad_edge=False)
    for entry in entries:
        origin = " ".join(filter(None, (entry.source, entry.email_id)))
        expires = entry.expires_at or "never"
        row = (_display(entry.email), entry.reason, entry.added_to_suppression_date, expires, origin)
        table.add_row(*map(escape, row))
    return table


def _display(email: str) -> str:
    return f"{email[: len(TOMBSTONE_PREFIX) + 12]}… (erased)" if email.startswith(TOMBSTONE_PREFIX) else email
