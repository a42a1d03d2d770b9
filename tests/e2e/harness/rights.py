"""The rights of the functions' roles, as IAM has them: to be taken away one by one and given back.

The emulator enforces them (`enforcement.py`), and lists what it denied.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from localcloud.clients import client
from tests.e2e.harness.engine import EngineUnderTest

# The services on which the emulator enforces a role's rights.
SERVICES = ("dynamodb", "s3", "events", "sqs", "ses")


@dataclass(frozen=True, order=True)
class Right:
    """One action of one function on one resource, the resource without account and name of the engine."""

    function: str
    action: str
    resource: str

    def covers(self, asked: Right) -> bool:
        """Whether it allows what was asked for, which names an object where the right has a wildcard."""
        same = (self.function, self.action) == (asked.function, asked.action)
        return same and fnmatch.fnmatchcase(asked.resource, self.resource)

    def __str__(self) -> str:
        return f"{self.function} {self.action} {self.resource}"


class Roles:
    """The inline policies of the engine's three roles."""

    def __init__(self, engine: EngineUnderTest) -> None:
        self._stack = engine
        self._iam = client(engine.emulator, "iam")

    def granted(self, function: str) -> set[Right]:
        """Every right of a function on the services that are checked."""
        return {
            self._right(function, action, arn)
            for statement in self._policy(function)["Statement"]
            for action in statement["Action"]
            for arn in statement["Resource"]
            if action.startswith(SERVICES)
        }

    @contextmanager
    def without(self, right: Right) -> Iterator[None]:
        """The role lacks one right meanwhile."""
        policy = self._policy(right.function)
        statements = [part for whole in policy["Statement"] for part in self._parts(whole, right)]
        self._put(right.function, {**policy, "Statement": statements})
        try:
            yield
        finally:
            self._put(right.function, policy)

    def denied(self) -> list[Right]:
        """What was denied since the list was emptied."""
        denials = self._stack.emulator.denials()
        return [self._right(self._function(each["principal"]), each["action"], each["resource"]) for each in denials]

    def forget_denied(self) -> None:
        self._stack.emulator.request("DELETE", "_sesmail/denials")

    def _parts(self, statement: dict[str, Any], right: Right) -> Iterator[dict[str, Any]]:
        """The statement without the right: its other actions, and the action on its other resources."""
        label = {arn: self._right(right.function, right.action, arn) for arn in statement["Resource"]}
        if right.action not in statement["Action"] or right not in label.values():
            yield statement
            return
        actions = [action for action in statement["Action"] if action != right.action]
        resources = [arn for arn, found in label.items() if found != right]
        if actions:
            yield {**statement, "Action": actions}
        if resources:
            yield {**statement, "Sid": f"{statement['Sid']}Rest", "Action": [right.action], "Resource": resources}

    def _right(self, function: str, action: str, arn: str) -> Right:
        account = self._stack.outputs["email_sender_lambda_arn"].split(":")[4]
        resource = arn.split(":", 5)[-1].replace(f"{self._stack.name}-", "").replace(f"-{account}", "")
        return Right(function, action, resource)

    def _function(self, principal: str) -> str:
        return principal.rpartition("/")[2].removeprefix(f"{self._stack.name}-")

    def _policy(self, function: str) -> dict[str, Any]:
        name = f"{self._stack.name}-{function}"
        found: dict[str, Any] = self._iam.get_role_policy(RoleName=f"{name}Role", PolicyName=name)["PolicyDocument"]
        return found

    def _put(self, function: str, policy: dict[str, Any]) -> None:
        name = f"{self._stack.name}-{function}"
        self._iam.put_role_policy(RoleName=f"{name}Role", PolicyName=name, PolicyDocument=json.dumps(policy))
