"""SES's messages when a topic is configured, SNS's envelope, and bodies that cannot be read."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.ses.ses_events import Notification, NotificationError, open_notification

SUBSCRIBED = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "…"})
VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."


@pytest.mark.parametrize("text", [SUBSCRIBED, VALIDATED])
def test_a_topic_validation_is_recognised(text: str) -> None:
    assert Notification(None, text).is_topic_validation()


@pytest.mark.parametrize(
    "text",
    [
        "AmazonSnsSubscriptionSucceeded {",
        '["AmazonSnsSubscriptionSucceeded"]',
        json.dumps({"notificationType": "Bounce", "why": "AmazonSnsSubscriptionSucceeded"}),
        "{}",
    ],
)
def test_a_message_that_only_quotes_a_topic_validation_is_not_one(text: str) -> None:
    assert not Notification(None, text).is_topic_validation()


def test_an_sns_envelope_is_unwrapped_if_there_is_one() -> None:
    assert open_notification(json.dumps({"TopicArn": "arn", "Message": "text"})) == Notification("arn", "text")
    for half in ({"TopicArn": "arn"}, {"Message": "text"}, {"TopicArn": 1, "Message": "text"}):
        body = json.dumps(half)
        assert open_notification(body) == Notification(None, body)
    assert open_notification(VALIDATED) == Notification(None, VALIDATED)


@pytest.mark.parametrize(("body", "why"), [("{", "no JSON"), ("[1]", "JSON, but no object"), ("", "no JSON")])
def test_an_unreadable_body_raises_an_error_with_the_reason(body: str, why: str) -> None:
    with pytest.raises(NotificationError) as caught:
        open_notification(body)
    assert str(caught.value) == why
