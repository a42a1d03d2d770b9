"""`sesmail suppression import` and `export`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.suppression_account import AccountList
from sesmail_cli.operator.suppression_export import Format, all_entries, is_export, own_rows, write_entries
from sesmail_cli.operator.suppression_files import Listing, column_name, create_private, open_listing
from sesmail_cli.operator.suppression_import import ImportResult, import_listing
from sesmail_cli.operator.suppression_sources import FIELDS, ListKind, Options, Source, kind_of
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.request.addresses import masked
from sesmail_layer.domain.times import utc_text


def import_(
    context: CommandContext,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="CSV or JSON, or - for stdin; none with --from ses-account.", dir_okay=False
        ),
    ] = None,
    *,
    source: Annotated[Source, typer.Option("--from", help="Who wrote the file; ses-account reads SES's own list.")],
    kind: Annotated[
        ListKind | None, typer.Option("--list", help="What the file lists, if its columns and name do not say it.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="FIELD=NAME", help="A column of a CSV file: email, reason or date = its name."
        ),
    ] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the first row has names; default: detect it.")
    ] = None,
    reason: Annotated[
        SuppressionReason, typer.Option("--reason", help="The reason of rows of a CSV file that have none.")
    ] = SuppressionReason.MANUAL,
    include_transient: Annotated[
        bool, typer.Option("--include-transient", help="Also suppress temporary failures, such as SendGrid's blocks.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count; write nothing.")] = False,
    rejected: Annotated[
        Path | None, typer.Option("--rejected", metavar="FILE", help="Write the rejected rows there, as they are.")
    ] = None,
) -> int:
    """Import the suppression list of another provider, of SES, or of a CSV file. Exits with 1 if a row was rejected.

    An address that is listed keeps the stronger reason, the earlier date and the longer time: nothing is weakened.
    """
    engine = context.engine
    if file and rejected and file.exists() and rejected.exists() and file.samefile(rejected):
        raise UsageError(f"--rejected {rejected} is the file itself, which would be lost: name another.")
    with _listing(context, file, source, header) as listing:
        if file is not None:
            _check_columns(listing, column_names(column), file)
        kind = kind or kind_of(source, listing.names, file.name if file else "")
        is_own = source is Source.CSV and is_export(listing)
        options = Options(
            source=source,
            kind=kind,
            now=engine.clock.now(),
            reason=reason,
            include_transient=include_transient,
            default_source=None if is_own else f"import:{source}",
            columns=column_names(column),
        )
        result = import_listing(
            own_rows(listing) if is_own else listing,
            options,
            engine.suppression,
            dry_run=dry_run,
            rejected=rejected,
            progress=context.note,
        )
    context.print_json({"dryRun": dry_run, "from": source, "list": kind, "result": result})
    _print(context, result, dry_run=dry_run)
    return ATTENTION if result.refused else OK


def export(
    context: CommandContext,
    *,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="csv, or jsonl: one JSON object a line. Default: csv; jsonl with --json."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="A file that only you can read; default: stdout.")
    ] = None,
) -> int:
    """Export the whole suppression list, for a backup or another engine: `import --from csv` reads both formats."""
    engine = context.engine
    form = form or (Format.JSONL if context.as_json else Format.CSV)
    entries = all_entries(engine.dynamodb, engine.resource_name("Suppression"), utc_text(engine.clock.now()))
    if output is None:
        count = write_entries(entries, sys.stdout, form)
    else:
        with create_private(output) as file:
            count = write_entries(entries, file, form)
        context.print_json({"exported": count, "output": str(output)})
    context.note(f"Exported {count:,} addresses" + (f" to {escape(str(output))}." if output else "."))
    return OK


def column_names(given: list[str] | None) -> dict[str, str]:
    """Parse `--column email=Contact`. Raises UsageError."""
    found = {}
    for text in given or ():
        field, _, name = text.partition("=")
        if field not in FIELDS or not name:
            raise UsageError(f"'{text}' is no column: give {', '.join(f'{known}=NAME' for known in FIELDS)}.")
        found[field] = name
    return found


def _check_columns(listing: Listing, chosen: dict[str, str], file: Path) -> None:
    """Check that the columns exist, and that there is one of addresses. Raises UsageError."""
    if not listing.columns:
        raise UsageError(f"{file} has no rows.")
    # Without a header, the first row's addresses are there.
    found = ", ".join(masked(column) if "@" in column else column for column in listing.columns)
    for field, name in chosen.items():
        if column_name(name) not in listing.names:
            raise UsageError(f"{file} has no column '{name}' for {field}. Found: {found}")
    if "email" not in chosen and not set(FIELDS["email"]) & set(listing.names):
        raise UsageError(
            f"{file} has no column of addresses ({', '.join(FIELDS['email'])}). Found: {found}."
            " Name it: --column email=NAME"
        )


@contextmanager
def _listing(context: CommandContext, file: Path | None, source: Source, header: bool | None) -> Iterator[Listing]:
    if source is Source.SES_ACCOUNT:
        if file is not None:
            raise UsageError("--from ses-account reads SES's own list of the account: give no file, or --from ses.")
        yield AccountList(context.engine.sesv2).listing
        return
    if file is None:
        raise UsageError(f"--from {source} needs a file.")
    with open_listing(file, has_header=header if source is Source.CSV else True) as listing:
        yield listing


def _print(context: CommandContext, result: ImportResult, *, dry_run: bool) -> None:
    verb = "Would import" if dry_run else "Imported"
    counts = (
        f"{result.added:,} added, {result.updated:,} updated, {result.already_there:,} already there, "
        f"{result.duplicates:,} duplicates, {sum(result.skipped.values()):,} skipped, {result.refused:,} rejected"
    )
    context.print(f"{verb}: {result.read:,} read: {counts}.")
    if count := result.skipped.get("transient"):
        context.note(
            f"{count:,} not suppressed: temporary failures. --include-transient suppresses these addresses, too."
        )
    if count := result.skipped.get("expired"):
        context.note(f"{count:,} have expired.")
    if result.unreadable_dates:
        context.note(f"{result.unreadable_dates:,} dates are unreadable or in the future: these rows count from now.")
    for row in result.refused_rows:
        context.note(f"Line {row.line}: {escape(row.problem)} ({escape(row.address)})")
    if result.refused > len(result.refused_rows):
        context.note(f"And {result.refused - len(result.refused_rows):,} more. --rejected FILE writes them all.")
