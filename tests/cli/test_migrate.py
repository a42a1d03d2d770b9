"""`sesmail migrate check` on moto: with the old product's stack, and with its tables alone."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from sesmail_cli.migrate.seed import TABLES
from sesmail_cli.migrate.stack import Stack
from tests import seed_product
from tests.cli.conftest import ACCOUNT_ID, sesmail
from tests.cli.old_product import NAME, OldProduct, check, cloudformation, old
from tools.simulation.tables import tables

__all__ = ["cloudformation", "old"]


def declare_all(old: OldProduct) -> None:
    metadata = {**json.loads(seed_product.FILES["metadata.json"]), "optionalVariables": ["trackingUrl", "note"]}
    key = f"templates/{seed_product.TEMPLATE}/metadata.json"
    old.s3.put_object(Bucket=f"{NAME}-templates-{ACCOUNT_ID}", Key=key, Body=json.dumps(metadata).encode())


def test_it_knows_the_tables_that_terraform_declares() -> None:
    for table in TABLES:
        declared = tables()[table.part]
        assert table.key == declared.key
        assert {(one.name, one.keys) for one in table.indexes} == {(one.name, one.keys) for one in declared.indexes}
        for index in table.indexes:
            assert index.attributes <= set(declared.index(index.name).attributes)
            if declared.index(index.name).projection == "INCLUDE" and index.attributes:
                assert index.attributes == set(declared.index(index.name).attributes)


class TestTablesAlone:
    def test_they_are_adopted_with_their_bucket(self, old: OldProduct) -> None:
        old.leave_tables()
        declare_all(old)

        report = check("--name", NAME)

        assert (report["stack"], report["problems"]) == (None, [])
        adopted = {
            "module.tables.aws_dynamodb_table.tracking": "EmailTracking",
            "module.tables.aws_dynamodb_table.suppression": "Suppression",
            "module.template_bucket.aws_s3_bucket.this": f"templates-{ACCOUNT_ID}",
        }
        assert report["importBlocks"] == "\n".join(
            f'import {{\n  to = module.sesmail.{address}\n  id = "{NAME}-{part}"\n}}\n'
            for address, part in adopted.items()
        )
        assert "deletion protection: on" in report["adopted"][0]["changes"]
        assert '# admin_email = "…"  # required' in report["tfvars"]

    def test_an_account_without_them_is_a_wrong_name(self, old: OldProduct) -> None:
        result = sesmail("migrate", "check", "--name", "nothing")

        assert result.exit_code == 2
        assert "no table nothing-EmailTracking or nothing-Suppression" in result.stderr

    def test_a_table_with_another_key_is_not_imported(self, old: OldProduct) -> None:
        seed_product.create_tables(old.dynamodb, NAME)
        old.dynamodb.delete_table(TableName=f"{NAME}-EmailTracking")
        creation = seed_product.tracking_table(NAME)
        creation["KeySchema"].append({"AttributeName": "timestamp", "KeyType": "RANGE"})
        old.dynamodb.create_table(**creation)

        report = check("--name", NAME, exit_code=1)

        assert "Terraform would REPLACE it" in " ".join(report["problems"])
        assert "tables.aws_dynamodb_table.tracking" not in report["importBlocks"]

    @pytest.mark.parametrize(("index", "where"), [(0, "problems"), (3, "notes")])
    def test_a_missing_index_comes_with_its_command(self, old: OldProduct, index: int, where: str) -> None:
        creation = seed_product.tracking_table(NAME)
        removed = creation["GlobalSecondaryIndexes"].pop(index)["IndexName"]
        used = {key["AttributeName"] for one in creation["GlobalSecondaryIndexes"] for key in one["KeySchema"]}
        creation["AttributeDefinitions"] = [
            one for one in creation["AttributeDefinitions"] if one["AttributeName"] in used | {"emailId"}
        ]
        old.dynamodb.create_table(**creation)

        report = check("--name", NAME, exit_code=1 if where == "problems" else 0)

        [found] = [one for one in report[where] if removed in one]
        assert f"aws dynamodb update-table --table-name {NAME}-EmailTracking" in found

    def test_an_index_that_holds_too_little_is_a_problem(self, old: OldProduct) -> None:
        creation = seed_product.tracking_table(NAME)
        creation["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}
        old.dynamodb.create_table(**creation)

        [problem] = check("--name", NAME, exit_code=1)["problems"]

        assert "the index to-email-timestamp-index lacks" in problem
        assert "status" in problem

    def test_a_stream_is_a_problem(self, old: OldProduct) -> None:
        creation = seed_product.suppression_table(NAME)
        creation["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        old.dynamodb.create_table(**creation)

        assert "its stream" in check("--name", NAME, exit_code=1)["problems"][0]

    def test_what_changes_in_place_is_listed(self, old: OldProduct) -> None:
        creation = seed_product.suppression_table(NAME)
        creation |= {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        }
        del creation["SSESpecification"]
        for index in creation["GlobalSecondaryIndexes"]:
            index["ProvisionedThroughput"] = creation["ProvisionedThroughput"]
        old.dynamodb.create_table(**creation)

        [table] = check("--name", NAME)["adopted"]

        assert table["changes"] == [
            "billing: on demand",
            "encryption: the account's KMS key",
            "point-in-time recovery: on",
            "expiry by ttl: on",
            "deletion protection: on",
        ]

    def test_logs_and_the_bus_that_are_left_are_adopted(self, old: OldProduct) -> None:
        old.leave_tables()
        declare_all(old)
        boto3.client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}-EmailSender")
        boto3.client("events").create_event_bus(Name=f"{NAME}-EmailBus")

        blocks = check("--name", NAME)["importBlocks"]

        assert f'module.email_sender.aws_cloudwatch_log_group.this\n  id = "/aws/lambda/{NAME}-EmailSender"' in blocks
        assert f'module.sesmail.aws_cloudwatch_event_bus.this\n  id = "{NAME}-EmailBus"' in blocks

    def test_alarms_of_the_second_spelling_get_their_new_names(self, old: OldProduct) -> None:
        old.leave_tables()
        cloudwatch = boto3.client("cloudwatch")
        for alarm in ("SESBounceRateAlarm", "SES-ComplaintRate"):
            cloudwatch.put_metric_alarm(
                AlarmName=f"{NAME}-{alarm}", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold"
            )

        assert check("--name", NAME, exit_code=1)["alarms"] == {f"{NAME}-SESBounceRateAlarm": f"{NAME}-SES-BounceRate"}


class TestStack:
    def test_its_parameters_become_variables(self, old: OldProduct) -> None:
        old.deploy()

        report = check("--name", NAME)

        assert report["tfvars"].splitlines() == [
            f'name = "{NAME}"',
            'admin_email = "ops@example.com"',
            "bounce_rate_alarm_threshold = 0.03",
            "bounce_rate_pause_threshold = 0.05",
            "data_retention_days = 120",
            'default_sender_email = "no-reply@example.com"',
            'default_sender_name = "My $${Company}"',
            "email_sender_concurrency = 2",
            "email_sender_memory = 256",
            "max_message_mb = 4",
        ]
        assert report["outputs"]["EmailTrackingTableName"] == "email_tracking_table_name"
        assert any("LambdaCodeS3Bucket has no variable" in note for note in report["notes"])

    def test_a_table_that_the_stack_would_delete_is_a_problem(self, old: OldProduct) -> None:
        old.deploy(retained=False)

        problems = check("--name", NAME, exit_code=1)["problems"]

        assert [f"Deleting the stack would delete {NAME}-EmailTracking" in one for one in problems] == [True, False]

    def test_a_bus_that_the_stack_deletes_is_not_imported(self, old: OldProduct) -> None:
        old.deploy()

        report = check("--name", NAME)

        assert "event_bus" not in report["importBlocks"]
        assert any("requests fail until the apply" in note for note in report["notes"])

    def test_a_stack_of_another_name_gives_the_engines_name(self, old: OldProduct) -> None:
        old.deploy(stack="the-mail-stack")

        assert check("--stack", "the-mail-stack")["name"] == NAME

    def test_a_stack_that_does_not_exist_is_rejected(self, old: OldProduct) -> None:
        result = sesmail("migrate", "check", "--stack", "other")

        assert result.exit_code == 2
        assert "There is no stack 'other'" in result.stderr


@pytest.mark.parametrize(
    ("template", "kept"),
    [
        ({"Resources": {"Table": {"DeletionPolicy": "RetainExceptOnCreate"}}}, True),
        ({"Resources": {"Table": {"DeletionPolicy": "Delete"}}}, False),
        ("Resources:\n  Table:\n    Type: x\n\n    DeletionPolicy: 'Retain'\n  Other:\n    Type: x\n", True),
        ("Resources:\n  Table:\n    Type: x\n  Other:\n    DeletionPolicy: Retain\n", False),
        ("Resources:\n  Table:\n    Properties:\n      DeletionPolicy: Retain\n", False),
    ],
)
def test_what_a_stack_keeps_is_read_from_its_template(template: Any, kept: bool) -> None:
    stack = Stack("s", "CREATE_COMPLETE", {}, {}, {"old-table": "Table"}, template)

    assert stack.keeps("old-table") is kept
    assert stack.keeps("a table of its own")
