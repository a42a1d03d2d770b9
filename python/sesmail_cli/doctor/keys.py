"""Checks of encryption: the customer keys of topics and tables are usable, and let SES and CloudWatch in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from sesmail_cli.doctor.facts import Facts, is_not_found
from sesmail_cli.doctor.findings import Check, Finding, needs_fix, ok, skipped, unknown
from sesmail_cli.doctor.flow import service_context
from sesmail_cli.doctor.policies import allows
from sesmail_cli.doctor.storage import TABLES

# Who publishes to which topic.
_PUBLISHERS = {"SESFeedback": "ses.amazonaws.com", "Alarms": "cloudwatch.amazonaws.com"}
_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_MANAGED = "alias/aws/sns"


def topic_keys(facts: Facts) -> Iterable[Finding]:
    topics: dict[str, list[str]] = {}
    for part in _PUBLISHERS:
        if key := _key_of(facts, part):
            topics.setdefault(key, []).append(part)
    for key, parts in topics.items():
        names = ", ".join(facts.resource_name(part) for part in parts)
        if key == _MANAGED or key.endswith(f":{_MANAGED}"):
            yield _managed(facts, parts, names)
            continue
        described = _described(facts, key, names)
        if isinstance(described, Finding):
            yield described
        else:
            yield from _publishers(facts, described, parts)
    if not topics:
        yield skipped("the topics have no customer key (kms_key_arn)")


def _key_of(facts: Facts, part: str) -> str:
    """Return the key of a topic; empty where it has none. The checks of events and alarms name a missing topic."""
    topic = facts.arn("sns", facts.resource_name(part))
    try:
        attributes = facts.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    except ClientError as error:
        if is_not_found(error):
            return ""
        raise
    return str(attributes.get("KmsMasterKeyId") or "")


def _managed(facts: Facts, parts: list[str], names: str) -> Finding:
    services = " and ".join(_PUBLISHERS[part] for part in parts)
    return needs_fix(
        f"{names}: encrypted with the AWS-managed key, which lets {services} publish nothing",
        fix="Use a key of your own that lets them in by its policy (kms_key_arn), or none.",
        command="\n".join(
            f"aws sns set-topic-attributes --topic-arn {facts.arn('sns', facts.resource_name(part))} "
            "--attribute-name KmsMasterKeyId --attribute-value ''"
            for part in parts
        ),
        subject=names,
    )


def _publishers(facts: Facts, key: dict[str, Any], parts: list[str]) -> Iterator[Finding]:
    """Whether the key's policy lets in who publishes to its topics."""
    policy = facts.client("kms").get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]
    sources = {
        "SESFeedback": facts.arn("ses", f"configuration-set/{facts.configuration_set}"),
        "Alarms": facts.arn("cloudwatch", f"alarm:{facts.engine.name}-*"),
    }
    for part in parts:
        service, name = _PUBLISHERS[part], facts.resource_name(part)
        context = {
            **service_context(facts, sources[part]),
            "kms:encryptioncontext:aws:sns:topicarn": facts.arn("sns", name),
        }
        verdicts = [
            allows(policy, service=service, action=action, resource=str(key["Arn"]), context=context)
            for action in _ACTIONS
        ]
        if False in verdicts:
            yield needs_fix(
                f"the policy of the key {key['KeyId']} does not let {service} use it for {name}",
                fix="Add this statement to the key's policy:",
                command=json.dumps(_statement(facts, service)),
                subject=name,
            )
        elif None in verdicts:
            yield unknown(
                f"the policy of the key {key['KeyId']} lets {service} in under a condition that is not known here",
                fix="Look at the policy's conditions yourself.",
                subject=name,
            )
        else:
            yield ok(f"{service} may use the key of {name}", subject=name)


def _statement(facts: Facts, service: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    return {
        "Sid": f"PublishBy{service.partition('.')[0].title()}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": facts.account_id}},
    }


def table_keys(facts: Facts) -> Iterable[Finding]:
    keys: dict[str, list[str]] = {}
    for part in TABLES:
        name = facts.resource_name(part)
        try:
            table = facts.engine.dynamodb.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if is_not_found(error):
                continue  # The check of the expiry names it.
            raise
        key = table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")
        if key and not key.endswith("alias/aws/dynamodb"):
            keys.setdefault(key, []).append(name)
    customers = 0
    for key, names in keys.items():
        described = _described(facts, key, ", ".join(names))
        if isinstance(described, Finding):
            customers += 1
            yield described
        elif described.get("KeyManager") == "CUSTOMER":
            customers += 1
            yield ok(f"the key of {', '.join(names)} is usable", subject=key)
    if not customers:
        yield skipped("the tables have no customer key")


def _described(facts: Facts, key: str, of: str) -> dict[str, Any] | Finding:
    """Return the key's description, or what is wrong with it."""
    try:
        described: dict[str, Any] = facts.client("kms").describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if not is_not_found(error):
            raise
        return needs_fix(
            f"the key of {of} does not exist: {key}",
            fix="Set a key that exists, and apply.",
            command='kms_key_arn = "arn:aws:kms:REGION:ACCOUNT:key/ID"',
            subject=of,
        )
    state = described.get("KeyState", "Enabled")
    if state == "Enabled":
        return described
    command = {
        "PendingDeletion": f"aws kms cancel-key-deletion --key-id {key} && aws kms enable-key --key-id {key}",
        "Disabled": f"aws kms enable-key --key-id {key}",
    }.get(state, f"aws kms describe-key --key-id {key}")
    return needs_fix(f"the key of {of} cannot be used ({state})", fix="Make it usable.", command=command, subject=of)


_GROUP = "Encryption"
CHECKS = (
    Check(
        id="kms",
        group=_GROUP,
        title="Key of the topics",
        why="With a key that keeps SES or CloudWatch out, events and alarms are lost without an error.",
        run=topic_keys,
    ),
    Check(
        id="table-keys",
        group=_GROUP,
        title="Key of the tables",
        why="While a table's key cannot be used, nothing is read or written: all mail waits.",
        run=table_keys,
    ),
)
