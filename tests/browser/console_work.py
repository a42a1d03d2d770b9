"""What an operator has to look after on a busy engine: suppressions of every kind, and dead letters."""

from __future__ import annotations

import json
import time
from typing import Any

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import NAME, MotoEngine

HOUR = 3_600.0
REASONS: tuple[tuple[SuppressionReason, dict[str, Any]], ...] = (
    (SuppressionReason.HARD_BOUNCE, {"diagnostic_code": "smtp; 550 5.1.1 <{to}>: user unknown", "source": "sesmail"}),
    (SuppressionReason.CONSECUTIVE_SOFT_BOUNCES, {"diagnostic_code": "smtp; 452 4.2.2 The mailbox is full"}),
    (SuppressionReason.HARD_BOUNCE, {"diagnostic_code": "smtp; 550 5.4.4 domain not found", "source": "import:ses"}),
    (SuppressionReason.SPAM_COMPLAINT, {"source": "sesmail"}),
    (SuppressionReason.UNSUBSCRIBE, {"source": "import:mailgun"}),
    (SuppressionReason.MANUAL, {"source": "sesmail.cli", "note": "asked for it by phone, ticket 4711"}),
)
NAMES = ("ada", "grace", "alan", "barbara", "edsger", "donald", "margaret", "katherine", "radia", "tim", "hedy")


def fill_work(engine: MotoEngine) -> None:
    """Write suppressions and dead letters."""
    now = time.time()
    for number in range(90):
        reason, facts = REASONS[number % len(REASONS)]
        to = f"{NAMES[number % len(NAMES)]}.{number}@{('example.org', 'mail.example.net')[number % 2]}"
        given = {name: text.format(to=to) for name, text in facts.items()}
        if reason is SuppressionReason.CONSECUTIVE_SOFT_BOUNCES:
            given["expires_at"] = utc_text(now + 14 * 24 * HOUR)
        engine.suppress(
            reason,
            email=to,
            added_to_suppression_date=utc_text(now - 5 * HOUR * number),
            email_id=f"o-{number}",
            **given,
        )
    engine.dynamodb.put_item(TableName=f"{NAME}-Suppression", Item={"email": {"S": "old@example.org"}})
    fill_dead_letters(engine)


def fill_dead_letters(engine: MotoEngine) -> None:
    ids = [engine.put("EmailQueueDLQ", request(f"order-{number}")) for number in range(14)]
    for message_id in ids[:9]:
        message = "'orderTotal' is undefined in template.html, line 41"
        line = {"level": "ERROR", "code": "TMPL003", "message": message, "sqs_message_id": message_id}
        engine.log("EmailSender", json.dumps(line))
    for source in ("crm.campaigns", "crm.campaigns"):
        engine.put("EmailQueueDLQ", request("campaign-1", source=source))
    engine.put("EmailQueueDLQ", "{not JSON at all")
    engine.put("EventBridgeDLQ", request("late-1"), ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="queue policy")


def request(email_id: str, source: str = "shop.orders") -> dict[str, Any]:
    detail = {"to": "ada@example.com", "templateName": "receipt", "emailId": email_id, "templateData": {"n": 1}}
    return {"id": f"event-{email_id}", "source": source, "detail-type": "Email Request", "detail": detail}
