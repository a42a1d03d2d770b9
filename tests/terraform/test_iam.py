"""What the functions, the topics, the queues and the bus allow, and to whom."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.terraform.conftest import ORGANISATION, PLANS
from tests.terraform.runner import ACCOUNT, REGION, ROOT, Plan, Resource

NAME = "sesmailengine"
_POLICY_ATTRIBUTES = ("policy", "assume_role_policy")
_RESOURCE = re.compile(rf"^arn:aws:[a-z0-9-]+:(?:{REGION})?:(?:{ACCOUNT})?:")


def statements(plan: Plan) -> Iterator[tuple[Resource, dict[str, Any]]]:
    for resource in plan.resources:
        for attribute in _POLICY_ATTRIBUTES:
            if resource.values.get(attribute):
                yield from ((resource, statement) for statement in resource.json(attribute)["Statement"])


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def is_key_policy(resource: Resource) -> bool:
    """In a key's own policy `*` is the key: https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"""
    return resource.type == "aws_kms_key"


@pytest.mark.parametrize("name", PLANS)
def test_no_permission_has_a_wildcard_action(name: str, plan: Callable[[str], Plan]) -> None:
    for resource, statement in statements(plan(name)):
        if statement["Effect"] == "Allow" and not is_key_policy(resource):
            assert not [action for action in listed(statement["Action"]) if "*" in action], resource.address


@pytest.mark.parametrize("name", PLANS)
def test_a_wildcard_resource_has_its_reason_in_the_sid(name: str, plan: Callable[[str], Plan]) -> None:
    for resource, statement in statements(plan(name)):
        if "*" in listed(statement.get("Resource", [])) and not is_key_policy(resource):
            assert statement["Sid"].endswith("HasNoResourceLevel"), (resource.address, statement)
            assert set(listed(statement["Action"])) <= {
                "ses:GetSendQuota",
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
            }, resource.address


@pytest.mark.parametrize("name", PLANS)
def test_every_other_resource_is_one_of_this_account(name: str, plan: Callable[[str], Plan]) -> None:
    for resource, statement in statements(plan(name)):
        for arn in listed(statement.get("Resource", [])):
            # A customer's bucket, and so its key, may belong to another account, and so do buses for its statuses.
            if arn != "*" and statement["Sid"] not in ("DecryptAttachmentsThroughS3Only", "PublishStatusesElsewhere"):
                assert _RESOURCE.match(arn), (resource.address, arn)


@pytest.mark.parametrize("name", PLANS)
def test_every_statement_of_the_engine_has_a_sid_of_its_own(name: str, plan: Callable[[str], Plan]) -> None:
    sids: dict[tuple[str, str], list[str]] = defaultdict(list)
    for resource, statement in statements(plan(name)):
        if resource.address.startswith("module."):
            sids[resource.address, "Service" if "AssumedBy" in statement["Sid"] else ""].append(statement["Sid"])
    for (address, _), found in sids.items():
        assert len(found) == len(set(found)), address


def test_only_lambda_assumes_the_roles(complete: Plan) -> None:
    roles = complete.all("aws_iam_role")
    assert {role.values["name"] for role in roles} == {
        "mail-EmailSenderRole",
        "mail-FeedbackProcessorRole",
        "mail-TemplateSeederRole",
        "mail-UnsubscribeRole",
    }
    for role in roles:
        (statement,) = role.json("assume_role_policy")["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert statement["Action"] == "sts:AssumeRole"


def test_every_role_has_the_path_and_the_boundary_that_the_owner_sets(plan: Callable[[str], Plan]) -> None:
    """A role of the next module, too: none may be outside of what an organisation lets its teams create."""
    for name, count, path, boundary in (
        ("default", 3, "/", None),
        ("organisation", 4, ORGANISATION["role_path"], ORGANISATION["permissions_boundary_arn"]),
    ):
        roles = plan(name).all("aws_iam_role")
        assert len(roles) == count
        for role in roles:
            assert (role.values["path"], role.values.get("permissions_boundary")) == (path, boundary), role.address


def test_no_code_builds_the_arn_of_a_role_for_a_policy() -> None:
    """A role has a path: its attribute has it. The bus's policy is measured with what the ARN will be."""
    found = [
        (path.name, line.strip())
        for path in ROOT.glob("modules/**/*.tf")
        if not path.name.startswith("variables")
        for line in path.read_text().splitlines()
        if ":role" in line
    ]
    assert [name for name, line in found if "role_arn_prefix" not in line] == []
    assert all("${var.role_path}" in line for _, line in found)


def rights(plan: Plan, function: str, name: str = NAME) -> dict[str, set[str]]:
    """Action to resources, each without its ARN's first parts and the engine's name."""
    found: dict[str, set[str]] = defaultdict(set)
    policy = plan.one("aws_iam_role_policy", role=f"{name}-{function}Role").json("policy")
    for statement in policy["Statement"]:
        for action in listed(statement["Action"]):
            for arn in listed(statement["Resource"]):
                found[action].add(re.sub(rf"^arn:aws:\w+:(?:{REGION})?:(?:{ACCOUNT})?:|{name}-|-{ACCOUNT}", "", arn))
    return dict(found)


def test_the_sender_has_these_permissions_and_no_others(default: Plan) -> None:
    assert rights(default, "EmailSender") == {
        "logs:CreateLogStream": {"log-group:/aws/lambda/EmailSender:*"},
        "logs:PutLogEvents": {"log-group:/aws/lambda/EmailSender:*"},
        "sqs:ReceiveMessage": {"EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue"},
        "sqs:DeleteMessage": {"EmailQueue", "BulkQueue", "RetryQueue", "BulkRetryQueue"},
        "sqs:GetQueueAttributes": {
            "EmailQueue",
            "BulkQueue",
            "RetryQueue",
            "BulkRetryQueue",
        },
        "sqs:SendMessage": {
            *("BulkQueue", "RetryQueue", "BulkRetryQueue"),
            *("EmailQueueDLQ", "BulkQueueDLQ", "RetryDLQ", "BulkRetryDLQ"),
        },
        "sns:Publish": {"SESFeedback"},
        "kms:GenerateDataKey": {"key/*"},
        "kms:Decrypt": {"key/*"},
        "ses:SendRawEmail": {"identity/*", "configuration-set/ConfigSet"},
        "ses:GetSendQuota": {"*"},
        "dynamodb:GetItem": {"table/Control"},
        "dynamodb:BatchGetItem": {f"table/{table}" for table in ("EmailTracking", "Suppression", "Control")},
        "dynamodb:Query": {"table/EmailTracking/index/to-email-timestamp-index"},
        "dynamodb:PutItem": {f"table/{table}" for table in ("EmailTracking", "Suppression", "Control", "Pending")},
        "dynamodb:UpdateItem": {"table/Control"},
        "dynamodb:BatchWriteItem": {"table/Pending"},
        "s3:GetObject": {"templates/templates/*"},
        "s3:ListBucket": {"templates"},
        "ssm:GetParameter": {"parameter/sesmailengine/keys/*"},
        "events:PutEvents": {"event-bus/EmailBus"},
    }


def test_the_feedback_processor_has_these_permissions_and_no_others(default: Plan) -> None:
    assert rights(default, "FeedbackProcessor") == {
        "logs:CreateLogStream": {"log-group:/aws/lambda/FeedbackProcessor:*"},
        "logs:PutLogEvents": {"log-group:/aws/lambda/FeedbackProcessor:*"},
        "sqs:ReceiveMessage": {"FeedbackQueue"},
        "sqs:DeleteMessage": {"FeedbackQueue"},
        "sqs:GetQueueAttributes": {"FeedbackQueue"},
        "sqs:SendMessage": {"RetryQueue", "BulkRetryQueue", "FeedbackQueue", "FeedbackProcessorDLQ"},
        "cloudwatch:DescribeAlarms": {"alarm:SES-BounceRate-Pause", "alarm:SES-ComplaintRate-Pause"},
        "dynamodb:GetItem": {"table/Pending"},
        "dynamodb:BatchGetItem": {f"table/{table}" for table in ("EmailTracking", "Control")},
        "dynamodb:PutItem": {f"table/{table}" for table in ("EmailTracking", "Suppression", "Control")},
        "dynamodb:UpdateItem": {"table/Control"},
        "dynamodb:BatchWriteItem": {"table/Pending"},
        "dynamodb:Query": {
            "table/EmailTracking/index/ses-message-id-index",
            "table/EmailTracking/index/to-email-timestamp-index",
        },
        "events:PutEvents": {"event-bus/EmailBus"},
    }


@pytest.mark.parametrize("name", ["default", "complete"])
def test_the_sender_knows_exactly_the_senders_that_iam_allows(name: str, plan: Callable[[str], Plan]) -> None:
    (allowed,) = [
        statement["Condition"]
        for resource, statement in statements(plan(name))
        if statement["Sid"] == "SendFromOwnIdentities"
    ]
    (item,) = [
        item
        for resource in plan(name).all("aws_dynamodb_table_item")
        if (item := resource.json("item"))["pk"] == {"S": "role-senders"}
    ]
    assert allowed == {"StringLike": {"ses:FromAddress": [one["S"] for one in item["addresses"]["L"]]}}
    assert "*@example.com" in allowed["StringLike"]["ses:FromAddress"]


def test_suppressions_can_be_deleted_only_with_not_spam_lifts_suppression(default: Plan, complete: Plan) -> None:
    assert "dynamodb:DeleteItem" not in rights(default, "FeedbackProcessor")
    policy = complete.one("aws_iam_role_policy", role="mail-FeedbackProcessorRole").json("policy")
    (suppress,) = [statement for statement in policy["Statement"] if statement["Sid"] == "Suppress"]
    assert suppress["Action"] == ["dynamodb:PutItem", "dynamodb:DeleteItem"]


def test_the_seeder_has_these_permissions_and_no_others(default: Plan) -> None:
    assert rights(default, "TemplateSeeder") == {
        "ssm:PutParameter": {"parameter/sesmailengine/keys/*"},
        "logs:CreateLogStream": {"log-group:/aws/lambda/TemplateSeeder:*"},
        "logs:PutLogEvents": {"log-group:/aws/lambda/TemplateSeeder:*"},
        "s3:GetObject": {"templates/starters/starters.zip", "templates/templates/*"},
        "s3:PutObject": {"templates/templates/*"},
        "s3:ListBucket": {"templates"},
    }


def test_the_unsubscribe_page_has_these_permissions_and_no_others(complete: Plan) -> None:
    found = rights(complete, "Unsubscribe", "mail")
    assert found.pop("xray:PutTraceSegments") == found.pop("xray:PutTelemetryRecords") == {"*"}
    assert found == {
        "logs:CreateLogStream": {"log-group:/aws/lambda/Unsubscribe:*"},
        "logs:PutLogEvents": {"log-group:/aws/lambda/Unsubscribe:*"},
        "dynamodb:BatchGetItem": {f"table/{table}" for table in ("EmailTracking", "Suppression", "Control")},
        "dynamodb:PutItem": {"table/Suppression"},
        "dynamodb:DeleteItem": {"table/Suppression"},
        "ssm:GetParameter": {"parameter/mail/keys/unsubscribe"},
        "events:PutEvents": {"event-bus/EmailBus"},
    }


def sender_statement(plan: Plan, name: str, sid: str) -> dict[str, Any]:
    policy = plan.one("aws_iam_role_policy", name=f"{name}-EmailSender").json("policy")
    (found,) = [statement for statement in policy["Statement"] if statement["Sid"] == sid]
    return dict(found)


def test_the_sender_sends_from_known_addresses_only(default: Plan, complete: Plan) -> None:
    assert sender_statement(default, NAME, "SendFromOwnIdentities")["Condition"] == {
        "StringLike": {"ses:FromAddress": ["*@example.com"]}
    }
    # The default sender's domain, what the owner adds, and the producers' own senders.
    assert sender_statement(complete, "mail", "SendFromOwnIdentities")["Condition"] == {
        "StringLike": {"ses:FromAddress": ["*@example.com", "*@news.example.com", "orders@example.com"]}
    }


def test_attachments_are_read_from_the_producers_prefixes_only(complete: Plan) -> None:
    assert sender_statement(complete, "mail", "ReadAttachments")["Resource"] == ["arn:aws:s3:::example-invoices/*"]


def test_attachments_are_decrypted_with_the_given_keys_through_s3_only(
    default: Plan, plan: Callable[[str], Plan]
) -> None:
    organisation = plan("organisation")
    assert sender_statement(organisation, NAME, "DecryptAttachmentsThroughS3Only") == {
        "Sid": "DecryptAttachmentsThroughS3Only",
        "Effect": "Allow",
        "Action": ["kms:Decrypt"],
        "Resource": ORGANISATION["attachment_kms_key_arns"],
        "Condition": {
            "StringEquals": {"kms:ViaService": [f"s3.{region}.amazonaws.com" for region in (REGION, "eu-north-1")]}
        },
    }
    holders = [
        resource.address
        for planned in (default, organisation)
        for resource, statement in statements(planned)
        if statement["Sid"] == "DecryptAttachmentsThroughS3Only"
    ]
    assert holders == ["module.sesmail.module.email_sender.aws_iam_role_policy.this"]


def test_a_missing_template_is_not_mistaken_for_a_missing_permission(default: Plan) -> None:
    assert "Condition" not in sender_statement(default, NAME, "DistinguishMissingFromForbidden")


def test_every_topic_and_queue_policy_names_its_one_service_its_source_and_this_account(default: Plan) -> None:
    checked = set()
    for resource, statement in statements(default):
        if resource.type in ("aws_sns_topic", "aws_sqs_queue"):
            assert set(statement["Principal"]) == {"Service"}, resource.address
            assert isinstance(statement["Principal"]["Service"], str), resource.address
            # A queue knows a topic by its ARN; no page of AWS says that SNS sends its account.
            account = {} if statement["Principal"]["Service"] == "sns.amazonaws.com" else {"aws:SourceAccount": ACCOUNT}
            assert statement["Condition"].get("StringEquals", {}) == account, resource.address
            arns = statement["Condition"].get("ArnEquals") or statement["Condition"]["ArnLike"]
            for arn in listed(arns["aws:SourceArn"]):
                assert arn.split(":")[3:5] == [REGION, ACCOUNT], resource.address
                assert f"{NAME}-" in arn, resource.address
            checked.add((resource.values["name"].removeprefix(f"{NAME}-"), statement["Principal"]["Service"]))
    assert checked == {
        ("SESFeedback", "ses.amazonaws.com"),
        ("Alarms", "cloudwatch.amazonaws.com"),
        ("EmailQueue", "events.amazonaws.com"),
        ("BulkQueue", "events.amazonaws.com"),
        ("EventBridgeDLQ", "events.amazonaws.com"),
        ("FeedbackQueue", "sns.amazonaws.com"),
        ("FeedbackProcessorDLQ", "sns.amazonaws.com"),
    }


def test_the_bus_denies_the_engines_own_source_to_all_but_its_publishing_roles(applied: Plan) -> None:
    (statement,) = applied.one("aws_cloudwatch_event_bus_policy").json("policy")["Statement"]
    roles = {role.values["name"]: role.values["arn"] for role in applied.all("aws_iam_role")}
    publishers = [arn for name, arn in roles.items() if not name.endswith("-TemplateSeederRole")]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "events:PutEvents")
    assert len(publishers) == 3
    assert statement["Condition"] == {
        "ForAnyValue:StringEquals": {"events:source": ["sesmailengine"]},
        "ArnNotLike": {"aws:PrincipalArn": publishers},
    }


def test_a_producer_in_another_root_may_send_under_its_source(plan: Callable[[str], Plan]) -> None:
    (statement,) = plan("producer").one("aws_iam_role_policy").json("policy")["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "events:source": "shop.orders",
        "events:detail-type": ["Email Request", "Email Cancel Requested", "Email Unsubscribe Requested"],
    }
