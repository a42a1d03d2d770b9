"""`sesmail redrive QUEUE`: look at dead-letter messages by cause, move them back, save or discard them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext, UsageError
from sesmail_cli.operator.dead_letter_files import Inspected, document, save
from sesmail_cli.operator.dead_letter_groups import describe_groups, group_by_cause
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue, last_errors
from sesmail_cli.operator.dead_letters import (
    DeadLetterMessage,
    LoggedError,
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
)
from sesmail_cli.terminal import err, print_json

_FUNCTIONS = {"FeedbackProcessorDLQ": "FeedbackProcessor"}
_NAMES = ", ".join((*QUEUES, BUS_DEAD_LETTER_QUEUE))
_ALL = "all"


def redrive(
    context: CommandContext,
    queue: Annotated[
        str, typer.Argument(metavar="QUEUE", help=f"One of {_NAMES}; or the name of a queue's dead-letter queue.")
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
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most messages to read.")] = 1000,
) -> int:
    """Move dead-letter messages back to their queue. Shows them by cause first, then asks.

    Moves only what can succeed now. Unreadable messages stay, and so do emails of a paused producer.
    """
    if sum(option is not None for option in (show, save_to, discard or None)) > 1:
        raise UsageError("Give one of --show, --save and --discard.")
    if discard and _ALL in discard and cause is None:
        raise UsageError("--discard all needs --cause: it deletes all messages of one cause.")
    run = _Redrive(context, _dead_letter_queue(queue, context.engine.name), limit)
    found = [one for one in run.inspect() if cause in (None, one[1].cause)]
    if show is not None:
        return run.show(found, show)
    if save_to is not None:
        return run.save(found, save_to)
    run.print_groups(found, cause)
    if discard:
        return run.discard(found, discard, yes=yes, dry_run=dry_run)
    return run.move(found, yes=yes, dry_run=dry_run)


class _Redrive:
    """One run over one dead-letter queue. Messages are released before the operator is asked."""

    def __init__(self, context: CommandContext, name: str, limit: int) -> None:
        self._context = context
        self._engine = context.engine
        self._name = name
        self._limit = limit
        self._queue = DeadLetterQueue(self._engine.sqs, self._engine.queue_url(name))

    # --- look ---------------------------------------------------------------------------------------------------------

    def inspect(self) -> list[Inspected]:
        messages: list[DeadLetterMessage] = []
        try:
            for batch in self._queue.receive(self._limit):
                messages += batch
            state = self._state(messages, with_log=True)
            found = [(message, classify(message, self._name, state)) for message in messages]
        finally:
            self._queue.release(messages)
        if len(messages) == self._limit:
            self._context.note(f"[yellow]Only {self._limit} messages were read.[/] --limit raises that.")
        return found

    def print_groups(self, found: Sequence[Inspected], cause: str | None) -> None:
        if not found:
            of_cause = f" has no message of cause '{escape(cause)}'." if cause else " is empty."
            self._context.print(self._name + of_cause)
            return
        for line in describe_groups(group_by_cause([one for _, one in found])).split("\n"):
            self._context.print(line)
        self._context.print()
        movable = sum(one.target is not None for _, one in found)
        self._context.print(
            f"{self._name}: {len(found)} messages, {movable} can be moved. --show ID prints one in full."
        )

    def show(self, found: Sequence[Inspected], message_id: str) -> int:
        print_json(document(*self._one(found, message_id)))
        return OK

    def save(self, found: Sequence[Inspected], folder: Path) -> int:
        try:
            written = save(found, folder)
        except OSError as error:
            raise UsageError(f"Cannot write to {folder}: {error.strerror}. Choose another folder.") from error
        self._context.print(f"Saved {len(written)} to {escape(str(folder))}. The messages stay in {self._name}.")
        self._context.print_json({"queue": self._name, "saved": [str(path) for path in written]})
        return OK

    # --- change -------------------------------------------------------------------------------------------------------

    def move(self, found: Sequence[Inspected], *, yes: bool, dry_run: bool) -> int:
        movable = {message.message_id for message, one in found if one.target is not None}
        moved: list[str] = []
        if movable and self._context.confirm(f"Move {len(movable)} of {len(found)}?", yes=yes, dry_run=dry_run):
            moved = self._move(movable)
            self._context.print(f"[green]Moved {len(moved)}.[/]")
        self._answer(found, movable=len(movable), moved=moved)
        return ATTENTION if len(found) > len(moved) else OK

    def discard(self, found: Sequence[Inspected], given: Sequence[str], *, yes: bool, dry_run: bool) -> int:
        """Delete messages for good. What is a request that was never sent is lost then, so the question says it."""
        chosen = found if _ALL in given else [self._one(found, message_id) for message_id in dict.fromkeys(given)]
        unsent = sum(one.cause in ("no-record", "not-sent") for _, one in chosen)
        lost = f" {unsent} of them are emails that were never sent." if unsent else ""
        deleted: list[str] = []
        question = f"Delete {len(chosen)} of {len(found)} for good?{lost} (--save DIR keeps a copy)"
        if chosen and self._context.confirm(question, yes=yes, dry_run=dry_run):
            deleted = self._discard({message.message_id for message, _ in chosen})
            self._context.print(f"[green]Deleted {len(deleted)}.[/]")
        self._answer(found, chosen=[message.message_id for message, _ in chosen], deleted=deleted)
        return ATTENTION if len(found) > len(deleted) else OK

    def _answer(self, found: Sequence[Inspected], **changed: object) -> None:
        classified = [one for _, one in found]
        groups = group_by_cause(classified)
        self._context.print_json({"queue": self._name, "groups": groups, "messages": classified, **changed})

    def _move(self, ids: Collection[str]) -> list[str]:
        """Receive and classify the messages again, since the engine's state may have changed, and move them."""
        moved: list[str] = []
        kept: list[DeadLetterMessage] = []
        urls: dict[str, str] = {}
        columns = (TextColumn("Moving"), BarColumn(), MofNCompleteColumn())
        try:
            with Progress(*columns, console=err, transient=True) as progress:
                task = progress.add_task("Moving", total=len(ids))
                for batch in self._queue.receive(self._limit):
                    state = self._state(batch, with_log=False)
                    chosen = [one for one in batch if one.message_id in ids]
                    targets = {one.message_id: classify(one, self._name, state).target for one in chosen}
                    for target in sorted({one for one in targets.values() if one}):
                        url = urls.setdefault(target, self._engine.queue_url(target))
                        done = self._queue.move([one for one in chosen if targets[one.message_id] == target], url)
                        moved += done
                        progress.advance(task, len(done))
                    kept += [message for message in batch if message.message_id not in moved]
        finally:
            self._queue.release(kept)
        return moved

    def _discard(self, ids: Collection[str]) -> list[str]:
        deleted: list[str] = []
        kept: list[DeadLetterMessage] = []
        try:
            for batch in self._queue.receive(self._limit):
                deleted += self._queue.delete([one for one in batch if one.message_id in ids])
                kept += [one for one in batch if one.message_id not in deleted]
        finally:
            self._queue.release(kept)
        return deleted

    # --- what decides -------------------------------------------------------------------------------------------------

    def _one(self, found: Sequence[Inspected], message_id: str) -> Inspected:
        for one in found:
            if one[0].message_id == message_id:
                return one
        raise UsageError(
            f"{self._name} has no message '{message_id}': `sesmail redrive {self._name} --json` lists all."
        )

    def _state(self, messages: Sequence[DeadLetterMessage], *, with_log: bool) -> RedriveContext:
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

    def _logged(self, messages: Sequence[DeadLetterMessage]) -> Mapping[str, LoggedError]:
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
