"""Outages of AWS's services: which calls fail while one lasts, how long they take to fail, and what they had done.

A call is named `port.method`, as the engine's use cases make it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sesmail_layer.aws.clients import limits_of
from sesmail_layer.domain.errors import OutcomeUnknownError, RateLimited, TransientError

SLOWEST_FAILURE_SECONDS = limits_of("dynamodb").call_seconds

_TABLES = {
    "tracking",
    "suppression",
    "pending",
    "producer_states",
    "cancel_rules",
    "cap_counters",
    "sending_counts",
    "figures",
    "alarm_states",
    "rate_bucket",
    "quota_cache",
    "progress",
}
_QUEUES = {"retry_queue", "bulk_retry_queue", "bulk_queue", "feedback_queue", "dead_letters"}
_SERVICES = (
    dict.fromkeys(_TABLES, "DynamoDB")
    | dict.fromkeys(_QUEUES, "SQS")
    | {"bus": "EventBridge", "sending_bus": "EventBridge", "templates": "S3", "attachments": "S3"}
    | {"mailer": "SES", "quota_api": "SES", "alarm_states.firing": "CloudWatch"}
)
_CLIENTS = {
    "DynamoDB": "dynamodb",
    "EventBridge": "events",
    "SQS": "sqs",
    "S3": "s3",
    "SES": "ses",
    "CloudWatch": "cloudwatch",
}
_READS = {
    "tracking.get_many",
    "suppression.get_many",
    "producer_states.producers",
    "producer_states.states",
    "producer_states.listed_pauses",
    "sending_counts.read",
    "sending_counts.suspects",
    "sending_counts.excluded",
    "progress.read",
}
_PUTS = {"tracking.create", "tracking.replace", "pending.keep", "cancel_rules.add_rule"}
_OPERATIONS = (
    dict.fromkeys(_READS, "BatchGetItem")
    | dict.fromkeys(_PUTS, "PutItem")
    | dict.fromkeys(("pending.keep_all", "pending.forget"), "BatchWriteItem")
)


def service_of(name: str) -> str:
    return _SERVICES.get(name) or _SERVICES[name.partition(".")[0]]


def operation_of(name: str) -> str:
    """Return the operation of DynamoDB that a call makes; the rest is UpdateItem or none that matters here."""
    return _OPERATIONS.get(name, "UpdateItem" if service_of(name) == "DynamoDB" else "")


def longest_seconds(name: str, function_seconds: float) -> float:
    """Return how long a call may take in a function, but those that send: the limits of aws/clients.py."""
    return limits_of(_CLIENTS[service_of(name)], function_seconds).call_seconds


@dataclass(frozen=True)
class Outage:
    """One service, or some of its operations, for some time. Times are Unix seconds."""

    start: float
    end: float
    service: str
    operation: str = ""
    """Of DynamoDB; empty: all of them."""
    share: float = 1.0
    """Of the calls, or of the entries of a call that answers for each of them."""
    slowest_seconds: float = 0.0
    """A failing call takes up to that long, or its time-outs if they are shorter."""
    silent: bool = False
    """A failing call takes all of that time."""
    lost_answers: float = 0.0
    """Share of the failing calls that took effect."""
    ses: str = "refused"
    """How SES fails: `refused` connections, `throttled`, or with an `unknown` outcome (5xx, time-outs)."""

    def seconds(self, longest: float, dice: random.Random) -> float:
        """Return how long a failing call takes that is given up after `longest` seconds."""
        return longest if self.silent else dice.uniform(0, longest)

    def hits(self, name: str, now: float, dice: random.Random) -> bool:
        return (
            self.start <= now < self.end
            and service_of(name) == self.service
            and self.operation in ("", operation_of(name))
            and (self._is_by_entry(name) or dice.random() < self.share)
        )

    def fail(self, name: str, call: Callable[..., Any], args: Any, options: dict[str, Any], dice: random.Random) -> Any:
        """Answer a call as the adapters do while the service fails."""
        if name == "bus.publish":
            rejected = [event for event in args[0] if dice.random() < self.share]
            call([event for event in args[0] if event not in rejected])
            return {event.event_id: "InternalFailure" for event in rejected}
        if name.endswith(".announce"):
            return "InternalFailure"
        if name.endswith(".put_all"):
            return self._put_some(name, call, args[0], dice)
        if dice.random() < self.lost_answers:
            call(*args, **options)
        raise self._error(name, dice)

    def _is_by_entry(self, name: str) -> bool:
        return name == "bus.publish" or name.endswith(".put_all")

    def _put_some(self, name: str, call: Callable[..., Any], messages: Any, dice: random.Random) -> Mapping[int, Any]:
        failed = {index for index in range(len(messages)) if dice.random() < self.share}
        call([one for index, one in enumerate(messages) if index not in failed or dice.random() < self.lost_answers])
        return {index: self._error(name, dice) for index in failed}

    def _error(self, name: str, dice: random.Random) -> Exception:
        if name != "mailer.send" or self.ses == "refused":
            return TransientError(f"{name}: no answer", code="AWS999")
        if self.ses == "throttled":
            return RateLimited(dice.uniform(1, 5), message="SES error (Throttling): slow down", code="SES006")
        return OutcomeUnknownError("SES error (InternalFailure): 500")
