"""`sesmail erase ADDRESS`: the right to erasure."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import track

from sesmail_cli.operator.arguments import listed_address
from sesmail_cli.operator.command import ATTENTION, OK, Operator, err
from sesmail_cli.operator.erasure import Known, delete_emails, hash_suppression, search


def erase(
    operator: Operator,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose data is to go.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is there, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Delete what is known of an address: records with their history, kept requests. Shows it first; then asks.

    A suppression stays in force, under a hash. Where the address was a cc or bcc, see docs/cli.md.
    """
    known = search(operator.stack, listed_address(address))
    _show(operator, known)
    erased, left, tombstone = False, len(known.emails), None
    if not known.nothing and operator.agrees("Erase this? It cannot be taken back.", yes=yes, dry_run=dry_run):
        tombstone = hash_suppression(operator.stack, known)
        steps = track(delete_emails(operator.stack, known), "Erasing", len(known.emails), console=err, transient=True)
        left = sum(not gone for gone in steps)
        erased = True
        _show_done(operator, known, left, tombstone)
    operator.answer({"known": known, "erased": erased, "tombstone": tombstone, "recordsLeft": left})
    return ATTENTION if known.under_way or (not known.nothing and not erased) or left else OK


def _show(operator: Operator, known: Known) -> None:
    operator.say(f"Of [bold]{escape(known.email)}[/] the engine has:")
    operator.say(f"  {len(known.emails)} tracking records, with their history: deleted")
    operator.say(f"  {len(known.kept_requests)} requests kept for a soft-bounce retry: deleted")
    if known.in_the_clear and known.suppression:
        operator.say(f"  a suppression ({known.suppression.reason}): stays in force, under a hash of the address")
    elif known.in_the_clear:
        operator.say("  a suppression that has expired: deleted")
    elif known.suppression:
        operator.say(f"  a suppression ({known.suppression.reason}), under a hash already: stays")
    if known.under_way:
        operator.note(
            f"[yellow]{len(known.under_way)} emails are still under way[/] ({escape(', '.join(known.under_way[:5]))}"
            f"{', …' if len(known.under_way) > 5 else ''}): run this again when they are through."
        )


def _show_done(operator: Operator, known: Known, left: int, tombstone: str | None) -> None:
    operator.say(f"[green]Erased[/] {len(known.emails) - left} records and {len(known.kept_requests)} kept requests.")
    if tombstone:
        operator.say(f"The suppression stands as {tombstone}.")
    if left:
        operator.note(f"[yellow]{left} records are under way again[/]: run this again when they are through.")
