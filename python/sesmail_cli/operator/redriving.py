"""Look at, move, delete dead-letter messages: the work of `sesmail redrive` and of the console, without printing.

Each function raises botocore's errors and TransientError, and UsageError where it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.dead_letter_files import Inspected
from sesmail_cli.operator.dead_letter_groups import CauseGroup, group_by_cause
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue, last_errors
from sesmail_cli.operator.dead_letters import (
    DeadLetterMessage,
    LoggedError,
    RedriveContext,
    classify,
    record_keys_of,
    request_of,
)
from sesmail_cli.operator.engine import (
    BUS_DEAD_LETTER_QUEUE,
    DEAD_LETTER_QUEUE_OF,
    DEAD_LETTER_QUEUES,
    QUEUES,
    Engine,
)

QUEUE_NAMES = ", ".join((*QUEUES, BUS_DEAD_LETTER_QUEUE))
LARGEST_READ = 1_000
"""Messages that are read where no limit is given."""
_FUNCTIONS = {"FeedbackProcessorDLQ": "FeedbackProcessor"}


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one dead-letter queue, with what each is and where it can go."""

    queue: str
    found: Sequence[Inspected]
    complete: bool
    """False: the limit was reached, and the queue may have more."""

    @property
    def groups(self) -> list[CauseGroup]:
        return group_by_cause([one for _, one in self.found])

    @property
    def movable(self) -> set[str]:
        """The ids of the messages that can succeed now."""
        return {message.message_id for message, one in self.found if one.target is not None}

    def of_cause(self, cause: str | None) -> Inspection:
        """Return the part of one cause; None: all."""
        return msgspec.structs.replace(self, found=[one for one in self.found if cause in (None, one[1].cause)])

    def one(self, message_id: str) -> Inspected:
        """Return one message. Raises UsageError."""
        for one in self.found:
            if one[0].message_id == message_id:
                return one
        raise UsageError(
            f"{self.queue} has no message '{message_id}': `sesmail redrive {self.queue} --json` lists all."
        )


def unsent(chosen: Sequence[Inspected]) -> int:
    """Count the messages that are emails which were never sent: who deletes them loses them."""
    return sum(one.unsent for _, one in chosen)


def dead_letter_queue(given: str, engine_name: str) -> str:
    """Return the dead-letter queue that is meant: by its name, or by that of its queue. Raises UsageError."""
    short = given.removeprefix(f"{engine_name}-")
    found = DEAD_LETTER_QUEUE_OF.get(short, short)
    if found not in DEAD_LETTER_QUEUES:
        raise UsageError(f"There is no queue '{given}': name one of {QUEUE_NAMES}.")
    return found


class DeadLetters:
    """One dead-letter queue. Messages are released as soon as they were looked at, before anybody is asked."""

    def __init__(self, engine: Engine, queue: str, limit: int = LARGEST_READ) -> None:
        self._engine = engine
        self._name = queue
        self._limit = limit
        self._queue = DeadLetterQueue(engine.sqs, engine.queue_url(queue))

    def inspect(self, *, with_log: bool = True) -> Inspection:
        """Read and classify up to `limit` messages; `with_log` also looks for their errors in the function's log."""
        messages: list[DeadLetterMessage] = []
        try:
            for batch in self._queue.receive(self._limit):
                messages += batch
            state = self._state(messages, with_log=with_log)
            found = [(message, classify(message, self._name, state)) for message in messages]
        finally:
            self._queue.release(messages)
        return Inspection(queue=self._name, found=found, complete=len(messages) < self._limit)

    def move(self, ids: Collection[str], progress: Callable[[int], None] | None = None) -> list[str]:
        """Move those of these messages that can succeed; return their ids. `progress` is given each batch's number.

        Receives and classifies them again, since the engine's state may have changed.
        """
        moved: list[str] = []
        kept: list[DeadLetterMessage] = []
        urls: dict[str, str] = {}
        try:
            for batch in self._queue.receive(self._limit):
                state = self._state(batch, with_log=False)
                chosen = [one for one in batch if one.message_id in ids]
                targets = {one.message_id: classify(one, self._name, state).target for one in chosen}
                for target in sorted({one for one in targets.values() if one}):
                    url = urls.setdefault(target, self._engine.queue_url(target))
                    done = self._queue.move([one for one in chosen if targets[one.message_id] == target], url)
                    moved += done
                    if progress:
                        progress(len(done))
                kept += [message for message in batch if message.message_id not in moved]
        finally:
            self._queue.release(kept)
        return moved

    def discard(self, ids: Collection[str]) -> list[str]:
        """Delete messages for good; return the ids of those that are gone."""
        deleted: list[str] = []
        kept: list[DeadLetterMessage] = []
        try:
            for batch in self._queue.receive(self._limit):
                deleted += self._queue.delete([one for one in batch if one.message_id in ids])
                kept += [one for one in batch if one.message_id not in deleted]
        finally:
            self._queue.release(kept)
        return deleted

    def _state(self, messages: Sequence[DeadLetterMessage], *, with_log: bool) -> RedriveContext:
        engine = self._engine
        requests = [request for message in messages if (request := request_of(message))]
        keys = {key for request in requests for key in record_keys_of(request)}
        return RedriveContext(
            now=engine.clock.now(),
            paused=engine.paused({request.source for request in requests}),
            ses_sending_enabled=engine.ses_account().get("SendingEnabled"),
            records=engine.tracking.get_many(keys) if keys else {},
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
