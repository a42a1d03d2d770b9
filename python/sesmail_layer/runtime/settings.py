"""The functions' settings: the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, Self

import msgspec

# The names that the seed gave; all others are SESMAIL_<FIELD>.
_SEED_NAMES = {
    "tracking_table": "TRACKING_TABLE",
    "suppression_table": "SUPPRESSION_TABLE",
    "template_bucket": "TEMPLATE_BUCKET",
    "configuration_set": "SES_CONFIGURATION_SET",
    "event_bus_name": "EVENT_BUS_NAME",
    "default_sender_email": "DEFAULT_SENDER_EMAIL",
    "default_sender_name": "DEFAULT_SENDER_NAME",
    "data_retention_days": "DATA_RETENTION_DAYS",
    "consecutive_soft_bounce_threshold": "CONSECUTIVE_SOFT_BOUNCE_THRESHOLD",
    "environment": "ENVIRONMENT",
    "log_level": "LOG_LEVEL",
    "function_name": "AWS_LAMBDA_FUNCTION_NAME",
}


class SettingsError(Exception):
    """A function cannot start: a variable is missing or has a value that it cannot have."""


class _FromEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads every field from its variable; raises SettingsError that names the variable."""
        environ = os.environ if environ is None else environ
        names = {name: _SEED_NAMES.get(name, f"SESMAIL_{name.upper()}") for name in cls.__struct_fields__}
        values = {field: environ[name] for field, name in names.items() if environ.get(name)}
        for field in msgspec.structs.fields(cls):
            if field.required and field.name not in values:
                raise SettingsError(f"Missing required environment variable: {names[field.name]}")
        try:
            return msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as err:
            field_name = str(err).rpartition("$.")[2].rstrip("`")
            raise SettingsError(f"Environment variable {names.get(field_name, field_name)}: {err}") from err


class Settings(_FromEnvironment, frozen=True, kw_only=True):
    """What the sender and the feedback processor need to know; Terraform sets every one."""

    tracking_table: str
    suppression_table: str
    template_bucket: str
    control_table: str
    pending_table: str
    event_bus_name: str
    bulk_queue_url: str
    retry_queue_url: str
    email_queue_url: str
    feedback_queue_url: str
    feedback_dlq_url: str
    max_receive_count: int
    name: str = "sesmailengine"
    function_name: str = ""
    environment: str = "prod"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    configuration_set: str = ""
    """Empty: mail is sent without a configuration set, and no SES events come."""
    default_sender_email: str = ""
    default_sender_name: str = ""
    data_retention_days: int = 90
    consecutive_soft_bounce_threshold: int = 3
    status_event_source: str = "sesmailengine"
    feedback_topic_arn: str = ""
    alarm_topic_arn: str = ""
    unknown_fields: Literal["warn", "refuse"] = "warn"
    max_message_mb: float = 10
    max_schedule_days: int = 30
    max_hold_hours: float = 24
    max_send_rate: float | None = None
    """Recipients per second; None: what GetSendQuota says."""
    rate_utilisation: float = 0.95
    bulk_rate_share: float = 0.8
    daily_quota_reserve: float = 0.1
    claim_settle_seconds: float = 300
    on_unknown_outcome: Literal["resend", "fail"] = "resend"
    soft_bounce_retries: int = 1
    soft_bounce_retry_delay_seconds: float = 900
    breaker_mode: Literal["pause", "alarm"] = "pause"
    breaker_min_emails: int = 100
    breaker_min_bounces: int = 10
    breaker_min_complaints: int = 5
    breaker_cooldown_minutes: float = 60
    bounce_rate_pause_threshold: float = 0.05
    complaint_rate_pause_threshold: float = 0.001
    not_spam_lifts_suppression: bool = False
    tracing: bool = False


class SeederSettings(_FromEnvironment, frozen=True, kw_only=True):
    """What the template seeder needs to know."""

    template_bucket: str
    starters_bucket: str
    starters_key: str
    name: str = "sesmailengine"
    function_name: str = ""
    environment: str = "prod"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
