"""AWS's list prices, in US dollars in us-east-1. On-demand, first tier; taxes and data leaving AWS are not in them."""

from __future__ import annotations

from dataclasses import dataclass

# The year of the latest page that was seen with these prices.
_SEEN = {
    "SES": 2026,
    "EventBridge": 2026,
    "EventBridge Scheduler": 2026,
    "SQS": 2026,
    "SNS": 2026,
    "Lambda": 2026,
    "DynamoDB": 2025,
    "CloudWatch": 2026,
    "S3": 2025,
    "KMS": 2026,
}


@dataclass(frozen=True)
class Price:
    """What a number of units costs, and how many a month are free in every account for good."""

    service: str
    what: str
    usd: float
    per: int
    page: str
    free: float = 0

    @property
    def seen(self) -> int:
        return _SEEN[self.service]

    def of(self, quantity: float) -> float:
        return quantity / self.per * self.usd

    def beyond_free(self, quantity: float) -> float:
        """Return the price where nothing else in the account uses what is free."""
        return self.of(max(0.0, quantity - self.free))


_PAGES = "https://aws.amazon.com/{}/pricing/"


def _price(service: str, what: str, usd: float, per: int, page: str, free: float = 0) -> Price:
    return Price(service, what, usd, per, _PAGES.format(page), free)


MILLION = 1_000_000
EMAIL = _price("SES", "emails", 0.10, 1000, "ses")
ATTACHED_GB = _price("SES", "GB of attachments", 0.12, 1, "ses")
# Each 64 KB of an event is one.
EVENT = _price("EventBridge", "events", 1.00, MILLION, "eventbridge")
SCHEDULE = _price("EventBridge Scheduler", "invocations", 1.00, MILLION, "eventbridge", 14 * MILLION)
# Each 64 KB of what is sent or received is one.
QUEUE_REQUEST = _price("SQS", "requests", 0.40, MILLION, "sqs", MILLION)
# Deliveries to SQS are free.
PUBLISH = _price("SNS", "publishes", 0.50, MILLION, "sns", MILLION)
INVOCATION = _price("Lambda", "invocations", 0.20, MILLION, "lambda", MILLION)
GB_SECOND = _price("Lambda", "GB-seconds on arm64", 13.3334, MILLION, "lambda", 400_000)
WRITE_UNIT = _price("DynamoDB", "write units", 0.625, MILLION, "dynamodb")
READ_UNIT = _price("DynamoDB", "read units", 0.125, MILLION, "dynamodb")
STORED_GB = _price("DynamoDB", "GB a month, tables and indexes", 0.25, 1, "dynamodb", 25)
# Of the table alone, without its global indexes.
BACKUP_GB = _price("DynamoDB", "GB a month, point-in-time recovery", 0.20, 1, "dynamodb")
# Each metric that an alarm reads is one.
ALARM_METRIC = _price("CloudWatch", "alarm metrics", 0.10, 1, "cloudwatch", 10)
# Each combination of a name and its dimensions is one; the hours without a value are free.
METRIC = _price("CloudWatch", "metrics", 0.30, 1, "cloudwatch", 10)
DASHBOARD = _price("CloudWatch", "dashboards", 3.00, 1, "cloudwatch", 3)
LOGGED_GB = _price("CloudWatch", "GB of logs taken", 0.50, 1, "cloudwatch", 5)
KEPT_LOG_GB = _price("CloudWatch", "GB of logs kept for a month", 0.03, 1, "cloudwatch")
GET = _price("S3", "GET requests", 0.0004, 1000, "s3")
KEY_REQUEST = _price("KMS", "requests", 0.03, 10_000, "kms", 20_000)

ALL = (
    EMAIL,
    ATTACHED_GB,
    EVENT,
    SCHEDULE,
    QUEUE_REQUEST,
    PUBLISH,
    INVOCATION,
    GB_SECOND,
    WRITE_UNIT,
    READ_UNIT,
    STORED_GB,
    BACKUP_GB,
    ALARM_METRIC,
    METRIC,
    DASHBOARD,
    LOGGED_GB,
    KEPT_LOG_GB,
    GET,
    KEY_REQUEST,
)
