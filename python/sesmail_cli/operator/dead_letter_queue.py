"""Receive messages from a dead-letter queue and move them in batches: receive, send, delete.

SQS's own StartMessageMoveTask moves all messages without a choice, and some endpoints lack it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sesmail_cli.operator.dead_letters import DeadLetterMessage, LoggedError
from sesmail_layer.aws.queues import SENT_AT
from sesmail_layer.domain.times import utc_seconds

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_PER_CALL = 10
_BYTES_PER_CALL = 256 * 1024
# Longer than a run over a few thousand messages takes.
_VISIBILITY_TIMEOUT_SECONDS = 300
_WAIT_SECONDS = 1
# SQS samples its servers: one empty response does not mean an empty queue.
_EMPTY_RESPONSES = 2


class DeadLetterQueue:
    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def receive(self, limit: int) -> Iterator[list[DeadLetterMessage]]:
        """Receive up to `limit` messages, each once; they stay hidden until `release` or the timeout."""
        seen: set[str] = set()
        empty = 0
        while len(seen) < limit and empty < _EMPTY_RESPONSES:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_PER_CALL, limit - len(seen)),
                VisibilityTimeout=_VISIBILITY_TIMEOUT_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            received = [parse_message(message) for message in answer.get("Messages", [])]
            unseen = [message for message in received if message.message_id not in seen]
            empty = 0 if unseen else empty + 1
            seen |= {message.message_id for message in unseen}
            if unseen:
                yield unseen

    def release(self, messages: Sequence[DeadLetterMessage]) -> None:
        """Make messages visible again; those that cannot be released reappear after the timeout."""
        for start in range(0, len(messages), _PER_CALL):
            batch = messages[start : start + _PER_CALL]
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": message.receipt_handle, "VisibilityTimeout": 0}
                for n, message in enumerate(batch)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def move(self, messages: Sequence[DeadLetterMessage], target_url: str) -> list[str]:
        """Move messages to a queue; return the ids of those that were moved.

        A crash between sending and deleting leaves a message in both queues. That is harmless: the engine processes an
        event once.
        """
        moved: list[str] = []
        for batch in _batches(messages):
            answer = self._client.send_message_batch(
                QueueUrl=target_url,
                Entries=[{"Id": str(n), "MessageBody": message.body} for n, message in enumerate(batch)],
            )
            sent = [batch[int(entry["Id"])] for entry in answer.get("Successful", [])]
            self.delete(sent)
            moved += [message.message_id for message in sent]
        return moved

    def delete(self, messages: Sequence[DeadLetterMessage]) -> list[str]:
        """Delete received messages; return the ids of those that are gone."""
        deleted: list[str] = []
        for start in range(0, len(messages), _PER_CALL):
            batch = messages[start : start + _PER_CALL]
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": message.receipt_handle} for n, message in enumerate(batch)
            ]
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            deleted += [batch[int(entry["Id"])].message_id for entry in answer.get("Successful", [])]
        return deleted


def last_errors(logs: Any, log_group: str, since: float, message_ids: set[str]) -> Mapping[str, LoggedError]:
    """Return the last error that a function logged for each message. Raises botocore's errors."""
    found: dict[str, LoggedError] = {}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        startTime=int(since * 1000),
        filterPattern='"sqs_message_id"',
        PaginationConfig={"MaxItems": 5000},
    )
    for page in pages:
        found |= errors_in(page["events"], message_ids)
    return found


def errors_in(events: Iterable[Mapping[str, Any]], message_ids: Collection[str]) -> Mapping[str, LoggedError]:
    """Return the last error of each message in events of a log."""
    found: dict[str, LoggedError] = {}
    for event in events:
        line = _json(event["message"])
        message_id = line.get("sqs_message_id")
        if message_id in message_ids:
            text = line.get("message") or line.get("error") or line.get("event")
            found[str(message_id)] = LoggedError(str(line.get("code") or ""), str(text))
    return found


def _batches(messages: Sequence[DeadLetterMessage]) -> Iterator[list[DeadLetterMessage]]:
    """Split messages by SendMessageBatch's limits on their number and bytes."""
    batch: list[DeadLetterMessage] = []
    size = 0
    for message in messages:
        length = len(message.body.encode())
        if batch and (len(batch) == _PER_CALL or size + length > _BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += length
    if batch:
        yield batch


def parse_message(message: Mapping[str, Any]) -> DeadLetterMessage:
    """Read one message of ReceiveMessage's answer."""
    given, system = message.get("MessageAttributes", {}), message.get("Attributes", {})
    attributes = {name: value["StringValue"] for name, value in given.items() if "StringValue" in value}
    return DeadLetterMessage(
        message_id=message["MessageId"],
        body=message["Body"],
        receipt_handle=message["ReceiptHandle"],
        sent_at=_first_sent(attributes.get(SENT_AT)) or int(system.get("SentTimestamp", 0)) / 1000,
        attributes=attributes,
    )


def _first_sent(text: str | None) -> float:
    """Return the Unix time that the engine noted for a message that it put there itself; 0 for none."""
    try:
        return utc_seconds(text or "")
    except ValueError:
        return 0.0


def _json(text: str) -> Mapping[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
