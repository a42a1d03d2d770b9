"""What an operator has to look after on a busy engine: suppressions of every kind, and dead letters."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import boto3
from playwright.sync_api import Page, expect

from sesmail_cli.templates.files import load_templates
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tests.templates.conftest import ROOT

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
    fill_producers(engine, now)
    install_templates()


def fill_producers(engine: MotoEngine, now: float) -> None:
    """Write a policy, counts of a day, and mail that waits."""
    policy: dict[str, Any] = {"pk": {"S": "producer#shop.orders"}, "enabled": {"BOOL": True}}
    policy |= {"emailsPerDay": {"N": "50000"}, "firstContactsPerHour": {"N": "400"}, "priority": {"S": "transactional"}}
    policy |= {name: {"L": [{"S": one} for one in texts]} for name, texts in POLICY_LISTS.items()}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=policy)
    counts = SendingCounts(engine.dynamodb, f"{NAME}-Control")
    for hour in range(24):
        for source, share in (("shop.orders", 60), ("crm.campaigns", 400), ("accounts", 9)):
            emails = share * (1 + (hour * 7) % 5)
            counts.count(source, Counts(emails, emails // (15 if share == 400 else 70), hour == 3), now - HOUR * hour)
    for number in range(30):
        waits = {
            "original_source": "shop.orders",
            "email_id": f"held-{number}",
            "timestamp": utc_text(now - 60 * number),
        }
        at = utc_text(now - 60 * number)
        deferred = Entry("deferred/1", at, 1, Status.DEFERRED, detail={"reason": "paused"})
        engine.record(deferred, date_partition=at[:10], tags=["spring-sale"], **waits)


POLICY_LISTS = {
    "templates": ("receipt", "order-*"),
    "senders": ("orders@shop.example.com",),
    "recipientDomains": (),
    "attachmentPrefixes": ("s3://shop-invoices/2026/",),
}


def install_templates() -> None:
    """Install the starters as the seeder does."""
    s3: Any = boto3.client("s3")
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for template in load_templates(str(ROOT / "templates")):
        for file, content in template.files.items():
            s3.put_object(Bucket=bucket, Key=f"templates/{template.name}/{file}", Body=content)
    s3.put_object(Bucket=bucket, Key="templates/welcome/template.de.html", Body=b"<p>Willkommen</p>")


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


def write_note(folder: Path) -> None:
    """Write the source of a template `note`."""
    (folder / "note").mkdir()
    page = "<!DOCTYPE html><html lang='en'><head><title>Note</title></head><body><h1>For {{ name }}</h1></body></html>"
    metadata = '{"subject": "Note", "version": "1.0.0", "requiredVariables": ["name"]}'
    for file, text in (("html", page), ("txt", "For {{ name }}")):
        (folder / f"note/template.{file}").write_text(text)
    (folder / "note/metadata.json").write_text(metadata)


def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until a control has the focus."""
    wanted = page.get_by_role(role, name=name).first  # type: ignore[arg-type]
    expect(wanted).to_be_visible()
    for _ in range(150):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")
