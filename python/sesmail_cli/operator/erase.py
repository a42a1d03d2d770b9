"""`sesmail erase ADDRESS`: the right to erasure (GDPR, article 17)."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import track

from sesmail_cli.operator.arguments import stored_address
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.erasure import StoredData, delete_emails, find_data, hash_suppression
from sesmail_cli.terminal import err


def erase(
    context: CommandContext,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address to erase.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the data; delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Delete an address's tracking records, with their history, and its kept requests. Shows them first, then asks.

    A suppression stays in force under a hash of the address. An email that is being sent at this moment is not found;
    for it, and for cc and bcc recipients, see docs/cli.md.
    """
    data = find_data(context.engine, stored_address(address))
    _print_data(context, data)
    erased, left, tombstone = False, len(data.emails), None
    if not data.empty and context.confirm("Erase this? It cannot be undone.", yes=yes, dry_run=dry_run):
        tombstone = hash_suppression(context.engine, data)
        deletions = delete_emails(context.engine, data)
        results = track(deletions, "Erasing", len(data.emails), console=err, transient=True)
        left = sum(not deleted for deleted in results)
        erased = True
        _print_result(context, data, left, tombstone)
    context.print_json({"known": data, "erased": erased, "tombstone": tombstone, "recordsLeft": left})
    return ATTENTION if data.unfinished or (not data.empty and not erased) or left else OK


def _print_data(context: CommandContext, data: StoredData) -> None:
    context.print(f"The engine has this data of [bold]{escape(data.email)}[/]:")
    context.print(f"  {len(data.emails)} tracking records, with their history: deleted")
    context.print(f"  {len(data.kept_requests)} requests kept for a soft-bounce retry: deleted")
    if data.unhashed and data.suppression:
        context.print(
            f"  a suppression ({escape(data.suppression.reason)}): stays in force under a hash of the address"
        )
    elif data.unhashed:
        context.print("  a suppression that has expired: deleted")
    elif data.suppression:
        context.print(f"  a suppression ({escape(data.suppression.reason)}) under a hash: stays")
    if data.unfinished:
        context.note(
            f"[yellow]{len(data.unfinished)} emails are not finished[/] ({escape(', '.join(data.unfinished[:5]))}"
            f"{', …' if len(data.unfinished) > 5 else ''}): run this again later."
        )


def _print_result(context: CommandContext, data: StoredData, left: int, tombstone: str | None) -> None:
    context.print(f"[green]Erased[/] {len(data.emails) - left} records and {len(data.kept_requests)} kept requests.")
    if tombstone:
        context.print(f"The suppression stays in force as {tombstone}.")
    if left:
        context.note(f"[yellow]{left} emails are being sent again[/]: run this again later.")
