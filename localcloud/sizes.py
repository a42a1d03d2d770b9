"""The sizes that AWS enforces and MiniStack does not. Part of the emulator's process (`launcher.py`).

MiniStack checks a message's body when it is sent, but not its attributes, and nothing of what EventBridge takes in or
delivers: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from typing import Any

# By name: MiniStack is not installed where types are checked.
eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
sqs: Any = importlib.import_module("ministack.services.sqs")

_LARGEST_CALL_BYTES = 1024 * 1024
_log = logging.getLogger("sesmail.sizes")


def install() -> None:
    """Refuse what is too large, as AWS does."""
    eventbridge._put_events = _put_events(eventbridge._put_events)
    eventbridge._dispatch_to_sqs = _dispatch_to_sqs(eventbridge._dispatch_to_sqs)
    sqs._act_send_message = sqs._HANDLERS["SendMessage"] = _send_message(sqs._act_send_message)


def _put_events(original: Any) -> Any:
    def put(data: Mapping[str, Any], *rest: Any, **named: Any) -> Any:
        if sum(map(_entry_bytes, data.get("Entries", []))) >= _LARGEST_CALL_BYTES:
            message = "Total size of the entries in the request is over the limit."
            return eventbridge.error_response_json("ValidationException", message, 400)
        return original(data, *rest, **named)

    return put


def _dispatch_to_sqs(original: Any) -> Any:
    """Drop an event that the queue cannot take: its dead-letter queue has the same size, so AWS loses it too."""

    def dispatch(spec: Any, payload: str, *rest: Any) -> None:
        queue = sqs._queue_by_arn(str(spec))
        if queue and len(payload.encode()) > _queue_bytes(queue):
            _log.warning("EventBridge: %s does not take an event of %d bytes", spec, len(payload.encode()))
            return
        original(spec, payload, *rest)

    return dispatch


def _send_message(original: Any) -> Any:
    def send(data: Mapping[str, Any], url: str) -> Any:
        attributes = data.get("MessageAttributes") or {}
        size = len(str(data.get("MessageBody", "")).encode()) + sum(map(_attribute_bytes, attributes.items()))
        queue = sqs._get_q(data.get("QueueUrl", url), "sqs:SendMessage")
        if size > (largest := _queue_bytes(queue)):
            reason = f"One or more parameters are invalid. Reason: Message must be shorter than {largest} bytes."
            raise sqs._Err("InvalidParameterValue", reason)
        return original(data, url)

    return send


def _queue_bytes(queue: Mapping[str, Any]) -> int:
    return int(queue["attributes"]["MaximumMessageSize"])


def _entry_bytes(entry: Mapping[str, Any]) -> int:
    texts = [entry.get(part) or "" for part in ("Source", "DetailType", "Detail")] + list(entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (14 if entry.get("Time") else 0)


def _attribute_bytes(named: tuple[str, Mapping[str, Any]]) -> int:
    """Name, type and value count."""
    name, attribute = named
    parts = (name, attribute.get("DataType"), attribute.get("StringValue"), attribute.get("BinaryValue"))
    return sum(len(part if isinstance(part, bytes) else part.encode()) for part in parts if part)
