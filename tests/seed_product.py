"""What the CloudFormation product that an engine replaces leaves in an account: tables, records, templates, its stack.

Names, keys, attributes and values are those of its documentation; ids and addresses are made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DATE = "2026-10-01"
TTL = 1_830_000_000
TEMPLATE = "order-shipped"


def tracking_table(name: str) -> dict[str, Any]:
    """CreateTable of the tracking table: each index holds all attributes."""
    keys = {
        "to-email-timestamp-index": ("toEmail", "timestamp"),
        "ses-message-id-index": ("sesMessageId",),
        "date-partition-index": ("datePartition", "timestamp"),
        "original-email-id-index": ("originalEmailId",),
    }
    return _table(f"{name}-EmailTracking", "emailId", keys)


def suppression_table(name: str) -> dict[str, Any]:
    keys = {"suppression-type-date-index": ("suppressionType", "addedToSuppressionDate")}
    return _table(f"{name}-Suppression", "email", keys)


def _table(name: str, key: str, indexes: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    attributes = dict.fromkeys([key, *(one for keys in indexes.values() for one in keys)])
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": "S"} for one in attributes],
        "KeySchema": _schema(key),
        "GlobalSecondaryIndexes": [
            {"IndexName": index, "KeySchema": _schema(*keys), "Projection": {"ProjectionType": "ALL"}}
            for index, keys in indexes.items()
        ],
        "SSESpecification": {"Enabled": True},
    }


def _schema(*keys: str) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def create_tables(dynamodb: Any, name: str) -> None:
    """Create both tables with expiry and point-in-time recovery, as the stack has them."""
    for creation in (tracking_table(name), suppression_table(name)):
        table = creation["TableName"]
        dynamodb.create_table(**creation)
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    dynamodb.update_time_to_live(
        TableName=f"{name}-EmailTracking", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )


def record(email_id: str, status: str, **more: dict[str, Any]) -> dict[str, Any]:
    """A tracking record; numbers that others wrote as texts are in some of them."""
    return {
        "emailId": {"S": email_id},
        "toEmail": {"S": f"{email_id}@example.org"},
        "status": {"S": status},
        "sesMessageId": {"S": f"0100-{email_id}"},
        "timestamp": {"S": f"{DATE}T10:00:00.123456Z"},
        "datePartition": {"S": DATE},
        "templateName": {"S": "welcome"},
        "subject": {"S": "Welcome"},
        "originalSource": {"S": "my.application"},
        "retryAttempt": {"N": "0"},
        "metadata": {"M": {"campaignId": {"S": "autumn"}}},
        "ttl": {"N": str(TTL)},
    } | more


RECORDS = [
    record("old-sent", "sent"),
    record("old-delivered", "delivered", deliveredAt={"S": f"{DATE}T10:00:05Z"}),
    record("old-opened", "opened", openedAt={"S": f"{DATE}T11:00:00+00:00"}, openCount={"N": "3"}),
    record("old-soft", "soft_bounced", bounceType={"S": "Transient"}, bounceReason={"S": "MailboxFull"}),
    record("old-retry", "sent", originalEmailId={"S": "old-soft"}, retryAttempt={"N": "1"}),
    record("old-bounced", "bounced", bounceType={"S": "Permanent"}, bounceSubType={"S": "NoEmail"}),
    record("old-complained", "complained", complainedAt={"S": f"{DATE}T12:00:00Z"}),
    record("old-texts", "delivered", openCount={"S": "2"}, retryAttempt={"S": "0"}, metadata={"S": '{"a": 1}'}),
    {
        "emailId": {"S": "old-failed"},
        "toEmail": {"S": "old-failed@example.org"},
        "status": {"S": "failed"},
        "timestamp": {"S": f"{DATE}T10:00:00Z"},
        "datePartition": {"S": DATE},
        "errorType": {"S": "suppressed"},
        "errorMessage": {"S": "Email not sent: recipient is suppressed (hard-bounce)"},
        "originalSource": {"S": "my.application"},
        "ttl": {"N": str(TTL)},
    },
]
SUPPRESSIONS = [
    {
        "email": {"S": f"{reason}@example.org"},
        "suppressionType": {"S": kind},
        "reason": {"S": reason},
        "addedToSuppressionDate": {"S": f"{DATE}T10:00:00.123456"},
    }
    for reason, kind in (
        ("hard-bounce", "bounce"),
        ("soft-bounce-exceeded", "bounce"),
        ("consecutive-soft-bounces", "bounce"),
        ("spam-complaint", "complaint"),
    )
]
# A template of the user's own: `trackingUrl` is optional, and in neither list.
FILES = {
    "template.html": "<html><p>Hello {{ userName }}{% if trackingUrl %}: {{ trackingUrl }}{% endif %}</p></html>",
    "template.txt": "Hello {{ userName }} {{ note | default('') }}",
    "metadata.json": json.dumps({"subject": "On its way, {{ userName }}", "requiredVariables": ["userName"]}),
}


def fill(dynamodb: Any, s3: Any, name: str, account: str) -> None:
    """Write the records, the suppressions and a bucket with a template."""
    for table, items in (("EmailTracking", RECORDS), ("Suppression", SUPPRESSIONS)):
        for item in items:
            dynamodb.put_item(TableName=f"{name}-{table}", Item=item)
    bucket = f"{name}-templates-{account}"
    region = s3.meta.region_name
    # S3 refuses its first region as a constraint.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for file, content in FILES.items():
        s3.put_object(Bucket=bucket, Key=f"templates/{TEMPLATE}/{file}", Body=content.encode())


PARAMETERS = {
    "LambdaCodeS3Bucket": "my-company-code",
    "AdminEmail": "ops@example.com",
    "DefaultSenderEmail": "no-reply@example.com",
    "DefaultSenderName": "My ${Company}",
    "BounceRateThreshold": "5",
    "BounceRateAlarmThreshold": "0.03",
    "DataRetentionDays": "120",
    "EmailSenderMemory": "256",
    "EmailSenderConcurrency": "1",
}


def stack_template(name: str, *, retained: bool = True) -> str:
    """A stack with the tables of that name: what CloudFormation itself needs of it."""
    policy = "    DeletionPolicy: Retain\n" if retained else ""
    parameters = "".join(f"  {one}:\n    Type: String\n" for one in PARAMETERS)
    resources = ""
    for logical_id, creation in (
        ("EmailTrackingTable", tracking_table(name)),
        ("SuppressionTable", suppression_table(name)),
    ):
        properties = {key: value for key, value in creation.items() if key != "SSESpecification"}
        resources += (
            f"  {logical_id}:\n    Type: AWS::DynamoDB::Table\n{policy}    Properties: {json.dumps(properties)}\n"
        )
    resources += f"  EmailBus:\n    Type: AWS::Events::EventBus\n    Properties:\n      Name: {name}-EmailBus\n"
    outputs = (
        "  EmailTrackingTableName:\n    Value: !Ref EmailTrackingTable\n"
        "  SuppressionTableName:\n    Value: !Ref SuppressionTable\n"
        "  EventBusName:\n    Value: !Ref EmailBus\n"
    )
    return f"Parameters:\n{parameters}Resources:\n{resources}Outputs:\n{outputs}"
