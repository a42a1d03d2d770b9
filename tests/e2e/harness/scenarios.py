"""Uses of the engine which, together, need every permission that its roles have."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET

TEMPLATE = {
    "template.html": "<p>Hello {{ name }}</p>",
    "template.txt": "Hello {{ name }}",
    "metadata.json": '{"subject": "Hello", "requiredVariables": ["name"]}',
}


@dataclass(frozen=True)
class Scenario:
    """A use of the engine: its emails and their expected final statuses."""

    ends: Mapping[str, str]
    also: Callable[[], object] = lambda: True
    # A missing permission makes the email fail; otherwise it waits.
    fails: bool = False

    def is_complete(self, engine: EngineUnderTest) -> bool:
        statuses = {email_id: (engine.record(email_id) or {}).get("status") for email_id in self.ends}
        return statuses == dict(self.ends) and bool(self.also())

    def has_failed(self, engine: EngineUnderTest) -> bool:
        return all("failed" in engine.statuses_of(email_id) for email_id in self.ends)


Start = Callable[[EngineUnderTest], Scenario]


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def reader() -> str:
    return f"{unique('reader')}@example.org"


def delivered(engine: EngineUnderTest) -> Scenario:
    """The ordinary email, of a new producer and with a new template."""
    template = unique("permissions")
    for file, text in TEMPLATE.items():
        engine.s3.put_object(
            Bucket=engine.outputs["template_bucket_name"], Key=f"templates/{template}/{file}", Body=text.encode()
        )
    email_id = engine.put_email_request(
        reader(), source=unique("new.team"), templateName=template, templateData={"name": "Ann"}
    )
    return Scenario({email_id: "delivered"}, lambda: {"sent", "delivered"} <= set(engine.statuses_of(email_id)))


def bounced(engine: EngineUnderTest) -> Scenario:
    to = f"bounce+{unique('permissions')}@{SIMULATOR_DOMAIN}"
    email_id = engine.put_email_request(to)
    return Scenario({email_id: "bounced"}, lambda: engine.suppression(to) and "bounced" in engine.statuses_of(email_id))


def bounced_later(engine: EngineUnderTest) -> Scenario:
    """The mailbox simulator's bounces do not count; a reader's do."""
    to = reader()
    record = engine.put_email_request_and_wait(to, "delivered")
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD)))
    return Scenario({record["emailId"]: "bounced"})


def soft_bounced(engine: EngineUnderTest) -> Scenario:
    """Bounces, waits, and is sent once more."""
    to = f"softbounce+{unique('permissions')}@{SIMULATOR_DOMAIN}"
    email_id = engine.put_email_request(to)
    return Scenario({email_id: "soft_bounced"}, lambda: len(engine.mails_to(to)) == 2)


def no_longer_spam(engine: EngineUnderTest) -> Scenario:
    """A recipient complains and takes it back; the events name the email by SES's id only."""
    to = reader()
    record = engine.put_email_request_and_wait(to, "delivered")

    def complain(kind: str) -> None:
        detail = {"complainedRecipients": [{"emailAddress": to}], "complaintFeedbackType": kind, "feedbackId": kind}
        engine.publish_ses_event(ses_event(record, "Complaint", detail))

    def lifted() -> bool:
        if engine.suppression(to) is None:
            return True
        complain("not-spam")
        return False

    complain("abuse")
    return Scenario({record["emailId"]: "complained"}, lifted)


def scheduled(engine: EngineUnderTest) -> Scenario:
    return Scenario({engine.put_email_request(reader(), sendAt=utc_text(time.time() + 2)): "delivered"})


def scheduled_in_bulk(engine: EngineUnderTest) -> Scenario:
    send_at = utc_text(time.time() + 2)
    return Scenario({engine.put_email_request(reader(), sendAt=send_at, priority="bulk"): "delivered"})


def soft_bounced_in_bulk(engine: EngineUnderTest) -> Scenario:
    to = f"softbounce+{unique('permissions')}@{SIMULATOR_DOMAIN}"
    email_id = engine.put_email_request(to, priority="bulk")
    return Scenario({email_id: "soft_bounced"}, lambda: len(engine.mails_to(to)) == 2)


def before_its_record(engine: EngineUnderTest) -> Scenario:
    """An event comes before the record of its email, and waits for it."""
    to, email_id = reader(), unique("early")
    record = {"emailId": email_id, "sesMessageId": email_id, "toEmail": to, "timestamp": utc_text(time.time())}
    # A bounce: with the complaints of `no_longer_spam`, five would trip the breaker of every test that follows.
    event = ses_event(record, "Bounce", bounce(to, **HARD))
    event["mail"]["tags"] = {name: [value] for name, value in encode_tags(email_id, 1, "welcome", "early.team").items()}
    engine.publish_ses_event(event)
    time.sleep(1)
    engine.put_email_request(to, emailId=email_id)
    return Scenario({email_id: "bounced"})


def in_bulk(engine: EngineUnderTest) -> Scenario:
    return Scenario({engine.put_email_request(reader(), source="newsletter.team"): "delivered"})


def first_contact(engine: EngineUnderTest) -> Scenario:
    return Scenario({engine.put_email_request(reader(), source="careful.agent"): "delivered"})


def with_a_file(engine: EngineUnderTest) -> Scenario:
    engine.s3.create_bucket(Bucket=ATTACHMENTS_BUCKET)
    engine.s3.put_object(Bucket=ATTACHMENTS_BUCKET, Key="invoices/permissions.pdf", Body=b"%PDF-1.7")
    files = [{"filename": "a.pdf", "s3Uri": f"s3://{ATTACHMENTS_BUCKET}/invoices/permissions.pdf"}]
    email_id = engine.put_email_request(reader(), source="files.app", attachments=files)
    return Scenario({email_id: "delivered"}, fails=True)


def without_a_template(engine: EngineUnderTest) -> Scenario:
    return Scenario({engine.put_email_request(reader(), templateName=unique("missing")): "failed"})


def rejected(engine: EngineUnderTest) -> Scenario:
    """SES rejects a claimed email with a kept request."""
    to = reader()
    engine.inject_fault("rejected", recipient=to)
    return Scenario({engine.put_email_request(to): "failed"})


def unsettled(engine: EngineUnderTest) -> Scenario:
    """SES's answer does not say whether it accepted the email, which waits for SES's events."""
    to = reader()
    engine.inject_fault("server_error", recipient=to)
    return Scenario({engine.put_email_request(to): "delivered"})


def first_of_the_day(engine: EngineUnderTest) -> Scenario:
    """The first email, when SES's quota is not cached."""
    engine.dynamodb.delete_item(TableName=engine.outputs["control_table_name"], Key={"pk": {"S": "quota"}})
    time.sleep(5)  # a function caches it for so long
    return Scenario({engine.put_email_request(reader()): "delivered"})


def seeded(engine: EngineUnderTest) -> Scenario:
    """A starter without metadata is installed again. The seeder waits some seconds for a new permission."""
    bucket, key = engine.outputs["template_bucket_name"], "templates/welcome/metadata.json"
    engine.s3.delete_object(Bucket=bucket, Key=key)
    engine.functions.invoke(FunctionName=engine.outputs["template_seeder_lambda_name"], InvocationType="Event")
    return Scenario({}, lambda: engine.s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"])


def unreadable(queue: str, dead_letter_queue: str) -> Start:
    """A message that cannot be read goes to the dead-letter queue at once; the scenario takes it from there."""

    def start(engine: EngineUnderTest) -> Scenario:
        body = unique("unreadable")
        engine.sqs.send_message(QueueUrl=engine.queue_url(queue), MessageBody=body)
        found: list[str] = []

        def moved() -> bool:
            url = engine.queue_url(dead_letter_queue)
            for message in engine.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                engine.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message["Body"])
            return body in found

        return Scenario({}, moved)

    start.__name__ = f"unreadable_in_{queue}"
    return start
