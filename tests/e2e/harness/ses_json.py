"""SES's JSON as a test writes it itself, where no emulated SES publishes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sesmail_layer.domain.times import utc_text

HARD = {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}


def ses_event(
    record: Mapping[str, Any], event_type: str, detail: Mapping[str, Any], dialect: str = "eventType"
) -> dict[str, Any]:
    """An event about the email of a tracking record. Identity notifications (`notificationType`) are a dialect."""
    now = utc_text(time.time())
    mail: dict[str, Any] = {
        "timestamp": now,
        "source": "no-reply@example.com",
        "messageId": record["sesMessageId"],
        "destination": [record["toEmail"]],
    }
    return {dialect: event_type, "mail": mail, event_type[0].lower() + event_type[1:]: {"timestamp": now, **detail}}


def bounce(to: str, kind: str = "Permanent", sub_type: str = "General", **more: str) -> dict[str, Any]:
    """The detail of a Bounce."""
    bounced = {"emailAddress": to, "action": "failed", **more}
    return {"bounceType": kind, "bounceSubType": sub_type, "bouncedRecipients": [bounced], "feedbackId": "f-1"}
