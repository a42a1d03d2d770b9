"""IAM enforced: the roles have every right that the engine uses, and each right is missed when it is taken away."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.wait import wait_for
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.rights import Right, Roles
from tests.e2e.harness.ses_json import HARD, bounce, ses_event
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET

# The engine waits for 35 s before it tries an unsettled email again.
PATIENCE_SECONDS = 60.0
# Files of a template of our own, which no function has read yet.
TEMPLATE = {
    "template.html": "<p>Hello {{ name }}</p>",
    "template.txt": "Hello {{ name }}",
    "metadata.json": '{"subject": "Hello", "requiredVariables": ["name"]}',
}


class Denied(AssertionError):
    """A function asked for what its role does not allow."""

    def __init__(self, asked: list[Right]) -> None:
        super().__init__(", ".join(sorted({str(right) for right in asked})))
        self.asked = asked


@dataclass(frozen=True)
class Journey:
    """Emails on their way, and where each must arrive."""

    ends: Mapping[str, str]
    also: Callable[[], object] = lambda: True
    # Where the lack of a right is a verdict on the email, not a reason to wait.
    fails: bool = False

    def arrived(self, engine: EngineUnderTest) -> bool:
        """Whether every email is where it must be."""
        statuses = {email_id: (engine.record(email_id) or {}).get("status") for email_id in self.ends}
        return statuses == dict(self.ends) and bool(self.also())

    def told_of_failure(self, engine: EngineUnderTest) -> bool:
        return all("failed" in engine.statuses_of(email_id) for email_id in self.ends)


Start = Callable[[EngineUnderTest], Journey]


# --- journeys --------------------------------------------------------------------------------------------------------


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def reader() -> str:
    return f"{unique('reader')}@example.org"


def delivered(engine: EngineUnderTest) -> Journey:
    """The happy path, by a producer and with a template that nobody has seen yet."""
    template = unique("rights")
    for file, text in TEMPLATE.items():
        engine.s3.put_object(
            Bucket=engine.outputs["template_bucket_name"], Key=f"templates/{template}/{file}", Body=text.encode()
        )
    email_id = engine.put_email_request(
        reader(), source=unique("new.team"), templateName=template, templateData={"name": "Ann"}
    )
    told = {"sent", "delivered"}
    return Journey({email_id: "delivered"}, lambda: told <= set(engine.statuses_of(email_id)))


def bounced(engine: EngineUnderTest) -> Journey:
    to = f"bounce+{unique('rights')}@simulator.amazonses.com"
    email_id = engine.put_email_request(to)
    return Journey({email_id: "bounced"}, lambda: engine.suppression(to) and "bounced" in engine.statuses_of(email_id))


def bounced_later(engine: EngineUnderTest) -> Journey:
    """The mailbox simulator's bounces do not count; a reader's do."""
    to = reader()
    record = engine.put_email_request_and_wait(to, "delivered")
    engine.publish_ses_event(ses_event(record, "Bounce", bounce(to, **HARD)))
    return Journey({record["emailId"]: "bounced"})


def soft_bounced(engine: EngineUnderTest) -> Journey:
    """Bounces, waits, and is sent once more."""
    to = f"softbounce+{unique('rights')}@simulator.amazonses.com"
    email_id = engine.put_email_request(to)
    return Journey({email_id: "soft_bounced"}, lambda: len(engine.mails_to(to)) == 2)


def no_longer_spam(engine: EngineUnderTest) -> Journey:
    """A reader complains and takes it back; the events name the email by SES's id only."""
    to = reader()
    record = engine.put_email_request_and_wait(to, "delivered")

    def tell(kind: str) -> None:
        detail = {"complainedRecipients": [{"emailAddress": to}], "complaintFeedbackType": kind, "feedbackId": kind}
        engine.publish_ses_event(ses_event(record, "Complaint", detail))

    def lifted() -> bool:
        if engine.suppression(to) is None:
            return True
        tell("not-spam")
        return False

    tell("abuse")
    return Journey({record["emailId"]: "complained"}, lifted)


def scheduled(engine: EngineUnderTest) -> Journey:
    return Journey({engine.put_email_request(reader(), sendAt=utc_text(time.time() + 2)): "delivered"})


def in_bulk(engine: EngineUnderTest) -> Journey:
    return Journey({engine.put_email_request(reader(), source="newsletter.team"): "delivered"})


def first_contact(engine: EngineUnderTest) -> Journey:
    return Journey({engine.put_email_request(reader(), source="careful.agent"): "delivered"})


def with_a_file(engine: EngineUnderTest) -> Journey:
    engine.s3.create_bucket(Bucket=ATTACHMENTS_BUCKET)
    engine.s3.put_object(Bucket=ATTACHMENTS_BUCKET, Key="invoices/rights.pdf", Body=b"%PDF-1.7")
    files = [{"filename": "a.pdf", "s3Uri": f"s3://{ATTACHMENTS_BUCKET}/invoices/rights.pdf"}]
    email_id = engine.put_email_request(reader(), source="files.app", attachments=files)
    return Journey({email_id: "delivered"}, fails=True)


def without_a_template(engine: EngineUnderTest) -> Journey:
    return Journey({engine.put_email_request(reader(), templateName=unique("missing")): "failed"})


def rejected(engine: EngineUnderTest) -> Journey:
    """SES refuses what has been claimed and kept."""
    to = reader()
    engine.inject_fault("rejected", recipient=to)
    return Journey({engine.put_email_request(to): "failed"})


def unsettled(engine: EngineUnderTest) -> Journey:
    """SES does not say whether it took the email, which waits for news."""
    to = reader()
    engine.inject_fault("server_error", recipient=to)
    return Journey({engine.put_email_request(to): "delivered"})


def first_of_all(engine: EngineUnderTest) -> Journey:
    """As on the first day: nobody has asked SES for its quota."""
    engine.dynamodb.delete_item(TableName=engine.outputs["control_table_name"], Key={"pk": {"S": "quota"}})
    time.sleep(5)  # for so long a function remembers it
    return Journey({engine.put_email_request(reader()): "delivered"})


def seeded(engine: EngineUnderTest) -> Journey:
    """A starter whose metadata is gone is installed anew. The seeder waits some seconds for a right that is new."""
    bucket, key = engine.outputs["template_bucket_name"], "templates/welcome/metadata.json"
    engine.s3.delete_object(Bucket=bucket, Key=key)
    engine.functions.invoke(FunctionName=engine.outputs["template_seeder_lambda_name"], InvocationType="Event")
    return Journey({}, lambda: engine.s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"])


# --- rights ----------------------------------------------------------------------------------------------------------

SENDER, FEEDBACK, SEEDER = "EmailSender", "FeedbackProcessor", "TemplateSeeder"
BY_RECIPIENT = "table/EmailTracking/index/to-email-timestamp-index"
BY_SES_ID = "table/EmailTracking/index/ses-message-id-index"

# Every right, and the journey that does not arrive without it.
NEEDED: dict[Right, Start] = {
    Right(SENDER, "dynamodb:PutItem", "table/EmailTracking"): delivered,
    Right(SENDER, "dynamodb:BatchGetItem", "table/Suppression"): delivered,
    Right(SENDER, "dynamodb:GetItem", "table/Control"): first_of_all,
    Right(SENDER, "dynamodb:BatchGetItem", "table/Control"): delivered,
    Right(SENDER, "dynamodb:UpdateItem", "table/Control"): delivered,
    Right(SENDER, "dynamodb:PutItem", "table/Control"): first_of_all,
    Right(SENDER, "dynamodb:PutItem", "table/Pending"): delivered,
    Right(SENDER, "dynamodb:BatchWriteItem", "table/Pending"): rejected,
    Right(SENDER, "dynamodb:Query", BY_RECIPIENT): first_contact,
    Right(SENDER, "s3:GetObject", "templates/templates/*"): delivered,
    Right(SENDER, "s3:GetObject", f"{ATTACHMENTS_BUCKET}/invoices/*"): with_a_file,
    Right(SENDER, "s3:ListBucket", "templates"): without_a_template,
    Right(SENDER, "sqs:SendMessage", "RetryQueue"): scheduled,
    Right(SENDER, "sqs:SendMessage", "BulkQueue"): in_bulk,
    Right(SENDER, "sqs:GetQueueAttributes", "FeedbackQueue"): unsettled,
    Right(SENDER, "sqs:GetQueueAttributes", "FeedbackProcessorDLQ"): unsettled,
    Right(SENDER, "events:PutEvents", "event-bus/EmailBus"): delivered,
    Right(SENDER, "ses:SendRawEmail", "identity/*"): delivered,
    Right(SENDER, "ses:SendRawEmail", "configuration-set/ConfigSet"): delivered,
    Right(SENDER, "ses:GetSendQuota", "*"): first_of_all,
    Right(FEEDBACK, "dynamodb:BatchGetItem", "table/EmailTracking"): delivered,
    Right(FEEDBACK, "dynamodb:PutItem", "table/EmailTracking"): delivered,
    Right(FEEDBACK, "dynamodb:Query", BY_SES_ID): no_longer_spam,
    Right(FEEDBACK, "dynamodb:Query", BY_RECIPIENT): soft_bounced,
    Right(FEEDBACK, "dynamodb:PutItem", "table/Suppression"): bounced,
    Right(FEEDBACK, "dynamodb:DeleteItem", "table/Suppression"): no_longer_spam,
    Right(FEEDBACK, "dynamodb:BatchGetItem", "table/Control"): bounced_later,
    Right(FEEDBACK, "dynamodb:UpdateItem", "table/Control"): bounced_later,
    Right(FEEDBACK, "dynamodb:GetItem", "table/Pending"): soft_bounced,
    Right(FEEDBACK, "dynamodb:BatchWriteItem", "table/Pending"): delivered,
    Right(FEEDBACK, "sqs:SendMessage", "RetryQueue"): soft_bounced,
    Right(FEEDBACK, "events:PutEvents", "event-bus/EmailBus"): delivered,
    Right(SEEDER, "s3:GetObject", "templates/starters/starters.zip"): seeded,
    Right(SEEDER, "s3:GetObject", "templates/templates/*"): seeded,
    Right(SEEDER, "s3:PutObject", "templates/templates/*"): seeded,
    Right(SEEDER, "s3:ListBucket", "templates"): seeded,
}

_POLLED = "Lambda's own poller uses it, whose rights the emulator does not check"
# Rights that no journey here shows the need of; the plan's tests hold them to the code (tests/terraform).
NOT_SHOWN = {
    **{
        Right(function, f"sqs:{action}", queue): _POLLED
        for function, queues in ((SENDER, ("EmailQueue", "BulkQueue", "RetryQueue")), (FEEDBACK, ("FeedbackQueue",)))
        for queue in queues
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
    Right(SENDER, "dynamodb:BatchGetItem", "table/EmailTracking"): "asked only when two workers claim at once",
    Right(FEEDBACK, "dynamodb:PutItem", "table/Control"): "asked only when a breaker trips",
}


@pytest.fixture(scope="module")
def roles(engine: EngineUnderTest) -> Iterator[Roles]:
    """What a denied batch left comes again after some seconds, not after ten minutes."""
    engine.emulator.request("POST", "_sesmail/redelivery", {"seconds": 3})
    yield Roles(engine)
    engine.emulator.request("POST", "_sesmail/redelivery", {"seconds": None})


def travel(engine: EngineUnderTest, roles: Roles, journey: Journey, what: str) -> None:
    """A journey to its end and until all is quiet. Raises Denied at the first right that a role lacks."""

    def arrived() -> bool:
        if asked := roles.denied():
            raise Denied(asked)
        return journey.arrived(engine)

    wait_for(arrived, f"{what} to arrive", PATIENCE_SECONDS)
    engine.wait_until_idle()
    assert arrived()


def test_the_table_names_every_right_of_every_role_but_writing_logs(engine: EngineUnderTest, roles: Roles) -> None:
    granted = set().union(*(roles.granted(function) for function in (SENDER, FEEDBACK, SEEDER)))
    assert granted == NEEDED.keys() | NOT_SHOWN.keys()


@pytest.mark.parametrize("start", dict.fromkeys(NEEDED.values()), ids=lambda start: start.__name__)
def test_with_all_rights_a_journey_arrives_and_nothing_is_denied(
    engine: EngineUnderTest, roles: Roles, start: Start
) -> None:
    travel(engine, roles, start(engine), start.__name__)


@pytest.mark.parametrize("right", NEEDED, ids=str)
def test_one_missing_right_is_denied_and_once_it_is_back_nothing_was_lost(
    engine: EngineUnderTest, roles: Roles, right: Right
) -> None:
    try:
        with roles.without(right):
            journey = NEEDED[right](engine)
            with pytest.raises(Denied) as denied:
                travel(engine, roles, journey, f"an email without {right}")
        assert all(right.covers(asked) for asked in denied.value.asked), denied.value
        ended = journey.told_of_failure if journey.fails else journey.arrived
        wait_for(lambda: ended(engine), f"the email to arrive once {right} is back", PATIENCE_SECONDS)
        engine.wait_until_idle()
        left = engine.depths((*QUEUES, *DEAD_LETTER_QUEUES))
    finally:
        engine.clear_faults()
        roles.forget_denied()
        engine.purge(*DEAD_LETTER_QUEUES)
    assert left == {}
