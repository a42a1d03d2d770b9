"""The engine's own queues: where emails wait, and whether SES events wait unread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError

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

    def __init__(self, client: SQSClient, url: str, *, failure: str, code: str) -> None:
        """`failure` and `code` are the message and code of the error when the queue cannot be written."""
        self._client = client
        self._url = url
        self._failure = failure
        self._code = code

    def put(self, body: str, delay_seconds: float) -> None:
        """Put a message on the queue, delayed by whole seconds, at most 15 minutes. Raises TransientError."""
        for err in self.put_all([(body, delay_seconds)]).values():
            raise err

    def put_all(self, messages: Sequence[tuple[str, float]]) -> dict[int, TransientError]:
        """Put messages on the queue, each with its delay; return what failed by the message's index."""
        failed: dict[int, TransientError] = {}
        for entries in _batches(messages):
            indexes = [int(entry["Id"]) for entry in entries]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (BotoCoreError, ClientError) as err:
                failed |= dict.fromkeys(indexes, self._error(type(err).__name__))
            else:
                failed |= {int(one["Id"]): self._error(one["Code"]) for one in answer.get("Failed", ())}
        return failed

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


class FeedbackBacklog:
    """The SES events that wait unread, in the feedback queue or in its dead-letter queue."""

    def __init__(self, client: SQSClient, urls: Sequence[str]) -> None:
        self._client = client
        self._urls = urls

    def is_empty(self) -> bool:
        """Return False if any queue holds a message, in flight or delayed. Raises TransientError."""
        return not any(self._depth(url) for url in self._urls)

    def _depth(self, url: str) -> int:
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        except (BotoCoreError, ClientError) as err:
            raise TransientError(f"SQS error reading queue depth: {type(err).__name__}", code="AWS005") from err
        return sum(map(int, answer["Attributes"].values()))
