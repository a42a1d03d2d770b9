"""A queue's policy is right, or what is wrong with it is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tools.aws_check.engine import Engine
from tools.aws_check.feedback import policy_problems

Statement = dict[str, Any]
_RULE = "arn:aws:events:eu-west-1:123456789012:rule/sesmail-check-0a1b2c3d-EmailBus/sesmail-check-0a1b2c3d"
RULE = f"{_RULE}-EmailEventRule"
RULES = [RULE, f"{_RULE}-CommandEventRule"]
TOPICS = [f"arn:aws:sns:eu-west-1:123456789012:sesmail-check-0a1b2c3d-{name}" for name in ("SESFeedback", "Alarms")]
REQUESTS: Statement = {
    "Sid": "EmailRequests",
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Condition": {"ArnEquals": {"aws:SourceArn": RULES}, "StringEquals": {"aws:SourceAccount": "123456789012"}},
}
FEEDBACK: list[Statement] = [
    {
        "Sid": "SesEvents",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    for topic in TOPICS
]


def changed(change: Callable[[Statement], object]) -> Statement:
    statement = copy.deepcopy(REQUESTS)
    change(statement)
    return statement


def test_the_policies_of_the_modules_are_right(engine: Engine) -> None:
    assert list(policy_problems(engine, "EmailQueue", [REQUESTS])) == []
    assert list(policy_problems(engine, "FeedbackQueue", FEEDBACK)) == []
    assert list(policy_problems(engine, "RetryQueue", [])) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s.update(Principal="*"), "* may write, allowed are ['events.amazonaws.com']"),
        (lambda s: s.update(Principal={"AWS": "*"}), "{'AWS': '*'} may write"),
        (lambda s: s["Principal"].update(AWS="210987654321"), "may write, allowed are"),
        (lambda s: s.update(Principal={"Service": "s3.amazonaws.com"}), "s3.amazonaws.com may write"),
        (lambda s: s.pop("Condition"), "events.amazonaws.com may write for any source"),
        (lambda s: s["Condition"]["ArnEquals"].update({"aws:SourceArn": RULE + "x"}), "may write for " + RULE + "x"),
        (lambda s: s["Condition"]["ArnEquals"].update({"aws:SourceArn": RULE + "x"}), "may not write for " + RULE),
        (lambda s: s["Condition"].pop("StringEquals"), "lacks aws:SourceAccount"),
        (lambda s: s.update(Action="sqs:*"), "a statement that is not to send messages: EmailRequests"),
    ],
)
def test_a_wrong_statement_is_named(engine: Engine, change: Callable[[Statement], object], problem: str) -> None:
    assert problem in "; ".join(policy_problems(engine, "EmailQueue", [changed(change)]))


def test_a_removed_policy_is_named(engine: Engine) -> None:
    assert list(policy_problems(engine, "EmailQueue", [])) == [
        f"events.amazonaws.com may not write for {rule}" for rule in sorted(RULES)
    ]


def test_sns_must_not_be_asked_for_an_account(engine: Engine) -> None:
    statements = copy.deepcopy(FEEDBACK)
    statements[0]["Condition"]["StringEquals"] = {"aws:SourceAccount": "123456789012"}
    [problem] = policy_problems(engine, "FeedbackQueue", statements)
    assert problem == "the statement of sns.amazonaws.com has aws:SourceAccount"


def test_a_writer_of_a_queue_without_a_policy_is_named(engine: Engine) -> None:
    assert "may write, allowed are none" in "; ".join(policy_problems(engine, "RetryQueue", [REQUESTS]))
