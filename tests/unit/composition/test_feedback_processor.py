"""Terraform's settings arrive in the feedback processor's rules."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.composition import feedback_processor
from sesmail_layer.composition.feedback_processor import FeedbackProcessor
from sesmail_layer.domain.guards.breaker import Limits
from sesmail_layer.usecases.feedback.ports import FeedbackPorts, FeedbackRules
from tools.simulation.environment import default_settings

CHANGED = {
    "SESMAIL_FEEDBACK_TOPIC_ARN": "feedback-topic",
    "SESMAIL_ALARM_TOPIC_ARN": "alarm-topic",
    "CONSECUTIVE_SOFT_BOUNCE_THRESHOLD": "4",
    "SESMAIL_SOFT_BOUNCE_RETRIES": "0",
    "SESMAIL_SOFT_BOUNCE_RETRY_DELAY_SECONDS": "60",
    "SESMAIL_NOT_SPAM_LIFTS_SUPPRESSION": "true",
    "SESMAIL_BREAKER_MODE": "alarm",
    "SESMAIL_BREAKER_MIN_EMAILS": "11",
    "SESMAIL_BREAKER_MIN_BOUNCES": "12",
    "SESMAIL_BREAKER_MIN_COMPLAINTS": "13",
    "SESMAIL_BREAKER_COOLDOWN_MINUTES": "2",
    "SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD": "0.5",
    "SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD": "0.25",
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, msgspec.Struct]:
    """What the composition root hands to the use case, with clients that cannot call anything."""
    found: dict[str, msgspec.Struct] = {}

    def record_feedback(ports: FeedbackPorts, rules: FeedbackRules) -> None:
        found.update(ports=ports, rules=rules)

    monkeypatch.setattr(feedback_processor, "client", lambda _service, **_: None)
    monkeypatch.setattr(feedback_processor, "RecordFeedback", record_feedback)
    FeedbackProcessor(default_settings(name="shop", **CHANGED))
    return found


def test_every_rule_comes_from_its_setting(built: dict[str, msgspec.Struct]) -> None:
    assert built["rules"] == FeedbackRules(
        topic_arn="feedback-topic",
        alarm_topic_arn="alarm-topic",
        alarms={"shop-SES-BounceRate-Pause": "bounce rate", "shop-SES-ComplaintRate-Pause": "complaint rate"},
        soft_bounce_threshold=4,
        soft_bounce_retries=0,
        soft_bounce_retry_delay_seconds=60,
        not_spam_lifts_suppression=True,
        limits=Limits(
            bounce_rate=0.5,
            complaint_rate=0.25,
            min_emails=11,
            min_bounces=12,
            min_complaints=13,
            cooldown_seconds=120,
            pauses=False,
        ),
        call_seconds=5.0,
    )
