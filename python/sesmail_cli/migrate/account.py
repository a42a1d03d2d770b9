"""What an account holds of the old product, and whether Terraform can adopt it. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sesmail_cli.migrate.seed import (
    ALARMS,
    BUCKET_ADDRESS,
    BUCKET_OUTPUT,
    BUS_ADDRESS,
    BUS_PART,
    FUNCTIONS,
    OUTPUTS,
    TABLES,
    Report,
    Resource,
    Table,
)
from sesmail_cli.migrate.stack import Stack, read_stack, write_tfvars
from sesmail_cli.migrate.tables import (
    changes_in_place,
    expiry_misfits,
    index_misfits,
    losses,
    rebuilt_indexes,
    replacements,
)
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.engine import Engine

_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_NOT_FOUND = {"404", "NoSuchBucket", "ResourceNotFoundException"}


class Account:
    """The tables, bucket, bus, logs and alarms under one name, and their stack if it exists."""

    def __init__(self, engine: Engine, stack_name: str | None) -> None:
        self._engine = engine
        self._stack = read_stack(engine.client("cloudformation"), stack_name or engine.name)
        if stack_name and self._stack is None:
            raise UsageError(
                f"There is no stack '{stack_name}' in this account and region. Without --stack, --name is enough."
            )
        self.name = self._name_of(self._stack) or engine.name

    def check(self) -> Report:
        """Look at all of it. Raises UsageError where there is nothing, and botocore's errors."""
        identity = self._engine.client("sts").get_caller_identity()
        stack = self._stack
        report = Report(name=self.name, account=identity["Account"], region=self._engine.region)
        report.stack = None if stack is None else stack.status
        if not _NAME.fullmatch(self.name):
            report.problems.append(
                f"'{self.name}' cannot be the engine's name (2 to 40 lower-case letters, digits and hyphens): its"
                " tables cannot be adopted. Deploy under another name and import the suppressions (migration.md)."
            )
        for table in TABLES:
            self._check_table(table, report)
        self.bucket = self._check_bucket(report)
        if not report.adopted:
            raise UsageError(
                f"There is no table {self.name}-EmailTracking or {self.name}-Suppression: check --name and --region."
            )
        self._check_bus(report)
        self._check_logs(report)
        self._check_alarms(report)
        report.import_blocks = "\n".join(_import_block(one) for one in report.adopted)
        report.tfvars = write_tfvars(self.name, stack.parameters if stack else {}, report)
        report.outputs = (
            dict(OUTPUTS) if stack is None else {one: OUTPUTS.get(one, "") for one in sorted(stack.outputs)}
        )
        if stack is not None:
            report.problems += stack.obstacles()
            report.notes.append(
                f"Delete the stack '{stack.name}' before the apply: its queues, functions and roles have the names."
            )
        return report

    @staticmethod
    def _name_of(stack: Stack | None) -> str | None:
        table = stack.outputs.get(TABLES[0].output, "") if stack else ""
        return table.removesuffix(f"-{TABLES[0].part}") if table.endswith(f"-{TABLES[0].part}") else None

    # --- tables -------------------------------------------------------------------------------------------------------

    def _check_table(self, table: Table, report: Report) -> None:
        name = f"{self.name}-{table.part}"
        client = self._engine.dynamodb
        try:
            found: Mapping[str, Any] = client.describe_table(TableName=name)["Table"]
        except ClientError as err:
            if not _is_not_found(err):
                raise
            report.notes.append(f"There is no table {name}: Terraform creates it, empty.")
            return
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        replaced = replacements(table, found)
        problems = [
            *replaced,
            *losses(table, found),
            *expiry_misfits(ttl),
            *index_misfits(table, name, found, is_read=True),
        ]
        report.problems += [f"{name}: {problem}" for problem in problems]
        report.notes += [f"{name}: {note}" for note in index_misfits(table, name, found, is_read=False)]
        self._check_kept(name, report)
        if not replaced:
            changes = [*changes_in_place(found, ttl, recovery), *rebuilt_indexes(table, found)]
            report.adopted.append(Resource(address=table.address, id=name, kind="table", changes=changes))

    def _check_kept(self, physical_id: str, report: Report) -> None:
        if self._stack is not None and not self._stack.keeps(physical_id):
            logical_id = self._stack.logical_id_of(physical_id)
            report.problems.append(
                f"Deleting the stack would delete {physical_id}: give {logical_id} `DeletionPolicy: Retain` in the"
                " template, and update the stack, before you delete it."
            )

    # --- the rest -----------------------------------------------------------------------------------------------------

    def _check_bucket(self, report: Report) -> str | None:
        given = self._stack.outputs.get(BUCKET_OUTPUT) if self._stack else None
        name = f"{self.name}-templates-{report.account}"
        if given and given != name:
            report.problems.append(
                f"The templates are in {given}, Terraform's bucket is {name}: copy them after the apply"
                " (`aws s3 sync`)."
            )
        try:
            region = self._engine.s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"
        except ClientError as err:
            if not _is_not_found(err):
                raise
            report.notes.append(f"There is no bucket {name}: Terraform creates it, and the starters are installed.")
            return given
        if region != report.region:
            report.problems.append(
                f"The bucket {name} is in {region}, not in {report.region}: it cannot be adopted here."
            )
            return name
        self._check_kept(name, report)
        report.adopted.append(
            Resource(
                address=BUCKET_ADDRESS,
                id=name,
                kind="bucket",
                changes=["policy, lifecycle and protections are written again"],
            )
        )
        return name

    def _check_bus(self, report: Report) -> None:
        name = f"{self.name}-{BUS_PART}"
        try:
            self._engine.events.describe_event_bus(Name=name)
        except ClientError as err:
            if not _is_not_found(err):
                raise
            return
        if self._stack is None or self._stack.keeps(name):
            report.adopted.append(Resource(address=BUS_ADDRESS, id=name, kind="bus"))
        else:
            report.notes.append(
                f"The stack deletes its bus {name}: requests fail until the apply has created it again. Give it"
                " `DeletionPolicy: Retain` to keep them (migration.md, cut-over)."
            )

    def _check_logs(self, report: Report) -> None:
        prefix = f"/aws/lambda/{self.name}-"
        pages = self._engine.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        found = {group["logGroupName"] for page in pages for group in page["logGroups"]}
        for function, address in FUNCTIONS.items():
            name = f"{prefix}{function}"
            if name in found and (self._stack is None or self._stack.keeps(name)):
                report.adopted.append(Resource(address=address, id=name, kind="log group", changes=["retention"]))

    def _check_alarms(self, report: Report) -> None:
        pages = self._engine.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.name}-")
        for page in pages:
            for alarm in page["MetricAlarms"]:
                old = alarm["AlarmName"].removeprefix(f"{self.name}-")
                if old in ALARMS:
                    report.alarms[alarm["AlarmName"]] = f"{self.name}-{ALARMS[old]}"


def _import_block(resource: Resource) -> str:
    return f'import {{\n  to = {resource.address}\n  id = "{resource.id}"\n}}\n'


def _is_not_found(err: ClientError) -> bool:
    return err.response["Error"].get("Code") in _NOT_FOUND
