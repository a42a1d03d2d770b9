"""The functions' roles, judged by IAM's own simulator: all that the plan grants, and nothing else.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tools.aws_check.engine import FUNCTIONS, Engine
from tools.aws_check.results import Check, Evidence, NotPossibleError, require


class Access(NamedTuple):
    """Actions of one role on one resource, under the values of its conditions."""

    role: str
    actions: tuple[str, ...]
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.role} {','.join(self.actions)} {self.resource}"


# What no role may do, whatever else changes: act beyond this engine, or get more rights.
FORBIDDEN = (
    ("iam:PutRolePolicy", "iam:role/check"),
    ("iam:PassRole", "iam:role/check"),
    ("sts:AssumeRole", "iam:role/check"),
    ("lambda:UpdateFunctionCode", "lambda:function:check"),
    ("lambda:InvokeFunction", "lambda:function:check"),
    ("dynamodb:Scan", "dynamodb:table/{name}-EmailTracking"),
    ("dynamodb:DeleteTable", "dynamodb:table/{name}-EmailTracking"),
    ("dynamodb:DeleteItem", "dynamodb:table/{name}-EmailTracking"),
    ("sqs:PurgeQueue", "sqs:{name}-EmailQueue"),
    ("sqs:SendMessage", "sqs:{name}-EmailQueue"),
    ("ses:SendEmail", "ses:identity/check.example"),
    ("ses:DeleteIdentity", "ses:identity/check.example"),
    ("ses:DeleteSuppressedDestination", "*"),
    ("secretsmanager:GetSecretValue", "secretsmanager:secret:check"),
    ("ssm:GetParametersByPath", "ssm:parameter/check"),
    ("logs:DeleteLogGroup", "logs:log-group:/aws/lambda/{name}-EmailSender:*"),
    ("events:DeleteRule", "events:rule/{name}-EmailBus/{name}-EmailEventRule"),
    ("cloudwatch:DeleteAlarms", "cloudwatch:alarm:{name}-EmailQueueDLQ-Depth"),
)


def granted(engine: Engine) -> Iterator[Access]:
    """Yield what the plan grants, resource by resource; a wildcard stands for one name that it matches."""
    for values in engine.deployment.planned("aws_iam_role_policy"):
        for statement in json.loads(values["policy"])["Statement"]:
            for resource in _list(statement["Resource"]):
                actions = tuple(_list(statement["Action"]))
                context = tuple(_context(statement.get("Condition") or {}))
                yield Access(values["role"], actions, _example(resource), context)


def _context(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for keys in condition.values():
        for key, values in keys.items():
            yield key, _list(values)[0].replace("*", "check")


def _example(resource: str) -> str:
    return resource if resource == "*" else resource.replace("*", "check")


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def elsewhere(engine: Engine, accesses: Iterable[Access]) -> Iterator[Access]:
    """Yield the same actions on another engine's resource, unless the plan allows every one (`*`, identities)."""
    for access in accesses:
        other = access.resource.replace(engine.name, "another-engine").replace("/check", "/another", 1)
        if other != access.resource and not other.partition(":identity/")[1] and ":key/" not in other:
            yield access._replace(resource=other)


def forbidden(engine: Engine) -> Iterator[Access]:
    """Yield what no role may do."""
    for function in FUNCTIONS:
        role = f"{engine.name}-{function}Role"
        for action, target in FORBIDDEN:
            yield Access(role, (action,), _arn(engine, target.format(name=engine.name)))
        identity = engine.arn("ses", "identity/check.example")
        yield Access(role, ("ses:SendRawEmail",), identity, (("ses:FromAddress", "ceo@check.example"),))


def _arn(engine: Engine, target: str) -> str:
    service, colon, resource = target.partition(":")
    if not colon:
        return target
    if service == "iam":
        return f"arn:{engine.account.partition}:iam::{engine.account.id}:{resource}"
    return engine.arn(service, resource)


# --- simulation ----------------------------------------------------------------------------------------------------


def simulate(engine: Engine, access: Access) -> dict[str, bool]:
    """Return whether each action is allowed."""
    answer = engine.client("iam").simulate_principal_policy(
        PolicySourceArn=f"arn:{engine.account.partition}:iam::{engine.account.id}:role/{access.role}",
        ActionNames=list(access.actions),
        ResourceArns=[access.resource],
        ContextEntries=_entries(access.context),
    )
    return {each["EvalActionName"]: each["EvalDecision"] == "allowed" for each in answer["EvaluationResults"]}


def _entries(context: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"} for key, value in context]


def evaluates_conditions(engine: Engine) -> bool:
    """Whether the simulator evaluates a condition by the values that the request names."""
    key, value = "ses:FromAddress", "check@example.com"
    statement = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": {"StringLike": {key: value}}}]}
    answer = engine.client("iam").simulate_custom_policy(
        PolicyInputList=[json.dumps(policy)],
        ActionNames=["ses:SendRawEmail"],
        ResourceArns=[engine.arn("ses", "identity/example.com")],
        ContextEntries=_entries([(key, value)]),
    )
    return bool(answer["EvaluationResults"][0]["EvalDecision"] == "allowed")


def _denied(engine: Engine, accesses: Iterable[Access]) -> tuple[int, list[str]]:
    wrong, count = [], 0
    for access in accesses:
        answers = simulate(engine, access)
        count += len(answers)
        wrong += [str(access._replace(actions=(action,))) for action, allowed in answers.items() if not allowed]
    return count, wrong


def check_granted(engine: Engine) -> Evidence:
    """What the plan grants without a condition, IAM allows."""
    count, wrong = _denied(engine, (access for access in granted(engine) if not access.context))
    require(not wrong, f"IAM denies what the plan grants: {wrong}")
    return {"allowed": count}


def check_conditions(engine: Engine) -> Evidence:
    """What the plan grants under a condition, IAM allows where the condition holds."""
    if not evaluates_conditions(engine) and engine.account.is_emulated:
        raise NotPossibleError("The emulator's policy simulator ignores the values of condition keys.")
    count, wrong = _denied(engine, (access for access in granted(engine) if access.context))
    require(not wrong, f"IAM denies what the plan grants under a condition: {wrong}")
    return {"allowed": count}


def check_nothing_else(engine: Engine) -> Evidence:
    """Beyond that, IAM denies: the same actions elsewhere, and what no role may do."""
    wrong, count = [], 0
    for access in (*elsewhere(engine, granted(engine)), *forbidden(engine)):
        answers = simulate(engine, access)
        count += len(answers)
        wrong += [str(access._replace(actions=(action,))) for action, allowed in answers.items() if allowed]
    require(not wrong, f"IAM allows too much ({len(wrong)}): {wrong[:10]}", simulated=count)
    return {"denied": count}


def check_roles(engine: Engine) -> Evidence:
    """Each role has its one policy, and Lambda alone may assume it."""
    iam, problems = engine.client("iam"), []
    for function in FUNCTIONS:
        role = f"{engine.name}-{function}Role"
        inline = iam.list_role_policies(RoleName=role)["PolicyNames"]
        attached = [each["PolicyName"] for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]]
        if inline != [f"{engine.name}-{function}"] or attached:
            problems.append(f"{role} has policies {inline + attached}")
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        if [statement["Principal"] for statement in trust] != [{"Service": "lambda.amazonaws.com"}]:
            problems.append(f"{role} may be assumed by others than Lambda")
    require(not problems, "; ".join(problems))
    return {"roles": len(FUNCTIONS)}


_FIX = "Compare with modules/sesmail/permissions.tf; something other than this apply has changed the role's rights."
CHECKS = (
    Check("Each role has its one policy", check_roles, _FIX),
    Check("Roles may do what the plan grants", check_granted, _FIX),
    Check("Roles may do what the plan grants under conditions", check_conditions, _FIX),
    Check("Roles may do nothing else", check_nothing_else, _FIX),
)
