"""A subscriber to status events, made as a user makes one: a rule on the bus with an SQS queue as its target."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.paths import LocalCloudError
from localcloud.queue_policy import allow_delivery

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


class StatusSubscriber:
    """Collects events of the given types, "Email Status Changed" by default, of all statuses or of some."""

    def __init__(
        self,
        events: EventBridgeClient,
        sqs: SQSClient,
        bus: str,
        status_event_source: str,
        name: str,
        detail_types: tuple[str, ...] = ("Email Status Changed",),
        statuses: tuple[str, ...] = (),
    ) -> None:
        self._events, self._sqs, self._bus, self.name = events, sqs, bus, name
        self.received: list[dict[str, Any]] = []
        pattern: dict[str, Any] = {"source": [status_event_source], "detail-type": list(detail_types)}
        if statuses:
            pattern["detail"] = {"status": list(statuses)}
        rule_arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
        self._queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        queue_arn = allow_delivery(sqs, self._queue, "events.amazonaws.com", rule_arn)
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue_arn}])
        if answer["FailedEntryCount"]:
            raise LocalCloudError(f"EventBridge rejected the target of rule {name}: {answer['FailedEntries']}")

    def collect(self) -> list[dict[str, Any]]:
        """Drain the queue; return every event received so far."""
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
        """List the details of one email's status events."""
        return [event["detail"] for event in self.collect() if event["detail"]["emailId"] == email_id]

    def remove(self) -> None:
        """Delete the rule and the queue."""
        self._events.remove_targets(Rule=self.name, EventBusName=self._bus, Ids=["queue"])
        self._events.delete_rule(Name=self.name, EventBusName=self._bus)
        self._sqs.delete_queue(QueueUrl=self._queue)
