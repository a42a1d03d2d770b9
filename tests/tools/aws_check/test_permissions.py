"""What the roles may do comes from the plan; what they may not is the same elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.aws_check.engine import Engine
from tools.aws_check.permissions import (
    Access,
    check_conditions,
    check_granted,
    check_nothing_else,
    elsewhere,
    forbidden,
    granted,
)
from tools.aws_check.results import CheckFailedError, NotPossibleError

ROLE = "sesmail-check-0a1b2c3d-EmailSenderRole"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/sesmail-check-0a1b2c3d-EmailTracking"
IDENTITIES = "arn:aws:ses:eu-west-1:123456789012:identity/*"
FILES = "arn:aws:s3:::sesmail-check-0a1b2c3d-templates-123456789012/templates/*"
STATEMENTS = [
    {"Action": ["dynamodb:PutItem", "dynamodb:BatchGetItem"], "Resource": [TABLE]},
    {
        "Action": ["ses:SendRawEmail"],
        "Resource": [IDENTITIES],
        "Condition": {"StringLike": {"ses:FromAddress": ["*@a.example"]}},
    },
    {"Action": "ses:GetSendQuota", "Resource": "*"},
    {"Action": "s3:GetObject", "Resource": FILES},
]


@pytest.fixture
def planned(engine: Engine) -> Engine:
    policy = {"role": ROLE, "policy": json.dumps({"Statement": STATEMENTS})}
    change = {"type": "aws_iam_role_policy", "change": {"after": policy}}
    engine.deployment.second_plan = {"resource_changes": [change]}
    return engine


def test_what_the_plan_grants_is_listed_with_examples_of_wildcards_and_conditions(planned: Engine) -> None:
    assert list(granted(planned)) == [
        Access(ROLE, ("dynamodb:PutItem", "dynamodb:BatchGetItem"), TABLE),
        Access(ROLE, ("ses:SendRawEmail",), IDENTITIES[:-1] + "check", (("ses:FromAddress", "check@a.example"),)),
        Access(ROLE, ("ses:GetSendQuota",), "*"),
        Access(ROLE, ("s3:GetObject",), FILES[:-1] + "check"),
    ]


def test_elsewhere_is_another_engines_resource(planned: Engine) -> None:
    assert [access.resource for access in elsewhere(planned, granted(planned))] == [
        "arn:aws:dynamodb:eu-west-1:123456789012:table/another-engine-EmailTracking",
        "arn:aws:s3:::another-engine-templates-123456789012/templates/another",
    ]


def test_nothing_that_is_forbidden_is_granted_by_the_modules(engine: Engine) -> None:
    """A role that sends, and the actions that could give it more rights."""
    found = {(access.role, access.actions[0]) for access in forbidden(engine)}
    assert (ROLE, "iam:PutRolePolicy") in found
    assert (ROLE, "ses:SendRawEmail") in found
    assert len({role for role, _ in found}) == 3


class Simulator:
    """IAM's simulator: allows what it is given, under conditions only with their values."""

    def __init__(self, allowed: set[tuple[str, str]], *, ignores_context: bool = False) -> None:
        self.allowed, self.ignores_context = allowed, ignores_context

    def simulate_custom_policy(self, **_: object) -> dict[str, Any]:
        return {"EvaluationResults": [{"EvalDecision": "implicitDeny" if self.ignores_context else "allowed"}]}

    def simulate_principal_policy(
        self, *, ActionNames: list[str], ResourceArns: list[str], **_: object
    ) -> dict[str, Any]:
        decisions = {action: (action, ResourceArns[0]) in self.allowed for action in ActionNames}
        return {
            "EvaluationResults": [
                {"EvalActionName": action, "EvalDecision": "allowed" if allowed else "implicitDeny"}
                for action, allowed in decisions.items()
            ]
        }


def simulating(engine: Engine, simulator: Simulator, *, emulated: bool = False) -> Engine:
    engine.client = lambda _: simulator  # type: ignore[assignment]
    engine.account.__dict__["is_emulated"] = emulated
    return engine


def needed(engine: Engine) -> set[tuple[str, str]]:
    return {(action, access.resource) for access in granted(engine) for action in access.actions}


def test_what_the_plan_grants_must_be_allowed(planned: Engine) -> None:
    everything = needed(planned)
    assert check_granted(simulating(planned, Simulator(everything))) == {"allowed": 4}
    lacking = everything - {("s3:GetObject", FILES[:-1] + "check")}
    with pytest.raises(CheckFailedError, match=r"IAM denies what the plan grants: .*s3:GetObject"):
        check_granted(simulating(planned, Simulator(lacking)))


def test_conditions_are_judged_on_aws_and_left_out_where_the_simulator_ignores_them(planned: Engine) -> None:
    assert check_conditions(simulating(planned, Simulator(needed(planned)))) == {"allowed": 1}
    with pytest.raises(CheckFailedError, match="ses:SendRawEmail"):
        check_conditions(simulating(planned, Simulator(set())))
    with pytest.raises(NotPossibleError):
        check_conditions(simulating(planned, Simulator(set(), ignores_context=True), emulated=True))
    with pytest.raises(CheckFailedError):
        check_conditions(simulating(planned, Simulator(set(), ignores_context=True)))


@pytest.mark.parametrize(
    "wide",
    [
        ("dynamodb:PutItem", TABLE.replace("sesmail-check-0a1b2c3d", "another-engine")),
        ("dynamodb:DeleteTable", TABLE),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/check"),
        ("ses:SendRawEmail", "arn:aws:ses:eu-west-1:123456789012:identity/check.example"),
    ],
)
def test_whatever_else_is_allowed_is_named(planned: Engine, wide: tuple[str, str]) -> None:
    assert check_nothing_else(simulating(planned, Simulator(needed(planned))))["denied"] > 50
    with pytest.raises(CheckFailedError, match="IAM allows too much") as failed:
        check_nothing_else(simulating(planned, Simulator(needed(planned) | {wide})))
    assert f"{wide[0]} {wide[1]}" in str(failed.value)
