"""SQS batches: every message has its id, whatever its body contains."""

from __future__ import annotations

from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.runtime.batch import messages, response


def test_messages_are_read_from_lambdas_event() -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
    event = {
        "Records": [
            {
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": "Test message.",
                "attributes": {
                    "ApproximateReceiveCount": "3",
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
                "awsRegion": "us-east-2",
            },
            {"messageId": "bare", "body": "\x00"},
        ]
    }
    assert messages(event) == [
        QueueMessage("059f36b4-87a3-44ab-83d2-661975830a7d", "Test message.", 3, 1545082649.183, "my-queue"),
        QueueMessage("bare", "\x00", 1),
    ]


def test_the_response_names_the_messages_to_redeliver() -> None:
    assert response(["a", "b"]) == {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}
    assert response(set()) == {"batchItemFailures": []}
