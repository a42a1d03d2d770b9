"""A function may do in AWS what the adapters that it is made of call there, no less and no more.

The adapters are read, not run: which of them a function is composed of, and which operations their code names. IAM
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
HELPERS = "dynamodb_items"
COMPOSED_IN = {
    "EmailSender": ROOT / "python" / "sesmail_layer" / "composition" / "email_sender.py",
    "FeedbackProcessor": ROOT / "python" / "sesmail_layer" / "composition" / "feedback_processor.py",
    "TemplateSeeder": ROOT / "functions" / "template_seeder" / "handler.py",
}
SERVICES = ("dynamodb", "s3", "sqs", "events", "ses")
TABLES = {
    "tracking_table": "EmailTracking",
    "suppression_table": "Suppression",
    "pending_table": "Pending",
    "control_table": "Control",
    "breaker_table": "Control",
    "tombstones": "Control",
}
# Function and adapter: operations of the adapter that the function does not use.
UNUSED = {
    ("EmailSender", "suppression_table"): {"dynamodb:PutItem", "dynamodb:DeleteItem"},
    ("EmailSender", "pending_table"): {"dynamodb:GetItem"},
    # A suppression is lifted only with not_spam_lifts_suppression (test_iam.py).
    ("FeedbackProcessor", "suppression_table"): {"dynamodb:BatchGetItem", "dynamodb:DeleteItem"},
    ("FeedbackProcessor", "pending_table"): {"dynamodb:PutItem"},
}
# What Lambda itself does with the role, and what S3 wants before it tells a missing object from a forbidden one.
NOT_IN_CODE = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "s3:ListBucket",
}


@functools.cache
def actions() -> dict[str, str]:
    """boto3 method to IAM action, for every operation of the services that the engine talks to."""
    session = botocore.session.get_session()
    return {
        xform_name(operation): f"{service}:{operation}"
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


def imported(path: Path) -> dict[str, set[str]]:
    """Adapters that a file imports, each with the names that it takes from it."""
    found: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sesmail_layer.aws."):
            found.setdefault(str(node.module).rpartition(".")[2], set()).update(alias.name for alias in node.names)
    return found


def helper_actions(names: set[str]) -> set[str]:
    """Actions of the functions that the tables share."""
    tree = ast.parse((ADAPTERS / f"{HELPERS}.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    return set().union(*(called(function) for function in functions))


def adapter_actions(adapter: str) -> set[str]:
    path = ADAPTERS / f"{adapter}.py"
    return called(ast.parse(path.read_text())) | helper_actions(imported(path).get(HELPERS, set()))


def used(function: str) -> set[tuple[str, str]]:
    """Action and table (or nothing) that the function's adapters use."""
    return {
        (action, TABLES[adapter] if action.startswith("dynamodb:") else "")
        for adapter in imported(COMPOSED_IN[function])
        for action in adapter_actions(adapter) - UNUSED.get((function, adapter), set())
    }


def granted(plan: Plan, function: str) -> set[tuple[str, str]]:
    found = set()
    for action, resources in rights(plan, function).items():
        for resource in resources:
            table = resource.split("/")[1] if action.startswith("dynamodb:") else ""
            found.add((action, table))
    return found


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_the_code_of_a_function_is_found(function: str) -> None:
    assert used(function)


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_a_function_lacks_no_right_that_its_code_uses(function: str, default: Plan) -> None:
    assert used(function) <= granted(default, function)


@pytest.mark.parametrize("function", COMPOSED_IN)
def test_a_function_has_no_right_that_its_code_does_not_use(function: str, default: Plan) -> None:
    rest = {(action, table) for action, table in granted(default, function) if action not in NOT_IN_CODE}
    assert rest <= used(function)
