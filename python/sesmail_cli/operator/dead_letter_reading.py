"""Read a dead-letter queue in small steps, each of a few requests, and keep what was read.

    ReceiveMessage (10) ──► BatchGetItem: their records and pauses ──► FilterLogEvents: their errors

A message that was read stays hidden for two minutes, so that a later step does not get it again. Whoever moves or
deletes messages receives them anew (redriving.py), after they were released.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.dead_letter_files import Inspected
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue, errors_in, parse_message
from sesmail_cli.operator.dead_letters import (
    DeadLetterMessage,
    LoggedError,
    RedriveContext,
    classify,
    record_keys_of,
    request_of,
)
from sesmail_cli.operator.engine import BUS_DEAD_LETTER_QUEUE, Engine
from sesmail_cli.operator.redriving import Inspection
from sesmail_layer.aws.control_items import read_state, state_key
from sesmail_layer.aws.dynamodb_items import HASH_KEY_BYTES
from sesmail_layer.aws.tracking_table import read_record
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.record.tracking import TrackingRecord

HIDDEN_SECONDS = 120
"""A message that was read is hidden from everyone for so long."""
KEPT_SECONDS = 300
"""What was read so long ago is read again."""
_PER_STEP = 10
_STEPS_WITHOUT_FRESH = 3
"""In a row, of messages that were read before: then all were, and are visible again."""
_WAIT_SECONDS = 1
"""With a wait, SQS asks all its servers: an empty answer means that no message is visible."""
_FUNCTIONS = {"FeedbackProcessorDLQ": "FeedbackProcessor"}


class DeadLetterReading:
    """What was read of one dead-letter queue so far."""

    def __init__(self, engine: Engine, queue: str, url: str) -> None:
        self._engine = engine
        self._queue = queue
        self._url = url
        self._found: dict[str, Inspected] = {}
        self._lock = threading.Lock()
        self._steps_without_fresh = 0
        self._hidden_until = 0.0
        self.complete = False
        """True: no further message is visible, or only those that were read come again."""
        self.read_at = 0.0
        """Unix seconds of the last step."""

    @property
    def inspection(self) -> Inspection:
        return Inspection(queue=self._queue, found=list(self._found.values()), complete=self.complete)

    @property
    def hidden_seconds(self) -> float:
        """Seconds until all messages are visible again."""
        return max(0.0, self._hidden_until - self._engine.clock.now())

    def release(self) -> None:
        """Make the messages visible again. Raises botocore's errors."""
        with self._lock:
            if self.hidden_seconds:
                DeadLetterQueue(self._engine.sqs, self._url).release([message for message, _ in self._found.values()])
                self._hidden_until = 0.0

    def forget(self, ids: Collection[str]) -> None:
        """Leave out messages that are gone."""
        with self._lock:
            for message_id in ids:
                self._found.pop(message_id, None)

    def step(self) -> None:
        """Read up to ten more messages, in three requests. Raises botocore's errors and TransientError."""
        with self._lock:
            answer = self._engine.sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_PER_STEP,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            self.read_at = self._engine.clock.now()
            self._hidden_until = self.read_at + HIDDEN_SECONDS
            messages = [parse_message(message) for message in answer.get("Messages", [])]
            fresh = [message for message in messages if message.message_id not in self._found]
            self._steps_without_fresh = 0 if fresh else self._steps_without_fresh + 1
            self.complete = not messages or self._steps_without_fresh >= _STEPS_WITHOUT_FRESH
            if fresh:
                state = self._state(fresh)
                self._found |= {one.message_id: (one, classify(one, self._queue, state)) for one in fresh}
            # Only the newest receipt of a message is sure to release it.
            self._found |= {one.message_id: (one, self._found[one.message_id][1]) for one in messages}

    def _state(self, messages: Sequence[DeadLetterMessage]) -> RedriveContext:
        engine = self._engine
        requests = [request for message in messages if (request := request_of(message))]
        records, paused = _records_and_pauses(
            engine, {key for one in requests for key in record_keys_of(one)}, {one.source for one in requests}
        )
        return RedriveContext(
            now=engine.clock.now(),
            paused=paused,
            ses_sending_enabled=None,
            records=records,
            logged=self._logged(messages),
            topics={engine.resource_name("SESFeedback"), engine.resource_name("Alarms")},
        )

    def _logged(self, messages: Sequence[DeadLetterMessage]) -> Mapping[str, LoggedError]:
        """Look for their errors in the function's log, in one request; empty where the role may not read it.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
        """
        if self._queue == BUS_DEAD_LETTER_QUEUE:
            return {}
        ids = {message.message_id for message in messages}
        function = self._engine.resource_name(_FUNCTIONS.get(self._queue, "EmailSender"))
        with suppress(BotoCoreError, ClientError):
            answer = self._engine.logs.filter_log_events(
                logGroupName=f"/aws/lambda/{function}",
                startTime=int(min(message.sent_at for message in messages) * 1000),
                filterPattern=" ".join(f'?"{message_id}"' for message_id in sorted(ids)),
            )
            return errors_in(answer["events"], ids)
        return {}


def _records_and_pauses(
    engine: Engine, email_ids: Collection[str], sources: Collection[str]
) -> tuple[Mapping[str, TrackingRecord], Mapping[str, SendingState]]:
    """Read both in one request. Raises TransientError where the table is too busy."""
    emails, control = engine.resource_name("EmailTracking"), engine.resource_name("Control")
    wanted: dict[str, Any] = {
        emails: {"Keys": [{"emailId": {"S": one}} for one in _keys(email_ids)]},
        control: {"Keys": [{"pk": {"S": state_key(one)}} for one in _keys({ACCOUNT, *sources})]},
    }
    given = {table: one | {"ConsistentRead": True} for table, one in wanted.items() if one["Keys"]}
    answer = engine.dynamodb.batch_get_item(RequestItems=given)
    if answer.get("UnprocessedKeys"):
        raise TransientError("Some records stayed unread: try again", code="AWS003")
    records = [read_record(item) for item in answer["Responses"].get(emails, [])]
    prefix = state_key("")
    states = {
        str(item["pk"]["S"]).removeprefix(prefix): read_state(item) for item in answer["Responses"].get(control, [])
    }
    return (
        {record.email_id: record for record in records},
        {source: state for source, state in states.items() if state.paused},
    )


def _keys(texts: Collection[str]) -> list[str]:
    """Return the texts that can be keys: what others sent may be too long, or no Unicode."""
    most = HASH_KEY_BYTES - len(state_key(""))
    return sorted(text for text in texts if 0 < len(text.encode(errors="replace")) <= most and _is_unicode(text))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
