"""A function has the permissions for the AWS calls of its adapters, no less and no more.

The adapters are read, not run: which of them a function imports, and which operations their code calls. IAM
names an action after the API's operation; the exceptions are adapters of which a function uses a part only.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from tests.terraform.runner import ROOT, Plan
from tests.terraform.test_iam import rights

ADAPTERS = ROOT / "python" / "sesmail_layer" / "aws"
SHARED = ("dynamodb_items", "control_items")
COMPOSED_IN = {
    "EmailSender": ROOT / "python" / "sesmail_layer" / "composition" / "email_sender.py",
    "FeedbackProcessor": ROOT / "python" / "sesmail_layer" / "composition" / "feedback_processor.py",
    "TemplateSeeder": ROOT / "functions" / "template_seeder" / "handler.py",
    "Unsubscribe": ROOT / "python" / "sesmail_layer" / "composition" / "unsubscribe.py",
}
SERVICES = ("cloudwatch", "dynamodb", "s3", "sqs", "events", "ses", "sesv2", "sns", "ssm")
# Operations without an action of their own; SES authorizes v2's SendEmail with raw content as v1's SendRawEmail.
AUTHORIZED_AS = {
    "sesv2:SendEmail": "ses:SendRawEmail",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "s3:HeadObject": "s3:GetObject",
    # A transaction needs the actions of its parts, and all of them are updates:
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",
}
TABLES = {
    "tracking_table": "EmailTracking",
    "suppression_table": "Suppression",
    "pending_table": "Pending",
    "producer_states": "Control",
    "alarm_states": "Control",
    "cap_counters": "Control",
    "cancel_rules": "Control",
    "daily_figures": "Control",
    "sending_counts": "Control",
    "rate_bucket": "Control",
    "quota_cache": "Control",
    "feedback_progress": "Control",
}
# Function and adapter: operations of the adapter that the function does not use.
UNUSED = {
    # The scan is the CLI's.
    ("EmailSender", "producer_states"): {"dynamodb:Scan"},
    ("FeedbackProcessor", "producer_states"): {"dynamodb:Scan"},
    # Each function has a class of its own there.
    ("FeedbackProcessor", "feedback_progress"): {"sns:Publish"},
    ("EmailSender", "suppression_table"): {"dynamodb:DeleteItem"},
    ("EmailSender", "pending_table"): {"dynamodb:GetItem"},
    ("EmailSender", "secret_keys"): {"ssm:PutParameter", "ssm:DeleteParameter"},
    # The page reads: records, policies, its key.
    ("Unsubscribe", "tracking_table"): {"dynamodb:PutItem", "dynamodb:Query"},
    ("Unsubscribe", "producer_states"): {"dynamodb:Scan", "dynamodb:PutItem", "dynamodb:UpdateItem"},
    ("Unsubscribe", "secret_keys"): {"ssm:PutParameter", "ssm:DeleteParameter"},
    # Deleted only without retain_data_on_delete (test_iam.py).
    ("TemplateSeeder", "secret_keys"): {"ssm:GetParameter", "ssm:DeleteParameter"},
    # A suppression is lifted only with not_spam_lifts_suppression (test_iam.py).
    ("FeedbackProcessor", "suppression_table"): {"dynamodb:BatchGetItem", "dynamodb:DeleteItem"},
    ("FeedbackProcessor", "pending_table"): {"dynamodb:PutItem"},
}
# What Lambda itself does with the role, and what S3 requires to answer 404, not 403, for a missing object.
NOT_IN_CODE = {
    # SNS asks KMS in the name of whoever publishes to a topic with a key.
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "s3:ListBucket",
    # X-Ray's daemon, in the complete example.
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}

# https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html and


@functools.cache
def actions() -> dict[str, str]:
    """boto3 method to IAM action, for every operation of the services that the engine talks to."""
    session = botocore.session.get_session()
    return {
        xform_name(operation): AUTHORIZED_AS.get(f"{service}:{operation}", f"{service}:{operation}")
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    }


def called(tree: ast.AST) -> set[str]:
    """Actions of the boto3 methods that a piece of code calls, by name or through a paginator."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            paged = node.func.attr == "get_paginator" and isinstance(first, ast.Constant)
            method = str(first.value) if paged and isinstance(first, ast.Constant) else node.func.attr
            if method in actions():
                found.add(actions()[method])
    return found


def imported(path: Path) -> set[str]:
    """Adapters that a file imports."""
    imports = (node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
    return {module.rpartition(".")[2] for module in imports if module.startswith("sesmail_layer.aws.")}


@functools.cache
def shared_functions() -> dict[str, ast.FunctionDef]:
    """Functions and methods that adapters share, by name."""
    trees = (ast.parse((ADAPTERS / f"{module}.py").read_text()) for module in SHARED)
    return {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def all_actions(tree: ast.AST) -> set[str]:
    """Actions of a piece of code, and of the shared functions that it calls."""
    names: set[str] = set()
    pieces = [tree]
    for piece in pieces:
        calls = [node.func for node in ast.walk(piece) if isinstance(node, ast.Call)]
        called_here = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
        new = (called_here & shared_functions().keys()) - names
        names |= new
        pieces.extend(shared_functions()[name] for name in new)
    return set().union(*map(called, pieces))


def adapter_actions(adapter: str) -> set[str]:
    return all_actions(ast.parse((ADAPTERS / f"{adapter}.py").read_text()))


def used(function: str) -> set[tuple[str, str]]:
    """Action and table (or nothing) that the function's adapters use."""
    return {
        (action, TABLES[adapter] if action.startswith("dynamodb:") else "")
        for adapter in imported(COMPOSED_IN[function])
        for action in adapter_actions(adapter) - UNUSED.get((function, adapter), set())
    }


def granted(default: Plan, complete: Plan, function: str) -> set[tuple[str, str]]:
    """Action and table that the function may use; the page is not part of the default engine."""
    found = set()
    optional = function == "Unsubscribe"
    for action, resources in (rights(complete, function, "mail") if optional else rights(default, function)).items():
        for resource in resources:
            table = resource.split("/")[1] if action.startswith("dynamodb:") else ""
            found.add((action, table))
    return found


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_the_code_of_a_function_is_found(function: str) -> None:
    assert used(function)


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_a_function_has_every_permission_that_its_code_uses(function: str, default: Plan, complete: Plan) -> None:
    assert used(function) <= granted(default, complete, function)


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_a_function_has_no_permission_that_its_code_does_not_use(function: str, default: Plan, complete: Plan) -> None:
    rest = {(action, table) for action, table in granted(default, complete, function) if action not in NOT_IN_CODE}
    assert rest <= used(function)
