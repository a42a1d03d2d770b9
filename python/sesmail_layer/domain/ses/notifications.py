"""The messages of the feedback queue: an SNS notification that contains an SES event, or the bare event."""

from __future__ import annotations

import json
from typing import Any

import msgspec

# SES sends these once, when a topic is configured for events, or for an identity's notifications.
_TOPIC_VALIDATED = "Successfully validated SNS topic"
_TOPIC_SUBSCRIBED = "AmazonSnsSubscriptionSucceeded"


class NotificationError(ValueError):
    """A queue message cannot be read."""


class Notification(msgspec.Struct, frozen=True):
    """What a topic delivers. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    topic_arn: str | None
    """None where the subscription delivers raw: such a message does not name its topic."""
    text: str

    def is_topic_validation(self) -> bool:
        """True for SES's own test messages, which belong to no email."""
        return self.text.startswith(_TOPIC_VALIDATED) or (_TOPIC_SUBSCRIBED in self.text and self._is_subscribed())

    def document(self) -> dict[str, Any]:
        """Read the JSON object in it. Raises NotificationError."""
        return _object(self.text)

    def _is_subscribed(self) -> bool:
        try:
            return self.document().get("notificationType") == _TOPIC_SUBSCRIBED
        except NotificationError:
            return False


def open_notification(body: str) -> Notification:
    """Unwrap SNS's envelope, if there is one. Raises NotificationError where the body is no JSON object."""
    if body.startswith(_TOPIC_VALIDATED):
        return Notification(None, body)
    outer = _object(body)
    topic_arn, message = outer.get("TopicArn"), outer.get("Message")
    if isinstance(topic_arn, str) and isinstance(message, str):
        return Notification(topic_arn, message)
    return Notification(None, body)


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise NotificationError("no JSON") from err
    if not isinstance(document, dict):
        raise NotificationError("JSON, but no object")
    return document
