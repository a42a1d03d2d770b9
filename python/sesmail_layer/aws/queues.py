"""The engine's own queues, where emails and SES events wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.usecases.ports import RunAll, one_after_another

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
MAX_DELAY_SECONDS = 900
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
_BATCH_MESSAGES = 10
_BATCH_BYTES = 256 * 1024
"""Of all messages of a call; queues and regions that take more take this."""


class DelayQueue:
    """A queue that delivers a message after a delay; a wait longer than SQS allows takes several hops."""

    def __init__(
        self, client: SQSClient, url: str, *, failure: str, code: str, run_all: RunAll = one_after_another
    ) -> None:
        """`failure` and `code` are the message and code of the error when the queue cannot be written."""
        self._client = client
        self._url = url
        self._failure = failure
        self._code = code
        self._run_all = run_all

    def put(self, body: str, delay_seconds: float) -> None:
        """Put a message on the queue, delayed by whole seconds, at most 15 minutes. Raises TransientError."""
        for err in self.put_all([(body, delay_seconds)]).values():
            raise err

    def put_all(self, messages: Sequence[tuple[str, float]]) -> dict[int, TransientError]:
        """Put messages on the queue, each with its delay; return what failed by the message's index."""
        failed: dict[int, TransientError] = {}
        self._run_all([partial(self._send, entries, failed) for entries in _batches(messages)])
        return failed

    def _send(self, entries: Sequence[SendMessageBatchRequestEntryTypeDef], failed: dict[int, TransientError]) -> None:
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except (BotoCoreError, ClientError) as err:
            failed |= {int(entry["Id"]): self._error(type(err).__name__) for entry in entries}
        else:
            failed |= {int(one["Id"]): self._error(one["Code"]) for one in answer.get("Failed", ())}

    def _error(self, why: str) -> TransientError:
        return TransientError(f"{self._failure}: {why}", code=self._code)


def _batches(messages: Sequence[tuple[str, float]]) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    size = 0
    for index, (body, delay_seconds) in enumerate(messages):
        delay = min(MAX_DELAY_SECONDS, max(0, -int(-delay_seconds // 1)))
        length = len(body.encode())
        if batch and (len(batch) == _BATCH_MESSAGES or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append({"Id": str(index), "MessageBody": body, "DelaySeconds": delay})
        size += length
    if batch:
        yield batch
