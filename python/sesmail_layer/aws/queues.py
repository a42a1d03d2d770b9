"""The engine's own queues, where emails and SES events wait, and the dead-letter queues of what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.plain_text import printable
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.ports import RunAll, one_after_another

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef, SendMessageBatchRequestEntryTypeDef

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
MAX_DELAY_SECONDS = 900
REASON, SENT_AT = "Reason", "SentAt"
"""Attributes of a dead letter: why it cannot be read, and when it was first sent."""
# Characters. Attributes count towards a message's size: a request leaves 4 KB for them.
_LONGEST_REASON = 300
_ATTRIBUTE_BYTES = 2 * 1024
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_BATCH_MESSAGES = 10
_BATCH_BYTES = 256 * 1024
"""Of all messages of a call; queues and regions that take more take this."""


class _Queue:
    """What both kinds of queue share: few calls, and an answer for each message."""

    def __init__(self, client: SQSClient, failure: str, code: str, run_all: RunAll) -> None:
        self._client = client
        self._failure = failure
        self._code = code
        self._run_all = run_all

    def send_all(
        self, entries_by_url: Mapping[str, Sequence[SendMessageBatchRequestEntryTypeDef]]
    ) -> dict[int, TransientError]:
        """Send entries; return what failed by its id, a number."""
        failed: dict[int, TransientError] = {}
        calls = [(url, batch) for url, entries in entries_by_url.items() for batch in _batches(entries)]
        self._run_all([partial(self._send, url, batch, failed) for url, batch in calls])
        return failed

    def error(self, why: str) -> TransientError:
        return TransientError(f"{self._failure}: {why}", code=self._code)

    def _send(
        self, url: str, entries: Sequence[SendMessageBatchRequestEntryTypeDef], failed: dict[int, TransientError]
    ) -> None:
        try:
            answer = self._client.send_message_batch(QueueUrl=url, Entries=entries)
        except (BotoCoreError, ClientError) as err:
            failed |= {int(entry["Id"]): self.error(type(err).__name__) for entry in entries}
        else:
            failed |= {int(one["Id"]): self.error(one["Code"]) for one in answer.get("Failed", ())}


class DelayQueue:
    """A queue that delivers a message after a delay; a wait longer than SQS allows takes several hops."""

    def __init__(
        self, client: SQSClient, url: str, *, failure: str, code: str, run_all: RunAll = one_after_another
    ) -> None:
        """`failure` and `code` are the message and code of the error when the queue cannot be written."""
        self._queue = _Queue(client, failure, code, run_all)
        self._url = url

    def put(self, body: str, delay_seconds: float) -> None:
        """Put a message on the queue, delayed by whole seconds, at most 15 minutes. Raises TransientError."""
        for err in self.put_all([(body, delay_seconds)]).values():
            raise err

    def put_all(self, messages: Sequence[tuple[str, float]]) -> dict[int, TransientError]:
        """Put messages on the queue, each with its delay; return what failed by the message's index."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(index),
                "MessageBody": body,
                "DelaySeconds": min(MAX_DELAY_SECONDS, max(0, -int(-delay_seconds // 1))),
            }
            for index, (body, delay_seconds) in enumerate(messages)
        ]
        return self._queue.send_all({self._url: entries})


class DeadLetterQueues:
    """Takes what no further try can read, with the reason."""

    def __init__(self, client: SQSClient, urls: Mapping[str, str], run_all: RunAll = one_after_another) -> None:
        """`urls` has each queue's dead-letter queue by the queue's name."""
        self._queue = _Queue(client, "Failed to put the message on its dead-letter queue", "QUE004", run_all)
        self._urls = urls

    def put_all(self, messages: Sequence[tuple[QueueMessage, str]]) -> dict[int, TransientError]:
        """Put messages on the dead-letter queues of their queues, each with its reason; return what failed by index."""
        entries: dict[str, list[SendMessageBatchRequestEntryTypeDef]] = {}
        unknown: dict[int, TransientError] = {}
        for index, (message, reason) in enumerate(messages):
            if (url := self._urls.get(message.queue)) is None:
                unknown[index] = self._queue.error("its queue is not known")
                continue
            attributes = _dead_letter_attributes(message, reason)
            entries.setdefault(url, []).append(
                {"Id": str(index), "MessageBody": message.body, "MessageAttributes": attributes}
            )
        return unknown | self._queue.send_all(entries)


def _dead_letter_attributes(message: QueueMessage, reason: str) -> dict[str, MessageAttributeValueTypeDef]:
    values = {REASON: printable(reason)[:_LONGEST_REASON]}
    if message.sent_at:
        values[SENT_AT] = utc_text(message.sent_at)
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items() if value}


def _batches(
    entries: Sequence[SendMessageBatchRequestEntryTypeDef],
) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    size = 0
    for entry in entries:
        length = len(entry["MessageBody"].encode()) + (_ATTRIBUTE_BYTES if "MessageAttributes" in entry else 0)
        if batch and (len(batch) == _BATCH_MESSAGES or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += length
    if batch:
        yield batch
