"""Checks of what keeps messages and records: dead-letter queues, and the tables' expiry."""

from __future__ import annotations

import json
from collections.abc import Iterable

from botocore.exceptions import ClientError

from sesmail_cli.doctor.facts import APPLY, Facts, is_not_found
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok
from sesmail_cli.doctor.flow import RULES
from sesmail_cli.operator.engine import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUE_OF, DEAD_LETTER_QUEUES

TABLES = ("EmailTracking", "Suppression", "Control", "Pending")
_EXPIRY = "ttl"
_RESTORE = "Apply Terraform again: it writes this as it was."


def dead_letter_queues(facts: Facts) -> Iterable[Finding]:
    missing = [queue for queue in DEAD_LETTER_QUEUES if not _exists(facts, queue)]
    for queue in missing:
        name = facts.resource_name(queue)
        yield needs_fix(f"the queue {name} is missing", fix="Create it again.", command=APPLY, subject=name)
    unled = [*_queues_without(facts, missing), *_rules_without(facts, missing)]
    yield from unled
    if not missing and not unled:
        yield ok(f"all {len(DEAD_LETTER_QUEUES)} keep what fails on every try")


def _exists(facts: Facts, queue: str) -> bool:
    try:
        facts.engine.queue_url(queue)
    except ClientError as error:
        if is_not_found(error):
            return False
        raise
    return True


def _queues_without(facts: Facts, missing: list[str]) -> Iterable[Finding]:
    """The queues that do not lead to their dead-letter queue; the checks of their ways name a missing queue."""
    for queue, dead in DEAD_LETTER_QUEUE_OF.items():
        if dead in missing or not _exists(facts, queue):
            continue
        answer = facts.engine.sqs.get_queue_attributes(
            QueueUrl=facts.engine.queue_url(queue), AttributeNames=["RedrivePolicy"]
        )
        policy = json.loads(answer.get("Attributes", {}).get("RedrivePolicy") or "{}")
        if policy.get("deadLetterTargetArn") != facts.arn("sqs", facts.resource_name(dead)):
            what = f"{facts.resource_name(queue)} does not lead to its dead-letter queue {dead}"
            yield needs_fix(what, fix=_RESTORE, command=APPLY, subject=facts.resource_name(queue))


def _rules_without(facts: Facts, missing: list[str]) -> Iterable[Finding]:
    """Find the rules that drop an event when its queue cannot be reached: they have no dead-letter queue."""
    if BUS_DEAD_LETTER_QUEUE in missing:
        return
    wanted, bus = facts.arn("sqs", facts.resource_name(BUS_DEAD_LETTER_QUEUE)), facts.resource_name("EmailBus")
    for part in RULES:
        name = facts.resource_name(part)
        try:
            targets = facts.engine.events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
        except ClientError as error:
            if is_not_found(error):
                continue
            raise
        if any(target.get("DeadLetterConfig", {}).get("Arn") != wanted for target in targets):
            what = f"the rule {name} does not lead to its dead-letter queue {BUS_DEAD_LETTER_QUEUE}"
            yield needs_fix(what, fix=_RESTORE, command=APPLY, subject=name)


def expiry(facts: Facts) -> Iterable[Finding]:
    on = 0
    for part in TABLES:
        name = facts.resource_name(part)
        try:
            found = facts.engine.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        except ClientError as error:
            if not is_not_found(error):
                raise
            what = f"the table {name} is missing"
            yield needs_fix(what, fix="Restore it from its backup, or create it again.", command=APPLY, subject=name)
            continue
        attribute = found.get("AttributeName", _EXPIRY)
        if found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and attribute == _EXPIRY:
            on += 1
        else:
            state = f"by '{attribute}'" if attribute != _EXPIRY else "never"
            yield needs_fix(
                f"records of {name} expire {state}, not by '{_EXPIRY}'",
                fix="Switch it on; after a change DynamoDB takes up to an hour to allow another.",
                command=f"aws dynamodb update-time-to-live --table-name {name} "
                f"--time-to-live-specification Enabled=true,AttributeName={_EXPIRY}",
                subject=name,
            )
    if on == len(TABLES):
        yield ok(f"the records of all {on} tables expire")


CHECKS = (
    Check(
        id="dead-letters",
        group="Storage",
        title="Dead-letter queues",
        why="Without its dead-letter queue, a message that fails on every try is lost, and no alarm fires.",
        run=dead_letter_queues,
    ),
    Check(
        id="expiry",
        group="Storage",
        title="Expiry",
        why="Without it personal data is kept for longer than data_retention_days, and the tables grow for ever.",
        run=expiry,
    ),
)
