"""`sesmail suppression …`: who is not written to, why, and how to change it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.table import Table

from sesmail_cli.operator.arguments import address as parsed_address
from sesmail_cli.operator.arguments import listed_address, point_in_time
from sesmail_cli.operator.command import ATTENTION, OK, Operator, operator_command
from sesmail_cli.operator.failures import sentence
from sesmail_cli.operator.suppression_list import TYPES, SesList, newest
from sesmail_cli.operator.suppression_words import REASONS, where_from
from sesmail_layer.aws.tombstones import PREFIX
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.times import utc_text

SOURCE = "sesmail.cli"
_DAY_SECONDS = 86_400

app = typer.Typer(help="Look at and change the suppression list.", no_args_is_help=True)

Type = StrEnum("Type", {name.upper(): name for name in TYPES})  # type: ignore[misc]  # from the vocabulary
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The whole address, in any case.")]


@app.command("list")
@operator_command
def list_(
    operator: Operator,
    *,
    only: Annotated[Type | None, typer.Option("--type", help="One type; without it, all.")] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="A date, a time, or a span such as 7d or 24h.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most, the newest.")] = 100,
) -> int:
    """List addresses that are not written to, newest first."""
    stack = operator.stack
    now = stack.clock.now()
    entries = newest(
        stack.dynamodb,
        stack.called("Suppression"),
        TYPES if only is None else (only.value,),
        since=point_in_time(since, now) if since else "",
        now_text=utc_text(now),
        limit=limit,
    )
    operator.answer({"suppressions": entries})
    operator.show(_table(entries))
    if len(entries) == limit:
        operator.note(f"The newest {limit}; --limit shows more.")
    return OK


@app.command()
@operator_command
def show(operator: Operator, address: Address) -> int:
    """Show whether an address is suppressed, and why: 1 when it is, here or by SES; 0 when it is not."""
    key = listed_address(address)
    entry = operator.stack.suppression.get_many([key]).get(key)
    ses_reason = _ses_reason(operator, key)
    operator.answer({"email": key, "suppression": entry, "sesSuppression": ses_reason})
    if entry is None:
        operator.say(f"[green]Not suppressed:[/] {escape(key)}")
    else:
        operator.say(f"[red]Suppressed:[/] {escape(key)} ({entry.reason}): {REASONS[entry.reason]}")
        operator.say(escape(where_from(entry)[0].upper() + where_from(entry)[1:]))
        if entry.diagnostic_code:
            operator.say(f"The other server said “{escape(entry.diagnostic_code)}”")
        if entry.email_id:
            operator.say(f"`sesmail explain {escape(entry.email_id)}` tells that email's story.")
    if ses_reason:
        operator.say(f"[red]On SES's own list[/] of this account as well ({ses_reason})")
    return ATTENTION if entry or ses_reason else OK


@app.command()
@operator_command
def add(
    operator: Operator,
    address: Address,
    *,
    reason: Annotated[SuppressionReason, typer.Option("--reason", help="Such as unsubscribe, for bulk mail only.")] = (
        SuppressionReason.MANUAL
    ),
    days: Annotated[int | None, typer.Option("--days", min=1, help="For so many days; without it, for ever.")] = None,
) -> int:
    """Put an address on the list. Where it stands there already, the stronger reason and the longer time stay."""
    stack = operator.stack
    key, now = parsed_address(address), stack.clock.now()
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
    stack.suppression.add(entry)
    standing = stack.suppression.get_many([key]).get(key, entry)
    operator.answer({"email": key, "suppression": standing})
    operator.say(f"Suppressed: {escape(key)} ({standing.reason}), {escape(where_from(standing))}")
    return OK


@app.command()
@operator_command
def remove(
    operator: Operator,
    address: Address,
    *,
    from_ses: Annotated[
        bool | None,
        typer.Option("--ses/--no-ses", help="Take it off SES's own list as well, or leave it; without either: ask."),
    ] = None,
) -> int:
    """Take an address off the list, and, if you like, off SES's own list of the account."""
    stack = operator.stack
    key = listed_address(address)
    entry = stack.suppression.get_many([key]).get(key)
    if entry is not None:
        stack.suppression.remove(key)
        stack.suppression.remove(stack.tombstones.key_of(key))
    ses_reason = None if from_ses is False else _ses_reason(operator, key)
    off_ses = ses_reason is not None and _wants_off_ses(operator, key, ses_reason, from_ses)
    if off_ses:
        SesList(stack.sesv2).remove(key)
    left = ses_reason is not None and not off_ses
    operator.answer({"email": key, "removed": entry, "sesSuppression": ses_reason, "removedFromSes": off_ses})
    operator.say(
        f"Nothing to do: {escape(key)} was not on the list."
        if entry is None
        else f"Removed: {escape(key)} was suppressed ({entry.reason}), {escape(where_from(entry))}"
    )
    if off_ses:
        operator.say(f"Removed from SES's own list as well, where it stood as {ses_reason}.")
    if left:
        operator.note(
            f"[yellow]It is still on SES's own list[/] ({ses_reason}): mail to it bounces at once and brings it back "
            "onto this list. `--ses` takes it off."
        )
    return ATTENTION if left and from_ses is not False else OK


def _wants_off_ses(operator: Operator, key: str, reason: str, given: bool | None) -> bool:
    if given is not None:
        return given
    question = f"{key} is on SES's own suppression list as well ({reason}). Take it off there too?"
    return operator.interactive and typer.confirm(question, err=True)


def _ses_reason(operator: Operator, key: str) -> str | None:
    """SES may be out of reach (a missing right, an emulator without SES v2); our own list counts all the same."""
    try:
        return SesList(operator.stack.sesv2).reason(key)
    except (BotoCoreError, ClientError) as err:
        operator.note(f"SES's own list could not be read: {escape(sentence(err, operator.stack.name))}")
        return None


def _table(entries: list[Suppression]) -> Table:
    table = Table("Address", "Reason", "Since", "Until", "From", box=None, pad_edge=False)
    for entry in entries:
        origin = " ".join(filter(None, (entry.source, entry.email_id)))
        row = (
            _shown(entry.email),
            entry.reason,
            entry.added_to_suppression_date,
            entry.expires_at or "for ever",
            origin,
        )
        table.add_row(*map(escape, row))
    return table


def _shown(email: str) -> str:
    return f"{email[: len(PREFIX) + 12]}… (erased)" if email.startswith(PREFIX) else email
