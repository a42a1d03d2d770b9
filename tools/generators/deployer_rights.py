"""What Terraform's AWS provider calls to create, read, change and delete each type of the engine's resources.

NAME, REGION and ACCOUNT stand for the engine's. Actions and what they apply to:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, str | list[str]]]


@dataclass(frozen=True)
class Right:
    """Actions of one service, written without its prefix, on resources."""

    sid: str
    service: str
    actions: str
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)

    def statement(self) -> Statement:
        found: Statement = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": sorted(f"{self.service}:{action}" for action in self.actions.split()),
            "Resource": list(self.resources) if len(self.resources) > 1 else self.resources[0],
        }
        return found | ({"Condition": self.condition} if self.condition else {})


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:REGION:ACCOUNT:{resource}"


_TAGS = "TagResource UntagResource ListTagsForResource"
_BUS = _arn("events", "event-bus/NAME-EmailBus")
_FUNCTION = _arn("lambda", "function:NAME-*")
_LAYER = _arn("lambda", "layer:NAME-*")
_MAPPING = _arn("lambda", "event-source-mapping:*")
_ROLE = "arn:aws:iam::ACCOUNT:role/NAME-*"
_BUCKET = "arn:aws:s3:::NAME-templates-ACCOUNT*"
_OF_OWN_FUNCTIONS = {"ArnLike": {"lambda:FunctionArn": _FUNCTION}}

_BUCKET_RIGHT = Right(
    "Bucket",
    "s3",
    "CreateBucket DeleteBucket ListBucket ListBucketVersions GetBucket* PutBucketVersioning PutBucketPolicy "
    "PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketTagging DeleteBucketPolicy "
    "GetAccelerateConfiguration GetEncryptionConfiguration PutEncryptionConfiguration GetLifecycleConfiguration "
    "PutLifecycleConfiguration GetReplicationConfiguration TagResource UntagResource ListTagsForResource",
    (_BUCKET,),
)
_OBJECTS_RIGHT = Right(
    "Objects",
    "s3",
    "GetObject GetObjectTagging PutObject PutObjectTagging DeleteObject DeleteObjectVersion GetObjectVersion",
    (f"{_BUCKET}/*",),
)
# What a destroy without retain_data_on_delete deletes is every object.
_BUCKET_RIGHTS = (_BUCKET_RIGHT, _OBJECTS_RIGHT)
_EVENTS_RIGHT = Right(
    "Bus",
    "events",
    "CreateEventBus DeleteEventBus DescribeEventBus UpdateEventBus PutRule DeleteRule DescribeRule PutTargets "
    f"RemoveTargets ListTargetsByRule {_TAGS}",
    (_BUS, _arn("events", "rule/NAME-EmailBus/*")),
)
_BUS_POLICY_RIGHT = Right("BusPoliciesHaveNoResourceLevel", "events", "PutPermission RemovePermission", ("*",))
_TOPICS_RIGHT = Right(
    "Topics",
    "sns",
    f"CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes Subscribe ListSubscriptionsByTopic {_TAGS}",
    (_arn("sns", "NAME-*"),),
)
_ROLES_RIGHT = Right(
    "Roles",
    "iam",
    "CreateRole DeleteRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy TagRole UntagRole "
    "ListRoleTags ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole GetRolePolicy PutRolePolicy "
    "DeleteRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary",
    (_ROLE,),
)
_PASS_RIGHT = Right(
    "GiveRolesToLambdaAndRules",
    "iam",
    "PassRole",
    (_ROLE,),
    {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "events.amazonaws.com"]}},
)
_FUNCTIONS_RIGHT = Right(
    "Functions",
    "lambda",
    "CreateFunction DeleteFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig "
    "UpdateFunctionCode UpdateFunctionConfiguration ListVersionsByFunction PutFunctionConcurrency "
    "DeleteFunctionConcurrency GetFunctionRecursionConfig PutFunctionRecursionConfig InvokeFunction TagResource "
    "UntagResource ListTags",
    (_FUNCTION,),
)
_PERMISSIONS_RIGHT = Right("InvokersOfFunctions", "lambda", "AddPermission RemovePermission GetPolicy", (_FUNCTION,))
# API Gateway's actions are HTTP's methods; an API's id is not known before it is there.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
_API_RIGHT = Right(
    "UnsubscribeApi",
    "apigateway",
    "GET POST PUT PATCH DELETE TagResource UntagResource",
    ("arn:aws:apigateway:REGION::/apis", "arn:aws:apigateway:REGION::/apis/*", "arn:aws:apigateway:REGION::/tags/*"),
)
_CONFIGURATION_SET_RIGHT = Right(
    "ConfigurationSet",
    "ses",
    "CreateConfigurationSet DeleteConfigurationSet GetConfigurationSet PutConfigurationSetArchivingOptions "
    "PutConfigurationSetDeliveryOptions PutConfigurationSetReputationOptions PutConfigurationSetSendingOptions "
    "PutConfigurationSetSuppressionOptions PutConfigurationSetTrackingOptions PutConfigurationSetVdmOptions "
    "CreateConfigurationSetEventDestination DeleteConfigurationSetEventDestination "
    f"GetConfigurationSetEventDestinations UpdateConfigurationSetEventDestination {_TAGS}",
    (_arn("ses", "configuration-set/NAME-*"),),
)

RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "aws_dynamodb_table": (
        Right(
            "Tables",
            "dynamodb",
            "CreateTable DeleteTable DescribeTable UpdateTable DescribeTimeToLive UpdateTimeToLive "
            "DescribeContinuousBackups UpdateContinuousBackups TagResource UntagResource ListTagsOfResource",
            (_arn("dynamodb", "table/NAME-*"),),
        ),
        # Terraform compares a table's key with the account's own.
        Right(
            "DescribeDynamoDbKey",
            "kms",
            "DescribeKey",
            (_arn("kms", "key/*"),),
            {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/dynamodb"}},
        ),
    ),
    "aws_dynamodb_table_item": (
        Right(
            "Policies", "dynamodb", "GetItem PutItem UpdateItem DeleteItem", (_arn("dynamodb", "table/NAME-Control"),)
        ),
    ),
    **{
        f"aws_s3_bucket{part}": _BUCKET_RIGHTS
        for part in (
            "",
            "_versioning",
            "_server_side_encryption_configuration",
            "_ownership_controls",
            "_public_access_block",
            "_lifecycle_configuration",
            "_policy",
        )
    },
    "aws_s3_object": _BUCKET_RIGHTS,
    "aws_sqs_queue": (
        Right(
            "Queues",
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes SetQueueAttributes GetQueueUrl ListQueueTags TagQueue "
            "UntagQueue",
            (_arn("sqs", "NAME-*"),),
        ),
    ),
    "aws_sns_topic": (_TOPICS_RIGHT,),
    "aws_sns_topic_subscription": (
        _TOPICS_RIGHT,
        Right(
            "SubscriptionsHaveNoResourceLevel",
            "sns",
            "GetSubscriptionAttributes SetSubscriptionAttributes Unsubscribe",
            ("*",),
        ),
    ),
    "aws_iam_role": (_ROLES_RIGHT, _PASS_RIGHT),
    "aws_iam_role_policy": (_ROLES_RIGHT,),
    "aws_cloudwatch_log_group": (
        Right(
            "Logs",
            "logs",
            f"CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy {_TAGS}",
            (_arn("logs", "log-group:/aws/lambda/NAME-*"),),
        ),
        Right("FindLogs", "logs", "DescribeLogGroups", (_arn("logs", "log-group:*"),)),
    ),
    "aws_lambda_function": (_FUNCTIONS_RIGHT,),
    "aws_lambda_function_recursion_config": (_FUNCTIONS_RIGHT,),
    "aws_lambda_invocation": (_FUNCTIONS_RIGHT,),
    "aws_lambda_layer_version": (
        Right("Layer", "lambda", "PublishLayerVersion GetLayerVersion DeleteLayerVersion", (_LAYER, f"{_LAYER}:*")),
    ),
    "aws_lambda_event_source_mapping": (
        Right(
            "FeedOwnFunctions",
            "lambda",
            "CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping",
            ("*",),
            _OF_OWN_FUNCTIONS,
        ),
        Right("TagMappings", "lambda", "TagResource UntagResource ListTags", (_MAPPING,)),
    ),
    "aws_lambda_permission": (_PERMISSIONS_RIGHT,),
    **{f"aws_apigatewayv2_{part}": (_API_RIGHT,) for part in ("api", "integration", "route", "stage")},
    "aws_cloudwatch_event_bus": (_EVENTS_RIGHT,),
    "aws_cloudwatch_event_bus_policy": (_EVENTS_RIGHT, _BUS_POLICY_RIGHT),
    "aws_cloudwatch_event_rule": (_EVENTS_RIGHT,),
    "aws_cloudwatch_event_target": (_EVENTS_RIGHT,),
    "aws_cloudwatch_event_archive": (
        Right(
            "Archive",
            "events",
            "CreateArchive DeleteArchive DescribeArchive UpdateArchive",
            (_arn("events", "archive/NAME-Archive"), _BUS),
        ),
    ),
    "aws_cloudwatch_metric_alarm": (
        Right(
            "Alarms",
            "cloudwatch",
            f"PutMetricAlarm DeleteAlarms DescribeAlarms {_TAGS}",
            (_arn("cloudwatch", "alarm:NAME-*"),),
        ),
    ),
    "aws_cloudwatch_dashboard": (
        Right(
            "Dashboard",
            "cloudwatch",
            "PutDashboard GetDashboard DeleteDashboards",
            ("arn:aws:cloudwatch::ACCOUNT:dashboard/NAME", "arn:aws:cloudwatch::ACCOUNT:dashboard/NAME-REGION"),
        ),
    ),
    "aws_sesv2_configuration_set": (_CONFIGURATION_SET_RIGHT,),
    "aws_sesv2_configuration_set_event_destination": (_CONFIGURATION_SET_RIGHT,),
}
# The plan's check of Lambda's quota reads it, as a data source.
QUOTA_RIGHT = Right("QuotasHaveNoResourceLevel", "servicequotas", "GetServiceQuota GetAWSDefaultServiceQuota", ("*",))
# Attached where permissions_boundary_arn is set, so that no role can be made without it.
BOUNDARY: Statement = {
    "Sid": "NoRoleWithoutTheBoundary",
    "Effect": "Deny",
    "Action": ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"],
    "Resource": "*",
    "Condition": {"StringNotEquals": {"iam:PermissionsBoundary": "BOUNDARY"}},
}
KEEP_BOUNDARY: Statement = {
    "Sid": "NoBoundaryIsTakenAway",
    "Effect": "Deny",
    "Action": "iam:DeleteRolePermissionsBoundary",
    "Resource": "*",
}
# Attached where data_kms_key_arn is set: DynamoDB and S3 ask KMS in the deployer's name.
DATA_KEY: tuple[Statement, ...] = (
    {
        "Sid": "UseDataKeyThroughItsServicesOnly",
        "Effect": "Allow",
        "Action": [
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        "Resource": "DATA_KEY",
        "Condition": {"StringEquals": {"kms:ViaService": ["dynamodb.REGION.amazonaws.com", "s3.REGION.amazonaws.com"]}},
    },
    {
        "Sid": "LetDynamoDbKeepTheTables",
        "Effect": "Allow",
        "Action": "kms:CreateGrant",
        "Resource": "DATA_KEY",
        "Condition": {
            "StringEquals": {"kms:ViaService": "dynamodb.REGION.amazonaws.com"},
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        },
    },
)
