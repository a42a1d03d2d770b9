"""What `send-bulk` prints: the check, samples, progress and the report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sesmail_cli.bulk.checking import CheckedFile
from sesmail_cli.bulk.mailing import Mailing
from sesmail_cli.bulk.store import EmailStore, StoredEmail
from sesmail_cli.operator.command import CommandContext
from sesmail_cli.templates.render import Preview
from sesmail_cli.terminal import coloured, err, print_line

_SHOWN_REFUSALS = 20
_SHOWN_LINES = 12
# Between two lines of progress where there is no terminal.
_LOG_SECONDS = 10.0


@contextmanager
def counting(what: str, unit: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr: a bar on a terminal, else a line every ten seconds."""
    if not err.is_terminal:
        shown = time.monotonic()

        def log(count: int) -> None:
            nonlocal shown
            if time.monotonic() - shown >= _LOG_SECONDS:
                shown = time.monotonic()
                print_line(err, f"{what}: {count:,}{f' of {total:,}' if total else ''} {unit}")

        yield log
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.update(task, completed=count)


def print_checked(
    context: CommandContext, file: Path, mailing: Mailing, checked: CheckedFile, store: EmailStore
) -> None:
    counts = store.counts()
    context.print(
        f"[bold]{escape(file.name)}[/]: {checked.rows:,} rows for template '{escape(mailing.template)}', "
        f"tag '{escape(mailing.tag)}', producer '{escape(mailing.producer)}'"
    )
    context.print(f"{counts.to_request:>8,} to send")
    for count, what in (
        (counts.requested, f"requested before under the tag '{escape(mailing.tag)}': not requested again"),
        (counts.changed, "[red]failed before with other data[/]: send these rows under another --tag"),
        (checked.refused, "[red]refused[/]"),
        (checked.duplicates, "[red]duplicates[/]: the first of each counts"),
        (counts.left_out, "[yellow]suppressed[/]: left out"),
    ):
        if count:
            context.print(f"{count:>8,} {what}")
    if changed := store.changed_lines(_SHOWN_REFUSALS):
        others = f" and {counts.changed - len(changed):,} more" if counts.changed > len(changed) else ""
        context.note(f"Failed before with other data: lines {', '.join(map(str, changed))}{others}")
    for refusal in checked.refusals[:_SHOWN_REFUSALS]:
        context.note(f"Line {refusal.line}: {escape(refusal.reason)}")
    if (more := checked.refused + checked.duplicates - _SHOWN_REFUSALS) > 0:
        context.note(f"… and {more:,} more (--json lists up to 1,000).")


def print_sample(context: CommandContext, sample: StoredEmail, email: Preview) -> None:
    """Print an email's subject and the start of its text; the sender is only known to the engine."""
    headers = dict(email.headers)
    context.print()
    context.print(f"[bold]Line {sample.line}, to {escape(str(sample.email['to']))}[/]")
    context.print(f"Subject: {escape(headers.get('Subject', ''))}")
    lines = [line for line in email.text.splitlines() if line.strip()]
    context.print_text("\n".join(f"  {line}" for line in lines[:_SHOWN_LINES]))
    more = f"{len(lines) - _SHOWN_LINES} more lines, " if len(lines) > _SHOWN_LINES else ""
    context.print(f"  ({more}{len(email.html.encode()):,} bytes of HTML)")


def print_counts(context: CommandContext, counts: Counter[str]) -> None:
    for label, count in counts.most_common():
        status, colon, why = label.partition(":")
        context.print(f"{count:>8,} {coloured(status)}{escape(colon + why)}")


def print_report(context: CommandContext, mailing: Mailing, counts: Counter[str]) -> None:
    tag = escape(mailing.tag)
    context.print()
    context.print(f"[bold]The mailing '{tag}'[/], {counts.total():,} emails:")
    print_counts(context, counts)
    context.print(f"For later figures run `sesmail report --tag {tag}`, or the same command again,")
    context.print(f"with `{escape(mailing.identity)}` whatever the file is called then.")
    context.print(f"`sesmail cancel --tag {tag}` cancels what SES does not have yet.")
