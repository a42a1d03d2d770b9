"""Settings of the functions: the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, Self

import msgspec

# The names that the seed gave, and Lambda's own; all others are SESMAIL_<FIELD>.
_NAMES = {
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

_JSON = frozenset({"dead_letter_queues"})
"""Fields whose variables are JSON."""

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class SettingsError(Exception):
    """A function cannot start: a variable is missing or has a value that is not allowed."""


class _FromEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read every field from its variable. Raises SettingsError, which names the variable."""
        environ = os.environ if environ is None else environ
        names = {name: variable_of(name) for name in cls.__struct_fields__}
        values = {field: environ[name] for field, name in names.items() if environ.get(name)}
        for field in msgspec.structs.fields(cls):
            if field.required and field.name not in values:
                raise SettingsError(f"Missing required environment variable: {names[field.name]}")
        try:
            parsed = {name: msgspec.json.decode(values[name]) for name in _JSON & values.keys()}
            return msgspec.convert(values | parsed, cls, strict=False)
        except msgspec.DecodeError as err:
            field_name = str(err).rpartition("$.")[2].rstrip("`")
            raise SettingsError(f"Environment variable {names.get(field_name, field_name)}: {err}") from err


class _Common(_FromEnvironment, frozen=True, kw_only=True):
    """What all functions that read emails have."""

    name: str
    function_name: str
    environment: str
    log_level: LogLevel
    tracing: bool

    tracking_table: str
    suppression_table: str
    control_table: str

    # The brand's template variables, as a JSON object.
    brand: str

    @property
    def brand_variables(self) -> dict[str, str]:
        """The brand's template variables by name. Raises SettingsError."""
        try:
            return msgspec.json.decode(self.brand, type=dict[str, str])
        except msgspec.DecodeError as err:
            raise SettingsError(f"Environment variable {variable_of('brand')}: {err}") from err


class Settings(_Common, frozen=True, kw_only=True):
    """Settings of the sender and the feedback processor.

    Terraform sets every variable and has the defaults. A field has one here only if Terraform may leave it empty.
    """

    # The function's own time-out.
    timeout_seconds: float
    pending_table: str
    template_bucket: str
    event_bus_name: str
    bulk_queue_url: str
    retry_queue_url: str
    bulk_retry_queue_url: str
    feedback_queue_url: str
    # Each queue's dead-letter queue: its name by the queue's. A function's variables have 4 KB together.
    dead_letter_queues: dict[str, str]
    feedback_topic_arn: str
    alarm_topic_arn: str
    # Empty without a configuration set: SES then publishes no events.
    configuration_set: str = ""
    ses_api: Literal["v1", "v2"]

    default_sender_email: str
    # Empty: the From header has an address only.
    default_sender_name: str = ""
    status_event_source: str
    data_retention_days: int
    unknown_fields: Literal["warn", "refuse"]
    bulk_requires_unsubscribe: Literal["warn", "refuse"]
    # Empty without unsubscribe_endpoint.
    unsubscribe_url: str = ""
    delivery_mode: Literal["live", "redirect", "allow", "sink"]
    # Empty but for the modes redirect, and allow (with commas between).
    delivery_to: str = ""
    delivery_allow: str = ""
    max_message_mb: float
    max_request_kb: int
    max_schedule_days: int
    max_hold_hours: float
    claim_settle_seconds: float
    on_unknown_outcome: Literal["resend", "fail"]

    # Recipients per second. Empty: the rate that GetSendQuota returns.
    max_send_rate: float | None = None
    rate_utilisation: float
    bulk_rate_share: float
    daily_quota_reserve: float

    consecutive_soft_bounce_threshold: int
    soft_bounce_retries: int
    soft_bounce_retry_delay_seconds: float
    not_spam_lifts_suppression: bool
    breaker_mode: Literal["pause", "alarm"]
    breaker_min_emails: int
    breaker_min_bounces: int
    breaker_min_complaints: int
    breaker_cooldown_minutes: float
    bounce_rate_pause_threshold: float
    complaint_rate_pause_threshold: float

    @property
    def dead_letter_urls(self) -> dict[str, str]:
        """Each queue's dead-letter queue: the URL by the queue's name; the account's queues share what is before it."""
        account_url = self.bulk_queue_url.rpartition("/")[0]
        return {queue: f"{account_url}/{name}" for queue, name in self.dead_letter_queues.items()}


class UnsubscribeSettings(_Common, frozen=True, kw_only=True):
    """Settings of the unsubscribe function."""

    event_bus_name: str
    status_event_source: str
    default_sender_name: str = ""


class SeederSettings(_FromEnvironment, frozen=True, kw_only=True):
    """Settings of the template seeder."""

    name: str
    template_bucket: str
    starters_bucket: str
    starters_key: str
    environment: str
    log_level: LogLevel


def variable_of(field: str) -> str:
    """Return the environment variable of a field."""
    return _NAMES.get(field, f"SESMAIL_{field.upper()}")
