"""The CloudFormation stack of the old product: its parameters and outputs, and what is left when it is deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from sesmail_cli.migrate.seed import NEEDLESS, REQUIRED, TEXTS, VARIABLES, Report

_RETAINED = re.compile(r"""^ {4}["']?DeletionPolicy["']?: *["']?Retain""", re.MULTILINE)
# The sender needs 160 MB and 20 MB for each MB of a message (modules/sesmail).
_SMALL_MEMORY_MB, _SMALL_MESSAGE_MB = 256, 4
_LEAST_CONCURRENCY = 2


class Stack(NamedTuple):
    """One stack; `logical_ids` by physical id."""

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    logical_ids: Mapping[str, str]
    template: Any
    """A dict (JSON), or its text (YAML)."""
    nested: Mapping[str, Any] = {}
    """The stacks in it, by the logical ids that it has them under."""
    parent: str = ""

    def keeps(self, physical_id: str) -> bool:
        """Return True for what is there after the stack is deleted: not its own, or with DeletionPolicy Retain."""
        kept = (one.keeps(physical_id) or self._retains(logical_id) for logical_id, one in self.nested.items())
        return self._keeps_own(physical_id) and all(kept)

    def logical_id_of(self, physical_id: str) -> str:
        """Return the logical id of a resource of this stack or of one in it, with that stack's name."""
        for one in (stack for stack in self.nested.values() if not stack.keeps(physical_id)):
            return f"{one.logical_id_of(physical_id)} (stack '{one.name}')"
        return self.logical_ids[physical_id]

    def obstacles(self) -> list[str]:
        """Return why the stack cannot be deleted as it is."""
        found = []
        if self.status.endswith("_IN_PROGRESS"):
            found.append(f"The stack '{self.name}' is {self.status}: wait until that has ended, and check again.")
        if self.parent:
            found.append(f"The stack '{self.name}' is part of {self.parent}: check that one (--stack), and delete it.")
        return found

    def _keeps_own(self, physical_id: str) -> bool:
        logical_id = self.logical_ids.get(physical_id)
        return logical_id is None or self._retains(logical_id)

    def _retains(self, logical_id: str) -> bool:
        if isinstance(self.template, dict):
            resource = self.template.get("Resources", {}).get(logical_id, {})
            return str(resource.get("DeletionPolicy", "")).startswith("Retain")
        block = re.search(
            rf"^  {re.escape(logical_id)}:[^\n]*\n((?:(?: {{3,}}[^\n]*)?\n)*)", f"{self.template}\n", re.MULTILINE
        )
        return block is not None and _RETAINED.search(block[1]) is not None


def read_stack(client: Any, name: str) -> Stack | None:
    """Read a stack, with those in it; None: there is none, or it is deleted. Raises botocore's errors."""
    try:
        [found] = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as err:
        if err.response["Error"].get("Code") == "ValidationError":
            return None
        raise
    if found["StackStatus"] == "DELETE_COMPLETE":
        return None  # Its id still finds it, for 90 days.
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    everything = [one for page in pages for one in page["StackResourceSummaries"]]
    resources = [one for one in everything if one.get("ResourceStatus") != "DELETE_COMPLETE"]
    return Stack(
        name=found["StackName"],
        status=found["StackStatus"],
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", ())},
        outputs={one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", ())},
        logical_ids={one.get("PhysicalResourceId", ""): one["LogicalResourceId"] for one in resources},
        template=client.get_template(StackName=name)["TemplateBody"],
        nested=dict(_nested(client, resources)),
        parent=found.get("ParentId", ""),
    )


def _nested(client: Any, resources: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Stack]]:
    for one in resources:
        if one.get("ResourceType") == "AWS::CloudFormation::Stack" and one.get("PhysicalResourceId"):
            stack = read_stack(client, one["PhysicalResourceId"])
            if stack is not None:
                yield one["LogicalResourceId"], stack


def write_tfvars(name: str, parameters: Mapping[str, str], report: Report) -> str:
    """Write the variables that give an engine the stack's settings; note what has no variable."""
    values: dict[str, Any] = {"name": name}
    for parameter, value in sorted(parameters.items()):
        variable = VARIABLES.get(parameter)
        if variable is None:
            report.notes.append(
                f"The parameter {parameter} has no variable: {NEEDLESS.get(parameter, 'see migration.md')}."
            )
        elif value and not set(value) <= {"*"}:
            values[variable] = value if variable in TEXTS else _number(value)
    _adapt(values, report)
    lines = [f"{variable} = {_hcl(value)}" for variable, value in values.items()]
    lines += [f'# {variable} = "…"  # required' for variable in REQUIRED if variable not in values]
    return "\n".join(lines) + "\n"


def _adapt(values: dict[str, Any], report: Report) -> None:
    """Change values that the module does not take as they are."""
    percent = values.get("bounce_rate_pause_threshold")
    if isinstance(percent, int | float):
        values["bounce_rate_pause_threshold"] = round(percent / 100, 6)
    if values.get("email_sender_memory") == _SMALL_MEMORY_MB:
        values["max_message_mb"] = _SMALL_MESSAGE_MB
        report.notes.append(f"With {_SMALL_MEMORY_MB} MB a message can have {_SMALL_MESSAGE_MB} MB; 512 MB allow 10.")
    if values.get("email_sender_concurrency") == _LEAST_CONCURRENCY - 1:
        values["email_sender_concurrency"] = _LEAST_CONCURRENCY
        report.notes.append("email_sender_concurrency is at least 2. max_send_rate limits the emails a second.")


def _number(text: str) -> float | int | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _hcl(value: Any) -> str:
    """Write a literal: https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences-1"""
    return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
