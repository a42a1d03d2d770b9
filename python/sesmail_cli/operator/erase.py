"""`sesmail erase ADDRESS`: the right to erasure (GDPR, article 17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import track

from sesmail_cli.operator.arguments import stored_address
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.erasure import (
    StoredData,
    cancel_unrecorded,
    cancel_waiting,
    delete_emails,
    find_data,
    hash_suppression,
)
from sesmail_cli.terminal import err
from sesmail_layer.domain.guards.cancelling import CancellationsFullError


def erase(
    context: CommandContext,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address to erase.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the data; delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Delete an address's tracking records and kept requests, and cancel emails under way. Shows them, then asks.

    Two things stay under a hash of the address: a suppression, and a rule that cancels emails without a record. An
    email that is being sent at this moment is not found: see docs/cli.md, also for cc and bcc recipients.
    """
    data = find_data(context.engine, stored_address(address))
    _print_data(context, data)
    erased, left, tombstone = False, len(data.emails), None
    if context.confirm("Erase this? It cannot be undone.", yes=yes, dry_run=dry_run):
        _cancel_unrecorded(context, data.email)
        # What was accepted while the question waited has a record, and the rule is only of what comes now.
        data = cancel_waiting(context.engine, find_data(context.engine, data.email))
        tombstone = hash_suppression(context.engine, data)
        deletions = delete_emails(context.engine, data)
        results = track(deletions, "Erasing", len(data.emails), console=err, transient=True)
        left = sum(not deleted for deleted in results)
        erased = True
        _print_result(context, data, left, tombstone)
    context.print_json({"known": data, "erased": erased, "tombstone": tombstone, "recordsLeft": left})
    return ATTENTION if data.unfinished or (not data.empty and not erased) or left else OK


def _cancel_unrecorded(context: CommandContext, address: str) -> None:
    try:
        cancel_unrecorded(context.engine, address)
    except CancellationsFullError as error:
        raise UsageError(
            f"Nothing was erased: {error}. The oldest of them expire by themselves: run this later."
        ) from error


def _print_data(context: CommandContext, data: StoredData) -> None:
    context.print(f"The engine has this data of [bold]{escape(data.email)}[/]:")
    context.print(f"  {len(data.emails)} tracking records, with their history: deleted")
    context.print(f"  {len(data.kept_requests)} requests kept for a soft-bounce retry: deleted")
    if data.topics:
        context.print(f"  {len(data.topics)} topics that it unsubscribed from: stay, under hashes")
    if data.unhashed and data.suppression:
        context.print(
            f"  a suppression ({escape(data.suppression.reason)}): stays in force under a hash of the address"
        )
    elif data.unhashed:
        context.print("  a suppression that has expired: deleted")
    elif data.suppression:
        context.print(f"  a suppression ({escape(data.suppression.reason)}) under a hash: stays")
    if data.unfinished:
        context.print(f"  {len(data.unfinished)} emails under way ({_some(data.unfinished)}): cancelled, then deleted")
    context.print("  emails to it without a record, if any: cancelled when their message is read")


def _print_result(context: CommandContext, data: StoredData, left: int, tombstone: str | None) -> None:
    context.print(f"[green]Erased[/] {len(data.emails) - left} records and {len(data.kept_requests)} kept requests.")
    if tombstone:
        context.print(f"The suppression stays in force as {tombstone}.")
    context.print("Emails to it without a record are cancelled when their message is read.")
    if data.unfinished:
        context.note(
            f"[yellow]{len(data.unfinished)} emails are being handed to SES[/] ({_some(data.unfinished)}): "
            "run this again in some minutes."
        )
    if left:
        context.note(f"[yellow]{left} emails are being sent again[/]: run this again later.")


def _some(ids: Sequence[str]) -> str:
    return escape(", ".join(ids[:5]) + (", …" if len(ids) > 5 else ""))
