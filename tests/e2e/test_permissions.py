"""IAM enforced: the roles have every permission that the engine uses, and need each one that they have."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from sesmail_layer.domain.guards.breaker import SES_ALARMS
from sesmail_layer.domain.ses.tags import encode_tags
from sesmail_layer.domain.times import utc_text
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.permissions import Permission, Roles
from tests.e2e.harness.ses_json import HARD, bounce, ses_event
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET

# The engine waits for 35 s before it tries an unsettled email again.
LONGEST_WAIT_SECONDS = 120.0
TEMPLATE = {
    "template.html": "<p>Hello {{ name }}</p>",
    "template.txt": "Hello {{ name }}",
    "metadata.json": '{"subject": "Hello", "requiredVariables": ["name"]}',
}


class Denied(AssertionError):
    """A function made a call that its role does not allow."""

    def __init__(self, asked: list[Permission]) -> None:
        super().__init__(", ".join(sorted({str(permission) for permission in asked})))


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


# --- scenarios -------------------------------------------------------------------------------------------------------


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


# --- permissions ----------------------------------------------------------------------------------------------------
SENDER_QUEUES = ("EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue")
SENDER, FEEDBACK, SEEDER = "EmailSender", "FeedbackProcessor", "TemplateSeeder"
BY_RECIPIENT = "table/EmailTracking/index/to-email-timestamp-index"
BY_SES_ID = "table/EmailTracking/index/ses-message-id-index"

# Every permission, and the scenario that does not complete without it.
NEEDED: dict[Permission, Start] = {
    Permission(SENDER, "dynamodb:PutItem", "table/EmailTracking"): delivered,
    Permission(SENDER, "dynamodb:BatchGetItem", "table/Suppression"): delivered,
    Permission(SENDER, "dynamodb:GetItem", "table/Control"): first_of_the_day,
    Permission(SENDER, "dynamodb:BatchGetItem", "table/Control"): delivered,
    Permission(SENDER, "dynamodb:UpdateItem", "table/Control"): delivered,
    Permission(SENDER, "dynamodb:PutItem", "table/Control"): first_of_the_day,
    Permission(SENDER, "dynamodb:PutItem", "table/Pending"): delivered,
    Permission(SENDER, "dynamodb:BatchWriteItem", "table/Pending"): rejected,
    Permission(SENDER, "dynamodb:Query", BY_RECIPIENT): first_contact,
    Permission(SENDER, "s3:GetObject", "templates/templates/*"): delivered,
    Permission(SENDER, "s3:GetObject", f"{ATTACHMENTS_BUCKET}/invoices/*"): with_a_file,
    Permission(SENDER, "s3:ListBucket", "templates"): without_a_template,
    Permission(SENDER, "sqs:SendMessage", "RetryQueue"): scheduled,
    Permission(SENDER, "sqs:SendMessage", "BulkQueue"): in_bulk,
    Permission(SENDER, "sqs:SendMessage", "BulkRetryQueue"): scheduled_in_bulk,
    Permission(SENDER, "sns:Publish", "SESFeedback"): unsettled,
    Permission(SENDER, "events:PutEvents", "event-bus/EmailBus"): delivered,
    Permission(SENDER, "ses:SendRawEmail", "identity/*"): delivered,
    Permission(SENDER, "ses:SendRawEmail", "configuration-set/ConfigSet"): delivered,
    Permission(SENDER, "ses:GetSendQuota", "*"): first_of_the_day,
    Permission(FEEDBACK, "dynamodb:BatchGetItem", "table/EmailTracking"): delivered,
    Permission(FEEDBACK, "dynamodb:PutItem", "table/EmailTracking"): delivered,
    Permission(FEEDBACK, "dynamodb:Query", BY_SES_ID): no_longer_spam,
    Permission(FEEDBACK, "dynamodb:Query", BY_RECIPIENT): soft_bounced,
    Permission(FEEDBACK, "dynamodb:PutItem", "table/Suppression"): bounced,
    Permission(FEEDBACK, "dynamodb:DeleteItem", "table/Suppression"): no_longer_spam,
    Permission(FEEDBACK, "dynamodb:BatchGetItem", "table/Control"): bounced_later,
    Permission(FEEDBACK, "dynamodb:UpdateItem", "table/Control"): bounced_later,
    Permission(FEEDBACK, "dynamodb:GetItem", "table/Pending"): soft_bounced,
    Permission(FEEDBACK, "dynamodb:BatchWriteItem", "table/Pending"): delivered,
    Permission(FEEDBACK, "sqs:SendMessage", "RetryQueue"): soft_bounced,
    Permission(FEEDBACK, "sqs:SendMessage", "BulkRetryQueue"): soft_bounced_in_bulk,
    Permission(FEEDBACK, "sqs:SendMessage", "FeedbackQueue"): before_its_record,
    Permission(FEEDBACK, "events:PutEvents", "event-bus/EmailBus"): delivered,
    Permission(SEEDER, "ssm:PutParameter", "parameter/keys/*"): seeded,
    Permission(SEEDER, "s3:GetObject", "templates/starters/starters.zip"): seeded,
    Permission(SEEDER, "s3:GetObject", "templates/templates/*"): seeded,
    Permission(SEEDER, "s3:PutObject", "templates/templates/*"): seeded,
    Permission(SEEDER, "s3:ListBucket", "templates"): seeded,
}

_POLLED = "used by Lambda's own poller, which the emulator does not check"
NOT_SHOWN = {  # No scenario needs these permissions; tests/terraform holds them to the code.
    **{
        Permission(function, f"sqs:{action}", queue): _POLLED
        for function, queues in ((SENDER, SENDER_QUEUES), (FEEDBACK, ("FeedbackQueue",)))
        for queue in queues
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
    Permission(SENDER, "dynamodb:BatchGetItem", "table/EmailTracking"): "used only when two workers claim at once",
    Permission(SENDER, "ssm:GetParameter", "parameter/keys/*"): "used once an hour and container",
    Permission(SENDER, "dynamodb:PutItem", "table/Suppression"): "used by test_unsubscribe.py",
    Permission(SEEDER, "ssm:DeleteParameter", "parameter/keys/*"): "used only by `terraform destroy`",
    **{Permission(SENDER, f"kms:{a}", "key/*"): "the topic has no key" for a in ("GenerateDataKey", "Decrypt")},
    Permission(FEEDBACK, "dynamodb:PutItem", "table/Control"): "used only when a breaker trips",
    **{Permission(FEEDBACK, "cloudwatch:DescribeAlarms", f"alarm:{name}"): "used once an hour" for name in SES_ALARMS},
}


@pytest.fixture(scope="module")
def roles(engine: EngineUnderTest) -> Iterator[Roles]:
    """The roles; SQS redelivers a denied batch after seconds."""
    with engine.redelivery_after(3):
        yield Roles(engine)


def run_to_its_end(engine: EngineUnderTest, roles: Roles, scenario: Scenario, what: str) -> None:
    """Wait until the scenario is complete and the queues are empty.

    Raises Denied at the first permission that a role lacks.
    """

    def is_complete() -> bool:
        if asked := roles.denied():
            raise Denied(asked)
        return scenario.is_complete(engine)

    wait_for(is_complete, f"{what} to complete", LONGEST_WAIT_SECONDS)
    engine.wait_until_idle()
    assert is_complete()


def denied_by_now(engine: EngineUnderTest, roles: Roles, scenario: Scenario) -> list[Permission]:
    """List what was denied; some scenarios go on when they are looked at."""
    scenario.is_complete(engine)
    return roles.denied()


def test_the_table_names_every_permission_but_writing_logs(engine: EngineUnderTest, roles: Roles) -> None:
    granted = set().union(*(roles.granted(function) for function in (SENDER, FEEDBACK, SEEDER)))
    assert granted == NEEDED.keys() | NOT_SHOWN.keys()


def test_the_bus_takes_the_engines_own_events_from_the_engine_alone(engine: EngineUnderTest) -> None:
    """Whoever may put events on the bus may do so under any other source."""
    bus, name = engine.outputs["event_bus_name"], unique("producer")
    iam = client(engine.emulator, "iam")
    iam.create_user(UserName=name)
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
    iam.put_user_policy(UserName=name, PolicyName="bus", PolicyDocument=json.dumps({"Statement": [allow]}))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    credentials = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    events = client(engine.emulator, "events", credentials=credentials)

    def put(*sources: str) -> object:
        entry = {"EventBusName": bus, "DetailType": "Email Status Changed", "Detail": "{}"}
        return events.put_events(Entries=[{**entry, "Source": source} for source in sources])["FailedEntryCount"]

    assert put("some.other.source") == 0
    for sources in (["sesmailengine"], ["some.other.source", "sesmailengine"]):
        with pytest.raises(ClientError, match="AccessDenied"):
            put(*sources)


@pytest.mark.parametrize("start", dict.fromkeys(NEEDED.values()), ids=lambda start: start.__name__)
def test_with_all_permissions_a_scenario_completes_and_nothing_is_denied(
    engine: EngineUnderTest, roles: Roles, start: Start
) -> None:
    run_to_its_end(engine, roles, start(engine), start.__name__)


@pytest.mark.parametrize("permission", NEEDED, ids=str)
def test_a_missing_permission_is_denied_and_nothing_is_lost_once_it_is_back(
    engine: EngineUnderTest, roles: Roles, permission: Permission
) -> None:
    try:
        # A denied message is redelivered once the permission is back: a slow machine uses up no receives before.
        with engine.redelivery_after(None), roles.without(permission):
            scenario = NEEDED[permission](engine)
            denied = wait_for(lambda: denied_by_now(engine, roles, scenario), f"{permission} to be denied", 120)
        assert all(permission.covers(asked) for asked in denied), denied
        ended = scenario.has_failed if scenario.fails else scenario.is_complete
        wait_for(lambda: ended(engine), f"the email to complete once {permission} is back", LONGEST_WAIT_SECONDS)
        engine.wait_until_idle()
        left = engine.depths((*QUEUES, *DEAD_LETTER_QUEUES))
    finally:
        engine.clear_faults()
        roles.clear_denied()
        engine.purge(*DEAD_LETTER_QUEUES)
    assert left == {}
