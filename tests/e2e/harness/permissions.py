"""The permissions of the functions' roles in IAM, to remove one by one and restore.

The emulator enforces them (`localcloud/iam.py`) and lists what it denied.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from localcloud.clients import client
from tests.e2e.harness.engine import EngineUnderTest

# The services for which the emulator enforces a role's permissions.
SERVICES = ("dynamodb", "s3", "events", "sqs", "sns", "ses", "ssm", "kms", "cloudwatch")


@dataclass(frozen=True, order=True)
class Permission:
    """One action of one function on one resource, which is named without the account and the engine's name."""

    function: str
    action: str
    resource: str

    def covers(self, asked: Permission) -> bool:
        """Whether it allows the call, which names an object where the permission has a wildcard."""
        same = (self.function, self.action) == (asked.function, asked.action)
        return same and fnmatch.fnmatchcase(asked.resource, self.resource)

    def __str__(self) -> str:
        return f"{self.function} {self.action} {self.resource}"


class Roles:
    """The inline policies of the engine's three roles."""

    def __init__(self, engine: EngineUnderTest) -> None:
        self._stack = engine
        self._iam = client(engine.emulator, "iam")

    def granted(self, function: str) -> set[Permission]:
        """List the permissions of a function on those services."""
        return {
            self._permission(function, action, arn)
            for statement in self._policy(function)["Statement"]
            for action in statement["Action"]
            for arn in statement["Resource"]
            if action.startswith(SERVICES)
        }

    @contextmanager
    def without(self, permission: Permission) -> Iterator[None]:
        """Remove one permission from the role for the duration of the block."""
        policy = self._policy(permission.function)
        statements = [part for whole in policy["Statement"] for part in self._parts(whole, permission)]
        self._put(permission.function, {**policy, "Statement": statements})
        try:
            yield
        finally:
            self._put(permission.function, policy)

    def denied(self) -> list[Permission]:
        """List what was denied since the list was cleared."""
        denials = self._stack.emulator.denials()
        return [
            self._permission(self._function(each["principal"]), each["action"], each["resource"]) for each in denials
        ]

    def clear_denied(self) -> None:
        self._stack.emulator.request("DELETE", "_sesmail/denials")

    def _parts(self, statement: dict[str, Any], permission: Permission) -> Iterator[dict[str, Any]]:
        """Return the statement without the permission: its other actions, and the action on its other resources."""
        label = {arn: self._permission(permission.function, permission.action, arn) for arn in statement["Resource"]}
        if permission.action not in statement["Action"] or permission not in label.values():
            yield statement
            return
        actions = [action for action in statement["Action"] if action != permission.action]
        resources = [arn for arn, found in label.items() if found != permission]
        if actions:
            yield {**statement, "Action": actions}
        if resources:
            yield {**statement, "Sid": f"{statement['Sid']}Rest", "Action": [permission.action], "Resource": resources}

    def _permission(self, function: str, action: str, arn: str) -> Permission:
        account = self._stack.outputs["email_sender_lambda_arn"].split(":")[4]
        resource = re.sub(rf"{self._stack.name}[-/]|-{account}", "", arn.split(":", 5)[-1])
        return Permission(function, action, resource)

    def _function(self, principal: str) -> str:
        return principal.rpartition("/")[2].removeprefix(f"{self._stack.name}-")

    def _policy(self, function: str) -> dict[str, Any]:
        name = f"{self._stack.name}-{function}"
        found: dict[str, Any] = self._iam.get_role_policy(RoleName=f"{name}Role", PolicyName=name)["PolicyDocument"]
        return found

    def _put(self, function: str, policy: dict[str, Any]) -> None:
        name = f"{self._stack.name}-{function}"
        self._iam.put_role_policy(RoleName=f"{name}Role", PolicyName=name, PolicyDocument=json.dumps(policy))
