"""The engine's own queues: where emails wait, and whether SES events wait unread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
MAX_DELAY_SECONDS = 900


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
        delay = min(MAX_DELAY_SECONDS, max(0, -int(-delay_seconds // 1)))
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
        except (BotoCoreError, ClientError) as err:
            raise TransientError(f"{self._failure}: {type(err).__name__}", code=self._code) from err


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
