"""`sesmail redrive QUEUE`: move dead-letter messages that can succeed now back to their queue."""

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

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue, last_errors
from sesmail_cli.operator.dead_letters import (
    Classification,
    DeadLetterMessage,
    RedriveContext,
    classify,
    email_id_of,
    request_of,
)
from sesmail_cli.operator.engine import (
    BUS_DEAD_LETTER_QUEUE,
    DEAD_LETTER_QUEUE_OF,
    DEAD_LETTER_QUEUES,
    QUEUES,
    Engine,
)
from sesmail_cli.operator.format import duration
from sesmail_cli.terminal import err

_SHOWN = 50
_FUNCTIONS = {"FeedbackProcessorDLQ": "FeedbackProcessor"}
_NAMES = ", ".join((*QUEUES, BUS_DEAD_LETTER_QUEUE))


def redrive(
    context: CommandContext,
    queue: Annotated[
        str, typer.Argument(metavar="QUEUE", help=f"One of {_NAMES}; or the name of a queue's dead-letter queue.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the messages; move nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages to read.")] = 1000,
) -> int:
    """Move dead-letter messages back to their queue. Shows each message and its reason first, then asks.

    Moves only what can succeed now. Unreadable messages stay, and so do emails of a paused producer.
    """
    name = _dead_letter_queue(queue, context.engine.name)
    run = _Redrive(context.engine, name, limit)
    messages = run.inspect()
    movable = sum(message.target is not None for message in messages)
    _print(context, name, messages)
    if len(messages) == limit:
        context.note(f"[yellow]Only {limit} messages were read.[/] --limit raises that.")
    moved: list[str] = []
    if movable and context.confirm(f"Move {movable} of {len(messages)}?", yes=yes, dry_run=dry_run):
        moved = run.move(movable)
        context.print(f"[green]Moved {len(moved)}.[/]")
    context.print_json({"queue": name, "messages": messages, "movable": movable, "moved": moved})
    return ATTENTION if len(messages) > len(moved) else OK


class _Redrive:
    """One run over one dead-letter queue. Messages are released before the operator is asked."""

    def __init__(self, engine: Engine, name: str, limit: int) -> None:
        self._engine = engine
        self._name = name
        self._limit = limit
        self._queue = DeadLetterQueue(engine.sqs, engine.queue_url(name))

    def inspect(self) -> list[Classification]:
        messages = [message for batch in self._queue.receive(self._limit) for message in batch]
        try:
            context = self._context(messages, with_log=True)
            return [classify(message, self._name, context) for message in messages]
        finally:
            self._queue.release(messages)

    def move(self, expected: int) -> list[str]:
        """Receive and classify the messages again, since the engine's state may have changed, and move them."""
        moved: list[str] = []
        kept: list[DeadLetterMessage] = []
        urls: dict[str, str] = {}
        columns = (TextColumn("Moving"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, console=err, transient=True) as progress:
                task = progress.add_task("Moving", total=expected)
                for batch in self._queue.receive(self._limit):
                    context = self._context(batch, with_log=False)
                    targets = {one.message_id: classify(one, self._name, context).target for one in batch}
                    for target in sorted({one for one in targets.values() if one}):
                        url = urls.setdefault(target, self._engine.queue_url(target))
                        done = self._queue.move([one for one in batch if targets[one.message_id] == target], url)
                        moved += done
                        progress.advance(task, len(done))
                    kept += [message for message in batch if message.message_id not in moved]
        finally:
            self._queue.release(kept)
        return moved

    def _context(self, messages: Sequence[DeadLetterMessage], *, with_log: bool) -> RedriveContext:
        engine = self._engine
        requests = [request for message in messages if (request := request_of(message))]
        email_ids = {email_id_of(request) for request in requests}
        return RedriveContext(
            now=engine.clock.now(),
            paused=engine.paused({request.source for request in requests}),
            ses_sending_enabled=engine.ses_account().get("SendingEnabled"),
            records=engine.tracking.get_many(email_ids) if email_ids else {},
            logged=self._logged(messages) if with_log else {},
            topics={engine.resource_name("SESFeedback"), engine.resource_name("Alarms")},
        )

    def _logged(self, messages: Sequence[DeadLetterMessage]) -> Mapping[str, str]:
        """Read the errors from the function's log; empty where the role may not read it."""
        if not messages or self._name == BUS_DEAD_LETTER_QUEUE:
            return {}
        function = self._engine.resource_name(_FUNCTIONS.get(self._name, "EmailSender"))
        since = min(message.sent_at for message in messages)
        ids = {message.message_id for message in messages}
        with suppress(BotoCoreError, ClientError):
            return last_errors(self._engine.logs, f"/aws/lambda/{function}", since, ids)
        return {}


def _dead_letter_queue(given: str, name: str) -> str:
    short = given.removeprefix(f"{name}-")
    found = DEAD_LETTER_QUEUE_OF.get(short, short)
    if found not in DEAD_LETTER_QUEUES:
        raise UsageError(f"There is no queue '{given}': name one of {_NAMES}.")
    return found


def _print(context: CommandContext, name: str, messages: Sequence[Classification]) -> None:
    if not messages:
        context.print(f"{name} is empty.")
        return
    table = Table("Age", "Message", "Reason", "Goes to", box=None, pad_edge=False)
    for message in messages[:_SHOWN]:
        goes = f"[green]{message.target}[/]" if message.target else f"[yellow]stays: {escape(message.stays or '')}[/]"
        table.add_row(duration(message.age_seconds), escape(message.what), escape(message.why), goes)
    context.print_table(table)
    if len(messages) > _SHOWN:
        context.print(f"… and {len(messages) - _SHOWN} more (--json lists all)")
    targets = Counter(message.target or "stay" for message in messages)
    context.print(f"{name}: " + ", ".join(f"{count} → {target}" for target, count in sorted(targets.items())))
