"""What SES says when a topic is set up is about no email; what only looks like it is."""

from __future__ import annotations

import json

import pytest

from sesmail_layer.domain.ses.notifications import Notification, NotificationError, open_notification

SUBSCRIBED = json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "…"})
VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."


@pytest.mark.parametrize("text", [SUBSCRIBED, VALIDATED])
def test_a_greeting_is_known(text: str) -> None:
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
def test_what_only_quotes_a_greeting_is_none(text: str) -> None:
    assert not Notification(None, text).is_topic_validation()


def test_the_envelope_comes_off_where_there_is_one() -> None:
    assert open_notification(json.dumps({"TopicArn": "arn", "Message": "text"})) == Notification("arn", "text")
    for half in ({"TopicArn": "arn"}, {"Message": "text"}, {"TopicArn": 1, "Message": "text"}):
        body = json.dumps(half)
        assert open_notification(body) == Notification(None, body)
    assert open_notification(VALIDATED) == Notification(None, VALIDATED)


@pytest.mark.parametrize(("body", "why"), [("{", "no JSON"), ("[1]", "JSON, but no object"), ("", "no JSON")])
def test_what_cannot_be_read_is_told(body: str, why: str) -> None:
    with pytest.raises(NotificationError) as caught:
        open_notification(body)
    assert str(caught.value) == why
