"""Names of the CloudFormation product that an engine can replace in place, and ours for them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

MODULE = "module.sesmail"


class Index(NamedTuple):
    """An index that queries use, with its keys, and what must be projected into it (nothing: its keys do)."""

    name: str
    keys: tuple[str, ...]
    attributes: frozenset[str] = frozenset()
    is_read: bool = True
    """Whether the engine reads it, and not only its operators."""


class Table(NamedTuple):
    """A table that is adopted."""

    part: str
    output: str
    """The stack's output with its name."""
    address: str
    key: str
    indexes: tuple[Index, ...]
    rebuilds_indexes: bool
    """Whether Terraform changes the indexes of a table that exists (modules/tables)."""


_BY_RECIPIENT = frozenset(
    (
        "attempt bounceSubType bounceType bouncedAt clickedAt complainedAt countsAsSoftBounce deferReason deliveredAt"
        " errorMessage errorType metadata openedAt originalEmailId originalSource sentAt sesMessageId status subject"
        " templateName"
    ).split()
)
TABLES = (
    Table(
        part="EmailTracking",
        output="EmailTrackingTableName",
        address=f"{MODULE}.module.tables.aws_dynamodb_table.tracking",
        key="emailId",
        indexes=(
            Index("to-email-timestamp-index", ("toEmail", "timestamp"), _BY_RECIPIENT),
            Index("ses-message-id-index", ("sesMessageId",)),
            Index("date-partition-index", ("datePartition", "timestamp"), is_read=False),
            Index("original-email-id-index", ("originalEmailId",), is_read=False),
        ),
        rebuilds_indexes=False,
    ),
    Table(
        part="Suppression",
        output="SuppressionTableName",
        address=f"{MODULE}.module.tables.aws_dynamodb_table.suppression",
        key="email",
        indexes=(Index("suppression-type-date-index", ("suppressionType", "addedToSuppressionDate")),),
        rebuilds_indexes=True,
    ),
)
BUCKET_OUTPUT = "TemplateBucketName"
BUCKET_ADDRESS = f"{MODULE}.module.template_bucket.aws_s3_bucket.this"
BUS_PART = "EmailBus"
BUS_ADDRESS = f"{MODULE}.aws_cloudwatch_event_bus.this"
FUNCTIONS = {
    "EmailSender": f"{MODULE}.module.email_sender.aws_cloudwatch_log_group.this",
    "FeedbackProcessor": f"{MODULE}.module.feedback_processor.aws_cloudwatch_log_group.this",
    "TemplateSeeder": f"{MODULE}.module.template_seeder.aws_cloudwatch_log_group.this",
}

# Variables by the stack's parameters.
VARIABLES = {
    "AdminEmail": "admin_email",
    "DefaultSenderEmail": "default_sender_email",
    "DefaultSenderName": "default_sender_name",
    "Environment": "environment",
    "DataRetentionDays": "data_retention_days",
    "LogRetentionDays": "log_retention_days",
    "ConsecutiveSoftBounceThreshold": "consecutive_soft_bounce_threshold",
    "EmailSenderMemory": "email_sender_memory",
    "EmailSenderTimeout": "email_sender_timeout",
    "EmailSenderConcurrency": "email_sender_concurrency",
    "FeedbackProcessorMemory": "feedback_processor_memory",
    "FeedbackProcessorTimeout": "feedback_processor_timeout",
    "BounceRateThreshold": "bounce_rate_pause_threshold",
    "BounceRateAlarmThreshold": "bounce_rate_alarm_threshold",
    "ComplaintRateAlarmThreshold": "complaint_rate_alarm_threshold",
    "ReputationAlarmPeriod": "reputation_alarm_period",
    "LambdaErrorAlarmThreshold": "lambda_error_alarm_threshold",
    "LambdaErrorAlarmEvaluationPeriods": "lambda_error_alarm_evaluation_periods",
}
TEXTS = frozenset({"admin_email", "default_sender_email", "default_sender_name", "environment"})
REQUIRED = ("admin_email", "default_sender_email")
# Parameters of the old deployment itself.
NEEDLESS = {"LambdaCodeS3Bucket": "the functions' code is in the release, or built by `make package`"}

OUTPUTS = {
    "EventBusName": "event_bus_name",
    "EventBusArn": "event_bus_arn",
    "TemplateBucketName": "template_bucket_name",
    "EmailTrackingTableName": "email_tracking_table_name",
    "SuppressionTableName": "suppression_table_name",
    "CustomerIAMPolicy": "customer_iam_policy",
    "EmailSenderLambdaArn": "email_sender_lambda_arn",
    "FeedbackProcessorLambdaArn": "feedback_processor_lambda_arn",
    "TemplateSeederLambdaName": "template_seeder_lambda_name",
    "InstallTemplatesCommand": "install_templates_command",
    "AlarmNotificationTopicArn": "alarm_notification_topic_arn",
    "RetryQueueUrl": "retry_queue_url",
    "EventBridgeDLQUrl": "event_bridge_dlq_url",
    "SESConfigurationSetName": "ses_configuration_set_name",
}
# The second spelling of alarms, without the engine's name; the first is ours.
ALARMS = {
    "EventBridgeDLQDepthAlarm": "EventBridgeDLQ-Depth",
    "RetryDLQDepthAlarm": "RetryDLQ-Depth",
    "FeedbackDLQDepthAlarm": "FeedbackDLQ-Depth",
    "FeedbackProcessorDLQDepthAlarm": "FeedbackDLQ-Depth",
    "EmailQueueDLQDepthAlarm": "EmailQueueDLQ-Depth",
    "EmailSenderErrorsAlarm": "EmailSender-Errors",
    "FeedbackProcessorErrorsAlarm": "FeedbackProcessor-Errors",
    "SESBounceRateAlarm": "SES-BounceRate",
    "SESComplaintRateAlarm": "SES-ComplaintRate",
}


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """Something that Terraform can adopt."""

    address: str
    id: str
    kind: str
    changes: list[str] = []
    """What the first apply changes, in place."""


class Report(msgspec.Struct, kw_only=True, rename="camel"):
    """What `migrate check` found."""

    name: str
    account: str = ""
    region: str = ""
    stack: str | None = None
    """Its status; None: there is none."""
    adopted: list[Resource] = []
    import_blocks: str = ""
    tfvars: str = ""
    outputs: dict[str, str] = {}
    alarms: dict[str, str] = {}
    """Old names of alarms that change, with their new ones."""
    templates_checked: int = 0
    optional_variables: dict[str, list[str]] = {}
    """By template: `optionalVariables` to write into its metadata.json."""
    problems: list[str] = []
    notes: list[str] = []
