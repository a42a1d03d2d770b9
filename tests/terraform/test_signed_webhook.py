"""A signed webhook of modules/producer: rule → queue → function, the secret, the dead-letter queue and its alarm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.terraform.runner import ACCOUNT, REGION, Plan
from tests.terraform.test_alarms import on, whole

NAME = "sesmailengine-shop_orders-StatusWebhook"
ARN = f"{REGION}:{ACCOUNT}"
QUEUE_ARN, DEAD_LETTER_ARN = (f"arn:aws:sqs:{ARN}:{NAME}{end}" for end in ("Queue", "DLQ"))
RULE_ARN = f"arn:aws:events:{ARN}:rule/sesmailengine-EmailBus/shop.orders-status"


@pytest.fixture(scope="module")
def signed(plan: Callable[[str], Plan]) -> Plan:
    return plan("signed webhook")


@pytest.fixture(scope="module")
def with_settings(plan: Callable[[str], Plan]) -> Plan:
    return plan("signed webhook with settings")


def statements(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_the_rule_writes_to_the_queue_and_what_it_cannot_write_to_the_dead_letter_queue(signed: Plan) -> None:
    target = signed.one("aws_cloudwatch_event_target").values
    assert target["arn"] == QUEUE_ARN
    assert target["dead_letter_config"] == [{"arn": DEAD_LETTER_ARN}]
    # EventBridge's own default: a day.
    assert target["retry_policy"] == []


def test_eventbridge_itself_does_not_post(signed: Plan) -> None:
    for type_ in ("aws_cloudwatch_event_api_destination", "aws_cloudwatch_event_connection"):
        assert signed.all(type_) == ()


@pytest.mark.parametrize("arn", [QUEUE_ARN, DEAD_LETTER_ARN])
def test_only_this_rule_may_write_to_the_queues(signed: Plan, arn: str) -> None:
    queue = signed.one("aws_sqs_queue", name=arn.rpartition(":")[2])
    assert queue.values["sqs_managed_sse_enabled"]
    assert queue.values["message_retention_seconds"] == 14 * 24 * 60 * 60
    assert queue.json("policy")["Statement"] == [
        {
            "Sid": "StatusRule",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": [RULE_ARN]}, "StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]


def test_a_status_is_tried_110_times_and_then_kept(signed: Plan, with_settings: Plan) -> None:
    queue = signed.one("aws_sqs_queue", name=f"{NAME}Queue")
    assert queue.json("redrive_policy") == {"deadLetterTargetArn": DEAD_LETTER_ARN, "maxReceiveCount": 110}
    settled = [queue for queue in with_settings.all("aws_sqs_queue") if queue.values.get("redrive_policy")]
    assert [queue.json("redrive_policy")["maxReceiveCount"] for queue in settled] == [10]


def test_the_function_is_fed_in_batches_with_partial_failures(signed: Plan, with_settings: Plan) -> None:
    mapping = signed.one("aws_lambda_event_source_mapping").values
    assert (mapping["event_source_arn"], mapping["batch_size"]) == (QUEUE_ARN, 10)
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    concurrency = [
        planned.one("aws_lambda_event_source_mapping").values["scaling_config"][0]["maximum_concurrency"]
        for planned in (signed, with_settings)
    ]
    assert concurrency == [5, 2]


def test_the_function_has_its_archive_and_no_layer(signed: Plan, with_settings: Plan) -> None:
    function = signed.one("aws_lambda_function").values
    assert function["function_name"] == NAME
    assert function["filename"].endswith("/status_webhook.zip")
    assert not function.get("layers")
    queue = signed.one("aws_sqs_queue", name=f"{NAME}Queue").values
    assert queue["visibility_timeout_seconds"] == 6 * function["timeout"] == 270
    assert (function["runtime"], function["architectures"]) == ("python3.13", ["arm64"])
    other = with_settings.one("aws_lambda_function").values
    assert (other["runtime"], other["architectures"]) == ("python3.12", ["x86_64"])
    assert with_settings.one("aws_cloudwatch_log_group").values["retention_in_days"] == 30


def test_the_function_may_read_its_secret_and_its_queue_and_nothing_else(signed: Plan) -> None:
    found = statements(signed.one("aws_iam_role_policy", name=NAME).json("policy"))
    assert {sid: (statement["Action"], statement["Resource"]) for sid, statement in found.items()} == {
        "WriteOwnLog": (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"arn:aws:logs:{ARN}:log-group:/aws/lambda/{NAME}:*"],
        ),
        "ReadEventSources": (
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            [QUEUE_ARN],
        ),
        "CreateAndReadSigningSecret": (
            ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
            [f"arn:aws:secretsmanager:{ARN}:secret:{NAME}-??????"],
        ),
        "DelayFailedStatuses": (["sqs:ChangeMessageVisibility"], [QUEUE_ARN]),
    }


def test_terraform_creates_the_secret_without_a_value_and_lets_the_function_write_it(
    signed: Plan, with_settings: Plan
) -> None:
    secret = signed.one("aws_secretsmanager_secret").values
    assert (secret["name"], secret["recovery_window_in_days"]) == (NAME, 0)
    assert signed.all("aws_secretsmanager_secret_version") == ()
    versions = []
    for planned in (signed, with_settings):
        invocation = planned.one("aws_lambda_invocation")
        assert invocation.values["function_name"] == planned.one("aws_lambda_function").values["function_name"]
        assert invocation.values["lifecycle_scope"] == "CREATE_ONLY"
        # Known after apply only: the secret's ARN, so that a new secret calls the function again.
        assert "triggers" not in invocation.values
        versions.append(invocation.json("input"))
    assert versions == [{"secret_version": 1}, {"secret_version": 3}]


def test_an_alarm_watches_the_dead_letter_queue(signed: Plan, with_settings: Plan) -> None:
    depth = on(("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": f"{NAME}DLQ"}, "Maximum", 60), over=0)
    alarm = whole(signed.one("aws_cloudwatch_metric_alarm", alarm_name=f"{NAME}DLQ-NotEmpty").values)
    assert alarm == {name: value for name, value in depth.items() if name not in ("alarm_actions", "ok_actions")}
    called = with_settings.one("aws_cloudwatch_metric_alarm").values
    topic, incident = f"arn:aws:sns:{ARN}:ops", f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/mail"
    assert set(called["alarm_actions"]) == {topic, incident}
    assert called["ok_actions"] == [topic]


def test_names_stay_within_the_limits_and_end_with_a_hash(with_settings: Plan) -> None:
    function = with_settings.one("aws_lambda_function").values["function_name"]
    role = with_settings.one("aws_iam_role").values
    assert function.startswith("sesmailengine-a_very_l-")
    # The longest name of a region is ap-southeast-1.
    assert len(f"{function}Role-ap-southeast-1") == 64
    assert role["name"] == f"{function}Role-{REGION}"
    assert role["path"] == "/producers/"
    assert role["permissions_boundary"] == f"arn:aws:iam::{ACCOUNT}:policy/boundary"


def test_a_bus_of_another_account_feeds_the_queue_through_a_bus_here(with_settings: Plan) -> None:
    assert len(with_settings.all("aws_cloudwatch_event_bus")) == 1
    bus = with_settings.one("aws_cloudwatch_event_bus").values["name"]
    rule = f"rule/{bus}/{with_settings.one('aws_cloudwatch_event_rule').values['name']}"
    for queue in with_settings.all("aws_sqs_queue"):
        [statement] = queue.json("policy")["Statement"]
        assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": [f"arn:aws:events:{ARN}:{rule}"]}
