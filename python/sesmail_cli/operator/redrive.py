"""`sesmail redrive QUEUE`: look at dead-letter messages by cause, move them back, save or discard them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.dead_letter_files import document, save
from sesmail_cli.operator.dead_letter_groups import describe_groups
from sesmail_cli.operator.redriving import (
    LARGEST_READ,
    QUEUE_NAMES,
    DeadLetters,
    Inspection,
    dead_letter_queue,
    unsent,
)
from sesmail_cli.terminal import err, print_json

_ALL = "all"


def redrive(
    context: CommandContext,
    queue: Annotated[
        str, typer.Argument(metavar="QUEUE", help=f"One of {QUEUE_NAMES}; or the name of a queue's dead-letter queue.")
    ],
    *,
    cause: Annotated[
        str | None, typer.Option("--cause", help="Only messages of this cause, as the list names it.")
    ] = None,
    show: Annotated[str | None, typer.Option("--show", metavar="ID", help="Print one message in full.")] = None,
    save_to: Annotated[
        Path | None,
        typer.Option("--save", metavar="DIR", help="Write the messages to files in this folder; move nothing."),
    ] = None,
    discard: Annotated[
        list[str] | None,
        typer.Option("--discard", metavar="ID", help="Delete this message for good; 'all' with --cause. Asks first."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the messages; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Read at most so many messages.")] = LARGEST_READ,
) -> int:
    """Move dead-letter messages back to their queue. Shows them by cause first, then asks.

    Moves only what can succeed now. Unreadable messages stay, and so do emails of a paused producer.
    """
    if sum(option is not None for option in (show, save_to, discard or None)) > 1:
        raise UsageError("Give one of --show, --save and --discard.")
    if discard and _ALL in discard and cause is None:
        raise UsageError("--discard all needs --cause: it deletes all messages of one cause.")
    letters = DeadLetters(context.engine, dead_letter_queue(queue, context.engine.name), limit)
    whole = letters.inspect()
    if not whole.complete:
        context.note(f"[yellow]Only {limit} messages were read.[/] --limit raises that.")
    found = whole.of_cause(cause)
    if show is not None:
        print_json(document(*found.one(show)))
        return OK
    if save_to is not None:
        return _save(context, found, save_to)
    _print_groups(context, found, cause)
    if discard:
        return _discard(context, letters, found, discard, yes=yes, dry_run=dry_run)
    return _move(context, letters, found, yes=yes, dry_run=dry_run)


def _print_groups(context: CommandContext, inspection: Inspection, cause: str | None) -> None:
    if not inspection.found:
        of_cause = f" has no message of cause '{escape(cause)}'." if cause else " is empty."
        context.print(inspection.queue + of_cause)
        return
    for line in describe_groups(inspection.groups).split("\n"):
        context.print(line)
    context.print()
    context.print(
        f"{inspection.queue}: {len(inspection.found)} messages, {len(inspection.movable)} can be moved. "
        "--show ID prints one in full."
    )


def _save(context: CommandContext, inspection: Inspection, folder: Path) -> int:
    try:
        written = save(inspection.found, folder)
    except OSError as error:
        raise UsageError(f"Cannot write to {folder}: {error.strerror}. Choose another folder.") from error
    context.print(f"Saved {len(written)} to {escape(str(folder))}. The messages stay in {inspection.queue}.")
    context.print_json({"queue": inspection.queue, "saved": [str(path) for path in written]})
    return OK


def _move(context: CommandContext, letters: DeadLetters, inspection: Inspection, *, yes: bool, dry_run: bool) -> int:
    movable, total = inspection.movable, len(inspection.found)
    moved: list[str] = []
    what = f"{len(movable)} of {total}"
    if movable and context.confirm(f"Move {what}?", yes=yes, dry_run=dry_run, would=f"Would move {what}."):
        columns = (TextColumn("Moving"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=err, transient=True) as progress:
            task = progress.add_task("Moving", total=len(movable))
            moved = letters.move(movable, lambda done: progress.advance(task, done))
        context.print(f"[green]Moved {len(moved)}.[/]")
    _answer(context, inspection, movable=len(movable), moved=moved)
    return ATTENTION if total > len(moved) else OK


def _discard(
    context: CommandContext,
    letters: DeadLetters,
    inspection: Inspection,
    given: Sequence[str],
    *,
    yes: bool,
    dry_run: bool,
) -> int:
    """Delete messages for good. What is a request that was never sent is lost then, so the question says it."""
    found = inspection.found
    chosen = found if _ALL in given else [inspection.one(message_id) for message_id in dict.fromkeys(given)]
    lost = f" {count} of them are emails that were never sent." if (count := unsent(chosen)) else ""
    deleted: list[str] = []
    what = f"{len(chosen)} of {len(found)} for good"
    question = f"Delete {what}?{lost} (--save DIR keeps a copy)"
    if chosen and context.confirm(question, yes=yes, dry_run=dry_run, would=f"Would delete {what}.{lost}"):
        deleted = letters.discard({message.message_id for message, _ in chosen})
        context.print(f"[green]Deleted {len(deleted)}.[/]")
    _answer(context, inspection, chosen=[message.message_id for message, _ in chosen], deleted=deleted)
    return ATTENTION if len(found) > len(deleted) else OK


def _answer(context: CommandContext, inspection: Inspection, **changed: object) -> None:
    classified = [one for _, one in inspection.found]
    context.print_json({"queue": inspection.queue, "groups": inspection.groups, "messages": classified, **changed})
