"""What a push, pull or rollback would change, as text for people and as data for programs."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from sesmail_cli.operator.command import CommandContext
from sesmail_cli.templates.push import Change, Kind, Plan

_COLOURS = {Kind.NEW: "green", Kind.CHANGED: "yellow", Kind.REMOVED: "red"}


def print_plan(context: CommandContext, plan: Plan) -> None:
    """Print a template's versions, its changed files, and the difference of each file that exists on both sides."""
    before, after = plan.versions
    name = f"[bold]{escape(plan.name)}[/]"
    if not plan.changes:
        unfinished = ", but changed after its last release: it is released again" if plan.is_needed else ""
        context.print(f"{name} {escape(after or '')}: no difference{unfinished}")
        return
    is_new = not plan.stored.files
    versions = f"{after or 'no version'}" if is_new or before == after else f"{before or 'no version'} → {after}"
    context.print(f"{name} {escape(versions)}{' (not installed yet)' if is_new else ''}")
    for change in plan.changes:
        size = f" ({len(change.after)} bytes)" if change.after is not None else ""
        context.print(f"  [{_COLOURS[change.kind]}]{change.kind:<7}[/] {escape(change.file)}{size}")
    for change in plan.changes:
        if change.kind is Kind.CHANGED:
            _print_diff(context, change)


def as_data(plan: Plan) -> dict[str, Any]:
    before, after = plan.versions
    return {
        "name": plan.name,
        "installedVersion": before,
        "version": after,
        "changes": [{"file": one.file, "change": one.kind, "diff": one.diff()} for one in plan.changes],
    }


def _print_diff(context: CommandContext, change: Change) -> None:
    for line in change.diff().splitlines():
        colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "") if line else ""
        context.print(f"[{colour}]{escape(line)}[/]" if colour else escape(line))
