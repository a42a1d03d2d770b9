"""The engine's own queues: where emails wait, and whether news of them is still under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.domain.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_DELAY_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html"""


class RetryQueue:
    """The queue of what waits; a longer wait than SQS can delay is made of several."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, body: str, delay_seconds: float) -> None:
        """Puts a message aside, whole seconds, at most 15 minutes. Raises TransientError."""
        delay = min(MAX_DELAY_SECONDS, max(0, -int(-delay_seconds // 1)))
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=delay)
        except (BotoCoreError, ClientError) as err:
            raise TransientError(f"Failed to schedule retry: {type(err).__name__}", code="FBK005") from err


class FeedbackBacklog:
    """Tells whether SES events wait unread, in the feedback queue or in its dead-letter queue."""

    def __init__(self, client: SQSClient, urls: Sequence[str]) -> None:
        self._client = client
        self._urls = urls

    def is_empty(self) -> bool:
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
