"""A subscriber to status events, made the way a user makes one: a rule on the bus with an SQS queue as target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.queue_policy import let_in

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


class StatusSubscriber:
    """Collects every "Email Status Changed" of the bus, or what else the engine publishes there."""

    def __init__(
        self,
        events: EventBridgeClient,
        sqs: SQSClient,
        bus: str,
        status_event_source: str,
        name: str,
        detail_types: tuple[str, ...] = ("Email Status Changed",),
    ) -> None:
        self._events, self._sqs, self._bus, self.name = events, sqs, bus, name
        self.received: list[dict[str, Any]] = []
        pattern = {"source": [status_event_source], "detail-type": list(detail_types)}
        rule_arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
        self._queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = let_in(sqs, self._queue, "events.amazonaws.com", rule_arn)
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue_arn}])
        assert answer["FailedEntryCount"] == 0, answer

    def collect(self) -> list[dict[str, Any]]:
        """Everything received so far; takes what waits in the queue."""
        while True:
            answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
            messages = answer.get("Messages", [])
            if not messages:
                return self.received
            self.received += [json.loads(message["Body"]) for message in messages]
            self._sqs.delete_message_batch(
                QueueUrl=self._queue,
                Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)],
            )

    def details_of(self, email_id: str) -> list[dict[str, Any]]:
        """The details of one email's status events."""
        return [event["detail"] for event in self.collect() if event["detail"]["emailId"] == email_id]

    def remove(self) -> None:
        """Take rule and queue away again."""
        self._events.remove_targets(Rule=self.name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self.name, EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._queue)
