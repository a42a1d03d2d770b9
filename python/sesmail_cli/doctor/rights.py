"""The rights that the checks need, by the operation of AWS's API that each belongs to."""

from __future__ import annotations

import re

from botocore.exceptions import ClientError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
_NAMED = re.compile(r"perform:? [`']?([a-z0-9-]+:[A-Za-z]+)")
# In the order of docs/cli.md. Some operations are authorized under another name than their own.
RIGHTS = {
    "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetAccountSettings": "lambda:GetAccountSettings",
    "ListEventSourceMappings": "lambda:ListEventSourceMappings",
    "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "GetLayerVersionByArn": "lambda:GetLayerVersion",
    "GetFunction": "lambda:GetFunction",
    "GetAccount": "ses:GetAccount",
    "GetEmailIdentity": "ses:GetEmailIdentity",
    "GetConfigurationSet": "ses:GetConfigurationSet",
    "GetConfigurationSetEventDestinations": "ses:GetConfigurationSetEventDestinations",
    "GetIdentityNotificationAttributes": "ses:GetIdentityNotificationAttributes",
    "Scan": "dynamodb:Scan",
    "DescribeTable": "dynamodb:DescribeTable",
    "DescribeTimeToLive": "dynamodb:DescribeTimeToLive",
    "DescribeRule": "events:DescribeRule",
    "ListTargetsByRule": "events:ListTargetsByRule",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetTopicAttributes": "sns:GetTopicAttributes",
    "ListSubscriptionsByTopic": "sns:ListSubscriptionsByTopic",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "ListObjectsV2": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "DescribeKey": "kms:DescribeKey",
    "GetKeyPolicy": "kms:GetKeyPolicy",
}


def right_of(error: ClientError) -> str:
    """Return the right that a denied call needs: AWS's answer may name another, as that to a key (kms:Decrypt)."""
    named = _NAMED.search(error.response["Error"].get("Message", ""))
    return named[1] if named else RIGHTS.get(error.operation_name, error.operation_name)
