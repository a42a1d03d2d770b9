"""Receives from a dead-letter queue and moves on from there: receive, send, delete, message by message in batches.

SQS's own StartMessageMoveTask moves everything, asks nobody, and is missing from some endpoints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sesmail_cli.operator.dead_letters import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_PER_CALL = 10
_BYTES_PER_CALL = 256 * 1024
_HIDDEN_SECONDS = 300
"""How long a received message is ours; longer than a run over a few thousand takes."""
_WAIT_SECONDS = 1
_EMPTY_ANSWERS = 2
"""SQS asks only some of its servers at a time: one empty answer means little."""


class DeadLetterQueue:
    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def take(self, limit: int) -> Iterator[list[DeadLetter]]:
        """Receives up to `limit` messages, each once; they stay hidden from others until `release` or the timeout."""
        seen: set[str] = set()
        empty = 0
        while len(seen) < limit and empty < _EMPTY_ANSWERS:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_PER_CALL, limit - len(seen)),
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=_WAIT_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            letters = [_letter(message) for message in answer.get("Messages", [])]
            fresh = [letter for letter in letters if letter.message_id not in seen]
            empty = 0 if fresh else empty + 1
            seen |= {letter.message_id for letter in fresh}
            if fresh:
                yield fresh

    def release(self, letters: Sequence[DeadLetter]) -> None:
        """Lets others see messages again; what cannot be released comes back by itself after a while."""
        for start in range(0, len(letters), _PER_CALL):
            some = letters[start : start + _PER_CALL]
            entries: list[Any] = [
                {"Id": str(n), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                for n, letter in enumerate(some)
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def move(self, letters: Sequence[DeadLetter], target_url: str) -> list[str]:
        """Gives the ids of those that were moved.

        A crash between sending and deleting leaves a message in both queues: harmless, since the engine takes the same
        event once.
        """
        moved: list[DeadLetter] = []
        for some in _in_calls(letters):
            sent = self._client.send_message_batch(
                QueueUrl=target_url,
                Entries=[{"Id": str(n), "MessageBody": letter.body} for n, letter in enumerate(some)],
            )
            done = [some[int(entry["Id"])] for entry in sent.get("Successful", [])]
            if done:
                entries: list[Any] = [
                    {"Id": str(n), "ReceiptHandle": letter.receipt_handle} for n, letter in enumerate(done)
                ]
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
            moved += done
        return [letter.message_id for letter in moved]


def last_errors(logs: Any, log_group: str, since: float, message_ids: set[str]) -> Mapping[str, str]:
    """Finds what a function logged last about messages that failed. Raises botocore's errors."""
    found: dict[str, str] = {}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=log_group,
        startTime=int(since * 1000),
        filterPattern='"sqs_message_id"',
        PaginationConfig={"MaxItems": 5000},
    )
    for page in pages:
        for event in page["events"]:
            line = _json(event["message"])
            message_id = line.get("sqs_message_id")
            if message_id in message_ids:
                text = line.get("message") or line.get("error") or line.get("event")
                code = f"{line['code']}: " if line.get("code") else ""
                found[str(message_id)] = f"{code}{text}"
    return found


def _in_calls(letters: Sequence[DeadLetter]) -> Iterator[list[DeadLetter]]:
    """Divides messages so that no call has more of them, or more bytes, than SendMessageBatch takes."""
    some: list[DeadLetter] = []
    size = 0
    for letter in letters:
        length = len(letter.body.encode())
        if some and (len(some) == _PER_CALL or size + length > _BYTES_PER_CALL):
            yield some
            some, size = [], 0
        some.append(letter)
        size += length
    if some:
        yield some


def _letter(message: Mapping[str, Any]) -> DeadLetter:
    given = message.get("MessageAttributes", {})
    return DeadLetter(
        message_id=message["MessageId"],
        body=message["Body"],
        receipt_handle=message["ReceiptHandle"],
        sent_at=int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000,
        attributes={name: value["StringValue"] for name, value in given.items() if "StringValue" in value},
    )


def _json(text: str) -> Mapping[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
