"""Installed templates and their releases as tables for people, and as rows and data for programs."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.markup import escape
from rich.table import Column, Table

from sesmail_cli.operator.command import CommandContext
from sesmail_cli.templates.bucket import Listed, Release
from sesmail_cli.templates.usage import Usage, Use
from sesmail_cli.terminal import out, print_row
from sesmail_layer.domain.template.files import METADATA


class Installed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One installed template; `use` None: not among the emails that were looked at."""

    name: str
    version: str | None
    installed_at: str | None
    by: str | None
    files: Sequence[str]
    unreleased: bool
    use: Use | None


def describe(listed: Listed, usage: Usage | None) -> Installed:
    return Installed(
        name=listed.name,
        version=listed.version,
        installed_at=listed.files.get(METADATA),
        by=listed.by,
        files=list(listed.files),
        unreleased=listed.unreleased,
        use=usage.by_template.get(listed.name) if usage else None,
    )


def print_installed(context: CommandContext, templates: Sequence[Listed], usage: Usage | None) -> None:
    rows = [describe(template, usage) for template in templates]
    context.print_json({"templates": rows, "usage": usage})
    names = ("template", "version", "installed", "by", "emails", "newest email")
    _print_rows(context, names, [_cells(row, usage) for row in rows])
    for row in rows:
        if row.unreleased:
            context.note(
                f"[yellow]'{escape(row.name)}' was changed after its last release[/]: `sesmail template rollback "
                f"{escape(row.name)} --dry-run` shows how."
            )
    if usage and not context.as_json:
        context.note(f"Use: of the newest {usage.emails} emails, since {escape(usage.since)}.")


def print_releases(context: CommandContext, releases: Sequence[Release]) -> None:
    context.print_json({"releases": releases})
    rows = [
        [release.id, release.installed_at, release.version, release.by, _remark(release, releases)]
        for release in releases
    ]
    _print_rows(context, ("release", "installed", "version", "by", ""), rows)


def _cells(row: Installed, usage: Usage | None) -> list[str | None]:
    emails = None if usage is None else str(row.use.emails if row.use else 0)
    return [row.name, row.version, row.installed_at, row.by, emails, row.use.newest if row.use else None]


def _remark(release: Release, releases: Sequence[Release]) -> str:
    origin = next((one for one in releases if one.id == release.copy_of), None)
    copied = f"rollback to {origin.installed_at if origin else release.copy_of}" if release.copy_of else ""
    return ", ".join(filter(None, ["installed" if release.current else "", copied]))


def _print_rows(context: CommandContext, names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    """Print a table on a terminal; else whole rows, tab-separated, without a header. With --json, nothing."""
    if context.as_json:
        return
    if not out.is_terminal:
        for row in rows:
            print_row(row)
        return
    # Folded, not cut: a release's id that misses its end is of no use.
    table = Table(*(Column(name, overflow="fold") for name in names), box=None)
    for row in rows:
        table.add_row(*(escape(cell or "-") for cell in row))
    context.print_table(table)
