"""`sesmail suppression …`: list, show, add and remove suppressed addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape

from sesmail_cli.operator.arguments import new_address, note_yesterday, point_in_time, stored_address
from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError, operator_command
from sesmail_cli.operator.engine import Engine
from sesmail_cli.operator.failures import AWS_FAILED
from sesmail_cli.operator.format import SUPPRESSION_REASONS, describe_origin
from sesmail_cli.operator.suppressing import (
    LARGEST_NOTE,
    AddressState,
    Removal,
    look_up,
    matching,
    remove_address,
    remove_matching,
    search,
)
from sesmail_cli.operator.suppressing import add as add_suppression
from sesmail_cli.operator.suppression_filter import FIELDS, parse_where
from sesmail_cli.operator.suppression_list import TYPES, Listing, topics_left
from sesmail_cli.operator.suppression_transfer import export, import_
from sesmail_cli.terminal import confirm
from sesmail_layer.domain.guards.suppression import TOMBSTONE_PREFIX, Suppression, SuppressionReason, split_source_key
from sesmail_layer.domain.plain_text import CONTROLS

_EXAMPLES = 3

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
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most so many entries, newest first.")] = 100,
    every: Annotated[
        bool, typer.Option("--all", help="Search a large table to its end for rows that other programs wrote.")
    ] = False,
) -> int:
    """List suppressed addresses, newest first. Those that other programs wrote without a date are last."""
    engine = context.engine
    after = point_in_time(since, engine.clock.now()) if since else ""
    note_yesterday(context, "--since", since, after)
    found = search(engine, only=None if only is None else only.value, since=after, limit=limit, every=every)
    if found.error:
        context.note(f"Rows that other programs wrote could not be searched: {escape(found.error)}")
    elif not found.complete:
        context.note("Only part of the table was searched for rows that other programs wrote. --all searches it all.")
    context.print_json({"suppressions": found.entries})
    _print_entries(context, found.entries)
    if found.more:
        context.note(f"Only the newest {limit} are shown. --limit raises that.")
    return OK


@app.command()
@operator_command
def show(
    context: CommandContext,
    address: Address,
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Search a large list to its end for topics that the address left.")
    ] = False,
) -> int:
    """Show whether an address is suppressed, and why. Exits with 1 if it is, here or by SES."""
    state = look_up(context.engine, stored_address(address), typed=address)
    entry = state.suppression
    topics, complete = _topics(context.engine, state.email, every=every)
    _note_ses_error(context, state)
    left = {"topics": topics, "topicsComplete": complete}
    about = {"sesSuppression": state.ses_reason, "withCapitals": state.with_capitals}
    context.print_json({"email": state.email, "suppression": entry, **left, **about})
    if entry is None:
        context.print(f"[green]Not suppressed:[/] {escape(state.email)}")
    else:
        _print_entry(context, state.email, entry)
    if state.with_capitals:
        _print_entry(context, state.with_capitals.email, state.with_capitals)
        context.print(
            "[yellow]Another program wrote this row.[/] The engine looks addresses up in lower case, so the row blocks "
            f"nothing: `sesmail suppression add {escape(state.email)}` suppresses the address."
        )
    if state.ses_reason:
        context.print(f"[red]Also on SES's own list[/] of this account ({escape(state.ses_reason)})")
    for one in topics:
        what = "source" if split_source_key(one.email) else "topic"
        context.print(f"No bulk mail of a {what}: {escape(one.email)}, since {escape(one.added_to_suppression_date)}")
    if not complete:
        context.note(
            "Only the newest 50,000 unsubscriptions were searched for topics that it left. --all searches all of them; "
            f"one topic is looked up by its key: `sesmail suppression show '{escape(state.email)}#TOPIC'`."
        )
    return ATTENTION if entry or state.with_capitals or state.ses_reason else OK


def _topics(engine: Engine, key: str, *, every: bool) -> Listing:
    """Read the topics that an address left; the key of one topic has no others."""
    if "#" in key.rpartition("@")[2]:
        return Listing([], complete=True)
    return topics_left(engine.dynamodb, engine.resource_name("Suppression"), key, every=every)


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
    note: Annotated[
        str | None, typer.Option("--note", help="A note for others, such as a ticket; shown with the entry.")
    ] = None,
) -> int:
    """Suppress an address. If it is suppressed already, the stronger reason and the longer time stay."""
    added = add_suppression(context.engine, new_address(address), reason=reason, days=days, note=_note(note))
    stored = added.suppression
    context.print_json({"email": stored.email, "suppression": stored, "kept": added.kept})
    context.print(f"Suppressed: {escape(stored.email)} ({escape(stored.reason)}), {escape(describe_origin(stored))}")
    if added.kept:
        without = " Your note was not stored: remove the entry first to replace it." if note else ""
        context.note(f"It was suppressed already, and the stronger entry stays.{without}")
    return OK


@app.command()
@operator_command
def remove(
    context: CommandContext,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="The whole address; leave it out with --where.")
    ] = None,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help=f"Remove all entries that match: {', '.join(FIELDS)}. May be repeated; all must match.",
        ),
    ] = None,
    from_ses: Annotated[
        bool | None,
        typer.Option("--ses/--no-ses", help="Also remove it from SES's own list, or not; default: ask."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Remove an address, or all that match, from the suppression list. Shows them first, then asks.

    What is removed is kept in a file on your machine, which `sesmail suppression import --from csv` restores. SES's own
    list of the account changes only if you say so.
    """
    if (address is None) == (where is None):
        raise UsageError("Give an ADDRESS, or one --where or more: --where domain=example.com --where since=2d")
    if address is not None:
        return _remove_one(context, address, from_ses, yes=yes, dry_run=dry_run)
    return _remove_many(context, where or [], from_ses=bool(from_ses), yes=yes, dry_run=dry_run)


def _remove_one(context: CommandContext, address: str, from_ses: bool | None, *, yes: bool, dry_run: bool) -> int:
    key = stored_address(address)
    state = look_up(context.engine, key, typed=address, with_ses=from_ses is not False)
    _note_ses_error(context, state)
    entries = [entry for entry in (state.suppression, state.with_capitals) if entry]
    for entry in entries:
        _print_entry(context, entry.email, entry)
    off_ses = bool(state.ses_reason and from_ses)
    lists = [name for name, on in (("the suppression list", entries), ("SES's own list", off_ses)) if on]
    removal = None
    if lists:
        what = f"{key} from {' and '.join(lists)}"
        if not context.confirm(f"Remove {what}?", yes=yes, dry_run=dry_run, would=f"Would remove {what}."):
            context.print_json(_result(state, None))
            return ATTENTION
    if state.ses_reason and from_ses is None and context.interactive and not (yes or dry_run):
        off_ses = _confirm_ses(key, state.ses_reason)
    if lists or off_ses:
        removal = remove_address(context.engine, key, typed=address, from_ses=off_ses)
        _print_removal(context, removal)
    elif not state.ses_reason:
        context.print(f"Nothing to do: {escape(key)} was not suppressed.")
    context.print_json(_result(state, removal))
    if removal and removal.ses_error:
        return AWS_FAILED
    return _left_on_ses(context, state, off_ses=bool(removal and removal.removed_from_ses))


def _left_on_ses(context: CommandContext, state: AddressState, *, off_ses: bool) -> int:
    if not state.ses_reason or off_ses:
        return OK
    context.note(
        f"[yellow]It is still on SES's own list[/] ({escape(state.ses_reason)}): the next email to it bounces, and "
        "it is suppressed again. Use `--ses` to remove it there."
    )
    return ATTENTION


def _result(state: AddressState, removal: Removal | None) -> dict[str, Any]:
    return {
        "email": state.email,
        "removed": (state.suppression or state.with_capitals) if removal and removal.removed else None,
        "sesSuppression": state.ses_reason,
        "removedFromSes": bool(removal and removal.removed_from_ses),
        "log": removal and removal.log,
    }


def _remove_many(context: CommandContext, given: Sequence[str], *, from_ses: bool, yes: bool, dry_run: bool) -> int:
    where = parse_where(given, context.engine.clock.now())
    for name, _, value in (condition.partition("=") for condition in given):
        if name in ("since", "until"):
            note_yesterday(context, name, value, getattr(where, name))
    entries = matching(context.engine, where)
    reasons = Counter(str(entry.reason) for entry in entries)
    for reason, count in reasons.most_common():
        context.print(f"{count:,} {escape(reason)}")
    _print_entries(context, entries[:_EXAMPLES])
    if len(entries) > _EXAMPLES:
        context.note(f"… and {len(entries) - _EXAMPLES:,} more. --json lists all.")
    removal = None
    what = f"{len(entries):,} entries" + (" here and from SES's own list" if from_ses else "")
    if not entries:
        context.print("Nothing to do: no entry matches.")
    elif context.confirm(f"Remove {what}?", yes=yes, dry_run=dry_run, would=f"Would remove {what}."):
        removal = remove_matching(context.engine, entries, from_ses=from_ses)
        _print_removal(context, removal)
        if not from_ses:
            context.note("SES's own list may still have these addresses: --ses removes them there too.")
    context.print_json({"matching": entries, "reasons": reasons, "result": removal})
    if removal and removal.ses_error:
        return AWS_FAILED
    return ATTENTION if entries and (removal is None or removal.changed) else OK


def _print_removal(context: CommandContext, removal: Removal) -> None:
    if removal.removed:
        context.print(f"[green]Removed {removal.removed:,}.[/] Kept in {escape(str(removal.log))}")
    if removal.removed_from_ses:
        context.print(f"Removed {removal.removed_from_ses:,} from SES's own list.")
    if removal.changed:
        context.note(f"[yellow]{removal.changed:,} changed meanwhile[/] and stay: run this again to look at them.")
    if removal.ses_error:
        context.note(f"[yellow]SES's own list still has some of them:[/] {escape(removal.ses_error)}")


def _confirm_ses(key: str, reason: str) -> bool:
    return confirm(f"{key} is also on SES's own suppression list ({reason}). Remove it there too?")


def _note(text: str | None) -> str | None:
    """Check a note. Raises UsageError."""
    if text is not None and len(text) > LARGEST_NOTE:
        raise UsageError(f"--note has {len(text)} characters; allowed: {LARGEST_NOTE}. Name a ticket instead.")
    return CONTROLS.sub(" ", text).strip() or None if text else None


def _note_ses_error(context: CommandContext, state: AddressState) -> None:
    if state.ses_error:
        context.note(f"SES's own list could not be read: {escape(state.ses_error)}")


def _print_entry(context: CommandContext, key: str, entry: Suppression) -> None:
    context.print(f"[red]Suppressed:[/] {escape(key)} ({escape(entry.reason)}): {SUPPRESSION_REASONS[entry.reason]}")
    context.print(escape(f"Listed {describe_origin(entry)}"))
    if entry.note:
        context.print(f"Note: {escape(entry.note)}")
    if entry.diagnostic_code:
        context.print(f"The other server answered “{escape(entry.diagnostic_code)}”")
    if entry.email_id:
        context.print(f"See that email: `sesmail explain {escape(entry.email_id)}`")


def _print_entries(context: CommandContext, entries: Sequence[Suppression]) -> None:
    context.print_rows(("address", "reason", "since", "expires", "from", "email id", "note"), map(_row, entries))


def _row(entry: Suppression) -> Sequence[str | None]:
    expires = entry.expires_at or "never"
    added = entry.added_to_suppression_date
    return _display(entry.email), entry.reason, added, expires, entry.source, entry.email_id, entry.note


def _display(email: str) -> str:
    return f"{email[: len(TOMBSTONE_PREFIX) + 12]}… (erased)" if email.startswith(TOMBSTONE_PREFIX) else email
