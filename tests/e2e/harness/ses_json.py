"""SES's event JSON, written by the test where no emulated SES publishes it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sesmail_layer.domain.times import utc_text

HARD = {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}


def ses_event(
    record: Mapping[str, Any], event_type: str, detail: Mapping[str, Any], type_key: str = "eventType"
) -> dict[str, Any]:
    """Build an event about a record's email; `type_key` is `notificationType` in identity notifications."""
    now = utc_text(time.time())
    mail: dict[str, Any] = {
        "timestamp": now,
        "source": "no-reply@example.com",
        "messageId": record["sesMessageId"],
        "destination": [record["toEmail"]],
    }
    return {type_key: event_type, "mail": mail, event_type[0].lower() + event_type[1:]: {"timestamp": now, **detail}}


def bounce(to: str, kind: str = "Permanent", sub_type: str = "General", **more: str) -> dict[str, Any]:
    """Build the detail of a Bounce."""
    bounced = {"emailAddress": to, "action": "failed", **more}
    return {"bounceType": kind, "bounceSubType": sub_type, "bouncedRecipients": [bounced], "feedbackId": "f-1"}
