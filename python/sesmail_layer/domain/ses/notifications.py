"""What comes out of the feedback queue: an SNS notification with an SES event in it, or the bare event."""

from __future__ import annotations

import json
from typing import Any

import msgspec

# SES says these once, when a topic is set up for events, or for an identity's notifications.
_TOPIC_VALIDATED = "Successfully validated SNS topic"
_TOPIC_SUBSCRIBED = "AmazonSnsSubscriptionSucceeded"


class NotificationError(ValueError):
    """A queue message holds nothing that can be read."""


class Notification(msgspec.Struct, frozen=True):
    """What a topic delivered. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

    topic_arn: str | None
    """None where the subscription delivers raw: nothing then says which topic it was."""
    text: str

    def is_greeting(self) -> bool:
        """True for SES's own test messages, which are about no email."""
        return self.text.startswith(_TOPIC_VALIDATED) or (_TOPIC_SUBSCRIBED in self.text and self._is_subscribed())

    def document(self) -> dict[str, Any]:
        """Reads the JSON object that it carries; raises NotificationError."""
        return _object(self.text)

    def _is_subscribed(self) -> bool:
        try:
            return self.document().get("notificationType") == _TOPIC_SUBSCRIBED
        except NotificationError:
            return False


def open_notification(body: str) -> Notification:
    """Takes SNS's envelope off, where there is one. Raises NotificationError where the body is nothing at all."""
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
