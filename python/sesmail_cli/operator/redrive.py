"""`sesmail redrive QUEUE`: from a dead-letter queue back to its queue, what can succeed now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from sesmail_cli.operator.command import ATTENTION, OK, Operator, UsageError, err
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue, last_errors
from sesmail_cli.operator.dead_letters import DeadLetter, Finding, Surroundings, email_id_of, examine, source_of
from sesmail_cli.operator.stack import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUES, Stack
from sesmail_cli.operator.words import duration
from sesmail_layer.domain.record.tracking import TrackingRecord

_SHOWN = 50
_FUNCTIONS = {"FeedbackProcessorDLQ": "FeedbackProcessor"}


def redrive(
    operator: Operator,
    queue: Annotated[
        str,
        typer.Argument(
            metavar="QUEUE",
            help=f"One of {', '.join((*DEAD_LETTER_QUEUES, BUS_DEAD_LETTER_QUEUE))}; or its DLQ's name.",
        ),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be moved, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many messages to look at, at most.")] = 1000,
) -> int:
    """Move dead letters back to their queue. Shows first what each is and why it is there; then asks.

    Only what can succeed now is moved: what cannot be read stays, and so does mail of whoever is paused.
    """
    name = _dead_letter_queue(queue, operator.stack.name)
    run = _Redrive(operator.stack, name, limit)
    findings = run.look()
    movable = sum(finding.target is not None for finding in findings)
    _show(operator, name, findings)
    if len(findings) == limit:
        operator.note(f"[yellow]Only {limit} messages were looked at[/]; --limit raises that.")
    moved: list[str] = []
    if movable and operator.agrees(f"Move {movable} of {len(findings)}?", yes=yes, dry_run=dry_run):
        moved = run.move(movable)
        operator.say(f"[green]Moved {len(moved)}.[/]")
    operator.answer({"queue": name, "messages": findings, "movable": movable, "moved": moved})
    return ATTENTION if len(findings) > len(moved) else OK


class _Redrive:
    """One run over one dead-letter queue. What was looked at is given back before anybody is asked."""

    def __init__(self, stack: Stack, name: str, limit: int) -> None:
        self._stack = stack
        self._name = name
        self._limit = limit
        self._queue = DeadLetterQueue(stack.sqs, stack.queue_url(name))

    def look(self) -> list[Finding]:
        letters = [letter for some in self._queue.take(self._limit) for letter in some]
        try:
            around = self._surroundings(letters, with_log=True)
            return [examine(letter, self._name, around) for letter in letters]
        finally:
            self._queue.release(letters)

    def move(self, expected: int) -> list[str]:
        """Receives anew and judges anew, since things may have changed since they were shown."""
        moved: list[str] = []
        kept: list[DeadLetter] = []
        urls: dict[str, str] = {}
        columns = (TextColumn("Moving"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, console=err, transient=True) as progress:
                task = progress.add_task("Moving", total=expected)
                for some in self._queue.take(self._limit):
                    around = self._surroundings(some, with_log=False)
                    targets = {letter.message_id: examine(letter, self._name, around).target for letter in some}
                    for target in sorted({one for one in targets.values() if one}):
                        url = urls.setdefault(target, self._stack.queue_url(target))
                        done = self._queue.move([one for one in some if targets[one.message_id] == target], url)
                        moved += done
                        progress.advance(task, len(done))
                    kept += [letter for letter in some if letter.message_id not in moved]
        finally:
            self._queue.release(kept)
        return moved

    def _surroundings(self, letters: Sequence[DeadLetter], *, with_log: bool) -> Surroundings:
        stack = self._stack
        sources = {source for letter in letters if (source := source_of(letter))}
        return Surroundings(
            now=stack.clock.now(),
            paused=stack.paused(sources),
            ses_sends=self._ses_sends(),
            records=self._records(letters),
            logged=self._logged(letters) if with_log else {},
            topics={stack.called("SESFeedback"), stack.called("Alarms")},
        )

    def _records(self, letters: Sequence[DeadLetter]) -> Mapping[str, TrackingRecord]:
        ids = {email_id for letter in letters if (email_id := email_id_of(letter))}
        return self._stack.tracking.get_many(ids) if ids else {}

    def _ses_sends(self) -> bool | None:
        with suppress(BotoCoreError, ClientError):
            return self._stack.sesv2.get_account().get("SendingEnabled")
        return None

    def _logged(self, letters: Sequence[DeadLetter]) -> Mapping[str, str]:
        """The log tells best why; without it, the messages tell what they can."""
        if not letters or self._name == BUS_DEAD_LETTER_QUEUE:
            return {}
        function = self._stack.called(_FUNCTIONS.get(self._name, "EmailSender"))
        with suppress(BotoCoreError, ClientError):
            since = min(letter.sent_at for letter in letters)
            return last_errors(
                self._stack.logs, f"/aws/lambda/{function}", since, {letter.message_id for letter in letters}
            )
        return {}


def _dead_letter_queue(given: str, name: str) -> str:
    short = given.removeprefix(f"{name}-")
    found = DEAD_LETTER_QUEUES.get(short, short)
    if found not in (BUS_DEAD_LETTER_QUEUE, *DEAD_LETTER_QUEUES.values()):
        known = ", ".join((*DEAD_LETTER_QUEUES, BUS_DEAD_LETTER_QUEUE))
        raise UsageError(f"There is no queue '{given}': name one of {known}.")
    return found


def _show(operator: Operator, name: str, findings: Sequence[Finding]) -> None:
    if not findings:
        operator.say(f"{name} is empty.")
        return
    table = Table("Age", "What", "Why it is here", "Goes to", box=None, pad_edge=False)
    for finding in findings[:_SHOWN]:
        goes = f"[green]{finding.target}[/]" if finding.target else f"[yellow]stays: {escape(finding.stays or '')}[/]"
        table.add_row(duration(finding.age_seconds), escape(finding.what), escape(finding.why), goes)
    operator.show(table)
    if len(findings) > _SHOWN:
        operator.say(f"… and {len(findings) - _SHOWN} more (--json lists all)")
    goals = Counter(finding.target or "stay" for finding in findings)
    operator.say(f"{name}: " + ", ".join(f"{count} → {goal}" for goal, count in sorted(goals.items())))
