"""Post each message of a batch; what is not accepted waits on its queue, longer after each try.

SQS keeps the time: a message that failed is hidden for 2 s, 4 s, 8 s … 15 min (ChangeMessageVisibility) and reported
as failed. After `max_tries` receives SQS moves it to the dead-letter queue.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError
from standardwebhooks.webhooks import Webhook

from sesmail_webhook.log import log
from sesmail_webhook.posting import CallSocket, PostError, post
from sesmail_webhook.settings import Settings
from sesmail_webhook.signing import SecretError, signed_headers

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef

# For the whole of a try, whatever the receiver does: it connects, reads and answers within this.
TRY_SECONDS = 10.0
MAX_DELAY_SECONDS = 900
# Delays are shortened by up to a fifth, so that messages that failed together do not come back together.
JITTER = 0.2
# What is safe in a header; the engine writes UUIDs.
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
USER_AGENT = "SESMail-StatusWebhook/1"


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchResponse(TypedDict):
    batchItemFailures: list[BatchItemFailure]


@dataclass(frozen=True)
class Message:
    """A status event as SQS delivers it."""

    message_id: str
    receipt_handle: str
    body: str
    tries: int
    """Receives, this one included."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Message:
        tries = int(record["attributes"]["ApproximateReceiveCount"])
        return cls(record["messageId"], record["receiptHandle"], record["body"], tries)

    @property
    def event_id(self) -> str:
        """The status event's id, which a republished event shares; SQS's id for a body that is no status event."""
        try:
            found = json.loads(self.body)["detail"]["eventId"]
        except (ValueError, KeyError, TypeError):
            return self.message_id
        return found if isinstance(found, str) and _EVENT_ID.fullmatch(found) else self.message_id


class StatusWebhook:
    """Made once for a container, called for every invocation."""

    def __init__(
        self,
        settings: Settings,
        signers: Callable[[], Sequence[Webhook]],
        sqs: SQSClient,
        try_seconds: float = TRY_SECONDS,
    ) -> None:
        self._settings = settings
        self._signers = signers
        self._sqs = sqs
        self._try_seconds = try_seconds

    def handle(self, event: Mapping[str, Any]) -> BatchResponse:
        """Post the messages of an SQS event at the same time; return those that were not accepted."""
        messages = [Message.from_record(record) for record in event["Records"]]
        failures = self._failures(messages)
        failed = [message for message in messages if message.message_id in failures]
        if failed:
            self._delay(failed, failures)
        log("INFO", "webhook.batch", accepted=len(messages) - len(failed), failed=len(failed))
        return {"batchItemFailures": [{"itemIdentifier": message.message_id} for message in failed]}

    def _failures(self, messages: Sequence[Message]) -> dict[str, str]:
        """Return why messages were not accepted, by their id."""
        try:
            signers = self._signers()
        except SecretError as err:
            return dict.fromkeys((message.message_id for message in messages), str(err))
        pool = ThreadPoolExecutor(max_workers=len(messages))
        sockets = {message.message_id: CallSocket() for message in messages}
        tries = {
            message.message_id: pool.submit(self._try, message, signers, sockets[message.message_id])
            for message in messages
        }
        wait(tries.values(), timeout=self._try_seconds)
        # Read before the sockets end: what an end cuts off may look like an answer.
        found = {message_id: _failure(tried) for message_id, tried in tries.items()}
        # A receiver may answer a byte at a time, for ever: its message is tried again, its thread and socket end.
        for call_socket in sockets.values():
            call_socket.end()
        pool.shutdown(wait=False, cancel_futures=True)
        return {message_id: reason for message_id, reason in found.items() if reason}

    def _try(self, message: Message, signers: Sequence[Webhook], call_socket: CallSocket) -> int:
        headers = signed_headers(signers, message.event_id, message.body, time.time())
        headers |= {"content-type": "application/json", "user-agent": USER_AGENT}
        settings = self._settings
        private = settings.allow_private_addresses
        return post(
            settings.url, message.body, headers, self._try_seconds, allow_private=private, call_socket=call_socket
        )

    def _delay(self, failed: Sequence[Message], reasons: Mapping[str, str]) -> None:
        """Hide each message until its next try. Where that fails, the queue's own visibility timeout does."""
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = []
        for index, message in enumerate(failed):
            last = message.tries >= self._settings.max_tries
            # SQS moves a message to the dead-letter queue when it would be received once more: at once.
            seconds = 0 if last else delay_seconds(message.tries)
            entries.append({"Id": str(index), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": seconds})
            log(
                "ERROR" if last else "WARNING",
                "webhook.gave_up" if last else "webhook.failed",
                event_id=message.event_id,
                tries=message.tries,
                reason=reasons[message.message_id],
                next_try_seconds=None if last else seconds,
            )
        try:
            answer = self._sqs.change_message_visibility_batch(QueueUrl=self._settings.queue_url, Entries=entries)
            refused = sorted({entry["Code"] for entry in answer.get("Failed", [])})
        except ClientError as err:
            refused = [err.response["Error"]["Code"]]
        except BotoCoreError as err:
            refused = [type(err).__name__]
        if refused:
            log("WARNING", "webhook.delay_failed", reasons=refused)


def _failure(tried: Future[int]) -> str | None:
    """Return why a try failed; None for an answer of 2xx. A redirect is none: it is not followed."""
    if not tried.done():
        return "no answer in time"
    try:
        status = tried.result()
    except PostError as err:
        return str(err)
    return None if 200 <= status <= 299 else f"status {status}"


def delay_seconds(tries: int) -> int:
    """Return how long a message waits after so many tries: 2 s doubled each time, at most 15 min, less the jitter."""
    longest = min(MAX_DELAY_SECONDS, 1 << min(tries, 10))
    return max(1, round(longest * (1 - random.uniform(0, JITTER))))
