"""IAM enforced: the roles have every permission that the engine uses, and need each one that they have."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from localcloud.clients import client
from localcloud.engine import DEAD_LETTER_QUEUES, QUEUES
from localcloud.wait import wait_for
from sesmail_layer.domain.guards.breaker import SES_ALARMS
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.permissions import Permission, Roles
from tests.e2e.harness.scenarios import (
    Scenario,
    Start,
    before_its_record,
    bounced,
    bounced_later,
    delivered,
    first_contact,
    first_of_the_day,
    in_bulk,
    no_longer_spam,
    rejected,
    scheduled,
    scheduled_in_bulk,
    seeded,
    soft_bounced,
    soft_bounced_in_bulk,
    unique,
    unreadable,
    unsettled,
    with_a_file,
    without_a_template,
)
from tests.e2e.harness.variables import ATTACHMENTS_BUCKET

# The engine waits for 35 s before it tries an unsettled email again.
LONGEST_WAIT_SECONDS = 120.0


class Denied(AssertionError):
    """A function made a call that its role does not allow."""

    def __init__(self, asked: list[Permission]) -> None:
        super().__init__(", ".join(sorted({str(permission) for permission in asked})))


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
    **{
        Permission(function, "sqs:SendMessage", dead_letter_queue): unreadable(queue, dead_letter_queue)
        for function, queue, dead_letter_queue in (
            (SENDER, "EmailQueue", "EmailQueueDLQ"),
            (SENDER, "BulkQueue", "BulkQueueDLQ"),
            (SENDER, "RetryQueue", "RetryDLQ"),
            (SENDER, "BulkRetryQueue", "BulkRetryDLQ"),
            (FEEDBACK, "FeedbackQueue", "FeedbackProcessorDLQ"),
        )
    },
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
