"""A message as SQS delivers it."""

from __future__ import annotations

from sesmail_layer.domain.queue_message import QueueMessage


def test_a_message_is_delivered_for_the_first_time_where_sqs_does_not_count() -> None:
    message = QueueMessage("message-1", "{")
    assert (message.message_id, message.body, message.receive_count) == ("message-1", "{", 1)
