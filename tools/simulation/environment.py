"""The environment of the deployed functions, as Terraform sets it by default: what tests and benchmarks start with."""

from __future__ import annotations

import json

from sesmail_layer.runtime.settings import Settings

REGION, ACCOUNT, NAME = "eu-west-1", "123456789012", "sesmailengine"


_DEAD_LETTER_QUEUES = {
    "EmailQueue": "EmailQueueDLQ",
    "BulkQueue": "BulkQueueDLQ",
    "RetryQueue": "RetryDLQ",
    "BulkRetryQueue": "BulkRetryDLQ",
    "FeedbackQueue": "FeedbackProcessorDLQ",
}


def environment(name: str = NAME, **changes: str) -> dict[str, str]:
    """Return a complete environment of the sender and the feedback processor; `changes` replaces variables."""
    queue_url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}-"
    topic_arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}-"
    return {
        "ENVIRONMENT": "prod",
        "LOG_LEVEL": "INFO",
        "MALLOC_MMAP_THRESHOLD_": "131072",
        "SESMAIL_NAME": name,
        "SESMAIL_TIMEOUT_SECONDS": "30",
        "TRACKING_TABLE": f"{name}-EmailTracking",
        "SUPPRESSION_TABLE": f"{name}-Suppression",
        "TEMPLATE_BUCKET": f"{name}-templates-{ACCOUNT}",
        "SES_CONFIGURATION_SET": f"{name}-ConfigSet",
        "SESMAIL_SES_API": "v2",
        "EVENT_BUS_NAME": f"{name}-EmailBus",
        "DEFAULT_SENDER_EMAIL": "no-reply@example.com",
        "DEFAULT_SENDER_NAME": "SESMailEngine",
        "SESMAIL_BRAND": "{}",
        "DATA_RETENTION_DAYS": "90",
        "CONSECUTIVE_SOFT_BOUNCE_THRESHOLD": "3",
        "SESMAIL_CONTROL_TABLE": f"{name}-Control",
        "SESMAIL_PENDING_TABLE": f"{name}-Pending",
        "SESMAIL_BULK_QUEUE_URL": f"{queue_url}BulkQueue",
        "SESMAIL_RETRY_QUEUE_URL": f"{queue_url}RetryQueue",
        "SESMAIL_BULK_RETRY_QUEUE_URL": f"{queue_url}BulkRetryQueue",
        "SESMAIL_FEEDBACK_QUEUE_URL": f"{queue_url}FeedbackQueue",
        "SESMAIL_DEAD_LETTER_QUEUES": json.dumps(
            {f"{name}-{queue}": f"{name}-{dead}" for queue, dead in _DEAD_LETTER_QUEUES.items()},
            separators=(",", ":"),
            sort_keys=True,
        ),
        "SESMAIL_FEEDBACK_TOPIC_ARN": f"{topic_arn}SESFeedback",
        "SESMAIL_ALARM_TOPIC_ARN": f"{topic_arn}Alarms",
        "SESMAIL_STATUS_EVENT_SOURCE": "sesmailengine",
        "SESMAIL_TRACING": "false",
        "SESMAIL_UNKNOWN_FIELDS": "warn",
        "SESMAIL_BULK_REQUIRES_UNSUBSCRIBE": "warn",
        "SESMAIL_UNSUBSCRIBE_URL": "",
        "SESMAIL_DELIVERY_MODE": "live",
        "SESMAIL_DELIVERY_TO": "",
        "SESMAIL_DELIVERY_ALLOW": "",
        "SESMAIL_MAX_MESSAGE_MB": "10",
        "SESMAIL_MAX_REQUEST_KB": "256",
        "SESMAIL_MAX_SCHEDULE_DAYS": "30",
        "SESMAIL_MAX_HOLD_HOURS": "24",
        "SESMAIL_CLAIM_SETTLE_SECONDS": "300",
        "SESMAIL_ON_UNKNOWN_OUTCOME": "resend",
        "SESMAIL_MAX_SEND_RATE": "",
        "SESMAIL_RATE_UTILISATION": "0.95",
        "SESMAIL_BULK_RATE_SHARE": "0.8",
        "SESMAIL_DAILY_QUOTA_RESERVE": "0.1",
        "SESMAIL_SOFT_BOUNCE_RETRIES": "1",
        "SESMAIL_SOFT_BOUNCE_RETRY_DELAY_SECONDS": "900",
        "SESMAIL_NOT_SPAM_LIFTS_SUPPRESSION": "false",
        "SESMAIL_BREAKER_MODE": "pause",
        "SESMAIL_BREAKER_MIN_EMAILS": "100",
        "SESMAIL_BREAKER_MIN_BOUNCES": "10",
        "SESMAIL_BREAKER_MIN_COMPLAINTS": "5",
        "SESMAIL_BREAKER_COOLDOWN_MINUTES": "60",
        "SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD": "0.05",
        "SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD": "0.001",
    } | changes


def default_settings(name: str = NAME, **changes: str) -> Settings:
    """Return the settings of a deployment with Terraform's defaults; `changes` replaces variables."""
    return Settings.from_env({"AWS_LAMBDA_FUNCTION_NAME": f"{name}-Function", **environment(name, **changes)})
