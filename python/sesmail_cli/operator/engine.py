"""One engine in one account and region: the names of its parts, and the adapters to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_layer.aws.alarm_states import AlarmStates
from sesmail_layer.aws.cancel_rules import CancelRules
from sesmail_layer.aws.cap_counters import CapCounters
from sesmail_layer.aws.daily_figures import DailyFigures
from sesmail_layer.aws.producer_states import ProducerStates
from sesmail_layer.aws.secret_keys import SecretKeys
from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.aws.ses_quota import SesQuota
from sesmail_layer.aws.status_bus import StatusBus
from sesmail_layer.aws.suppression_table import SuppressionTable
from sesmail_layer.aws.tracking_search import TrackingSearch
from sesmail_layer.aws.tracking_table import TrackingTable
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import Limits
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.runtime.clock import SystemClock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

DEFAULT_NAME = "sesmailengine"

# Each queue with its dead-letter queue. The bus has a dead-letter queue and no queue.
DEAD_LETTER_QUEUE_OF = {
    "EmailQueue": "EmailQueueDLQ",
    "BulkQueue": "BulkQueueDLQ",
    "RetryQueue": "RetryDLQ",
    "BulkRetryQueue": "BulkRetryDLQ",
    "FeedbackQueue": "FeedbackProcessorDLQ",
}
BUS_DEAD_LETTER_QUEUE = "EventBridgeDLQ"
QUEUES = tuple(DEAD_LETTER_QUEUE_OF)
DEAD_LETTER_QUEUES = (BUS_DEAD_LETTER_QUEUE, *DEAD_LETTER_QUEUE_OF.values())

CLIENT_LIMITS = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})


def _options(name: str, profile: str | None, region: str | None) -> Sequence[str]:
    """Return the options that name this engine on a command line; none where they are the defaults."""
    given = {"--name": name if name != DEFAULT_NAME else None, "--profile": profile, "--region": region}
    return [text for option, value in given.items() if value for text in (option, value)]


class QueueDepth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The number of messages in a queue, by state."""

    name: str
    waiting: int
    in_flight: int
    delayed: int
    oldest_age_seconds: float | None = None
    """None: not known."""

    @property
    def total(self) -> int:
        return self.waiting + self.in_flight + self.delayed


class DeliveryState(msgspec.Struct, frozen=True, kw_only=True):
    """Who receives mail: Terraform's variable `delivery`."""

    mode: str | None
    """`live`, `redirect`, `allow` or `sink`; None: not known."""
    to: str | None = None
    allow: Sequence[str] = ()


class Engine:
    """The adapters and settings of one engine; each is created when it is first used."""

    def __init__(self, name: str, *, profile: str | None = None, region: str | None = None) -> None:
        self.name = name
        self.options = _options(name, profile, region)
        self._session = boto3.Session(profile_name=profile or None, region_name=region or None)
        self._clients: dict[str, Any] = {}
        self.clock = SystemClock()

    @property
    def region(self) -> str:
        return self.dynamodb.meta.region_name

    def prepare(self) -> None:
        """Create the clients, and read settings and keys, before several threads use this."""
        for _ in (self.dynamodb, self.sqs, self.sesv2, self.cloudwatch, self.logs, self.s3, self.events, self.quota):
            pass
        self.setting("SESMAIL_DELIVERY_MODE", "")
        # Only what concerns an erased address needs the key.
        with suppress(TransientError):
            self.keys.tombstones_of("")

    def client(self, service: str) -> Any:
        """Return boto3's client of a service that has no adapter here."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, config=CLIENT_LIMITS)  # type: ignore[call-overload]
        return self._clients[service]

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        return self._session.client("dynamodb", config=CLIENT_LIMITS)

    @cached_property
    def sqs(self) -> SQSClient:
        return self._session.client("sqs", config=CLIENT_LIMITS)

    @cached_property
    def sesv2(self) -> SESV2Client:
        return self._session.client("sesv2", config=CLIENT_LIMITS)

    @cached_property
    def cloudwatch(self) -> Any:
        return self._session.client("cloudwatch", config=CLIENT_LIMITS)

    @cached_property
    def logs(self) -> Any:
        return self._session.client("logs", config=CLIENT_LIMITS)

    @cached_property
    def s3(self) -> S3Client:
        return self._session.client("s3", config=CLIENT_LIMITS)

    @cached_property
    def events(self) -> EventBridgeClient:
        return self._session.client("events", config=CLIENT_LIMITS)

    @property
    def template_bucket(self) -> str:
        """The bucket's name: from the sender's environment, since it may end with the region (`regional_names`)."""
        if known := self.setting("TEMPLATE_BUCKET", ""):
            return known
        account = self._session.client("sts", config=CLIENT_LIMITS).get_caller_identity()["Account"]
        return self.resource_name(f"templates-{account}")

    @cached_property
    def tracking(self) -> TrackingTable:
        return TrackingTable(self.dynamodb, self.resource_name("EmailTracking"))

    @cached_property
    def search(self) -> TrackingSearch:
        return TrackingSearch(self.dynamodb, self.resource_name("EmailTracking"))

    @cached_property
    def suppression(self) -> SuppressionTable:
        return SuppressionTable(self.dynamodb, self.resource_name("Suppression"), self.clock, self.keys.tombstones_of)

    @cached_property
    def keys(self) -> SecretKeys:
        return SecretKeys(self._session.client("ssm", config=CLIENT_LIMITS), self.name, self.clock)

    @cached_property
    def cancel_rules(self) -> CancelRules:
        return CancelRules(self.dynamodb, self.resource_name("Control"))

    @cached_property
    def states(self) -> ProducerStates:
        return ProducerStates(self.dynamodb, self.resource_name("Control"))

    @cached_property
    def counts(self) -> SendingCounts:
        return SendingCounts(self.dynamodb, self.resource_name("Control"))

    @cached_property
    def figures(self) -> DailyFigures:
        return DailyFigures(self.dynamodb, self.resource_name("Control"))

    @cached_property
    def caps(self) -> CapCounters:
        return CapCounters(self.dynamodb, self.resource_name("Control"))

    @cached_property
    def alarm_states(self) -> AlarmStates:
        return AlarmStates(self.dynamodb, self.resource_name("Control"), self.cloudwatch)

    @cached_property
    def quota(self) -> SesQuota:
        return SesQuota(self._session.client("ses", config=CLIENT_LIMITS), self.clock)

    @cached_property
    def bus(self) -> StatusBus:
        source = self.setting("SESMAIL_STATUS_EVENT_SOURCE", "sesmailengine")
        return StatusBus(self.events, self.resource_name("EmailBus"), source)

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        """The sender's environment as Terraform set it; empty where the role may not read it."""
        functions = self._session.client("lambda", config=CLIENT_LIMITS)
        with suppress(BotoCoreError, ClientError):
            answer = functions.get_function_configuration(FunctionName=self.resource_name("EmailSender"))
            return answer["Environment"]["Variables"]
        return {}

    def setting(self, name: str, default: str) -> str:
        """Return one of the engine's settings, by its environment variable."""
        return self._environment.get(name) or default

    @property
    def cooldown_seconds(self) -> float:
        return 60 * float(self.setting("SESMAIL_BREAKER_COOLDOWN_MINUTES", "60"))

    @property
    def breaker_limits(self) -> Limits:
        """The breaker's limits; Terraform's defaults where the role may not read the engine's settings."""
        return Limits(
            bounce_rate=float(self.setting("SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD", "0.05")),
            complaint_rate=float(self.setting("SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD", "0.001")),
            min_emails=int(self.setting("SESMAIL_BREAKER_MIN_EMAILS", "100")),
            min_bounces=int(self.setting("SESMAIL_BREAKER_MIN_BOUNCES", "10")),
            min_complaints=int(self.setting("SESMAIL_BREAKER_MIN_COMPLAINTS", "5")),
            cooldown_seconds=self.cooldown_seconds,
            pauses=self.setting("SESMAIL_BREAKER_MODE", "pause") == "pause",
        )

    @property
    def delivery(self) -> DeliveryState:
        allow = self.setting("SESMAIL_DELIVERY_ALLOW", "")
        return DeliveryState(
            mode=self.setting("SESMAIL_DELIVERY_MODE", "") or None,
            to=self.setting("SESMAIL_DELIVERY_TO", "") or None,
            allow=allow.split(",") if allow else (),
        )

    @property
    def brand(self) -> dict[str, str]:
        """The template variables that every email has by default, by name."""
        return msgspec.json.decode(self.setting("SESMAIL_BRAND", "{}"), type=dict[str, str])

    @property
    def soft_bounce_retries(self) -> int:
        return int(self.setting("SESMAIL_SOFT_BOUNCE_RETRIES", "1"))

    @property
    def retry_delay_seconds(self) -> float:
        return float(self.setting("SESMAIL_SOFT_BOUNCE_RETRY_DELAY_SECONDS", "900"))

    def ses_account(self) -> Mapping[str, Any]:
        """Return SES's state of the account; empty where the role may not read it, or the endpoint lacks SES v2."""
        with suppress(BotoCoreError, ClientError):
            return self.sesv2.get_account()
        return {}

    def resource_name(self, part: str) -> str:
        """Return the full name of a table, queue, function or topic."""
        return f"{self.name}-{part}"

    @property
    def dashboard_url(self) -> str:
        """The URL that Terraform's output `dashboard_url` has; with `regional_names`, the name ends with the region."""
        suffix = f"-{self.region}" if self.setting("TEMPLATE_BUCKET", "").endswith(f"-{self.region}") else ""
        domain = "console.amazonaws.cn" if self.region.startswith("cn-") else "console.aws.amazon.com"
        home = f"https://{self.region}.{domain}/cloudwatch/home?region={self.region}"
        return f"{home}#dashboards/dashboard/{self.name}{suffix}"

    def queue_url(self, queue: str) -> str:
        return self.sqs.get_queue_url(QueueName=self.resource_name(queue))["QueueUrl"]

    def depth(self, queue: str) -> QueueDepth:
        """Count a queue's messages; SQS's numbers are approximate."""
        kinds = ("", "NotVisible", "Delayed")
        names: list[Any] = [f"ApproximateNumberOfMessages{kind}" for kind in kinds]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=names)
        counts: Mapping[str, str] = dict(answer["Attributes"].items())
        waiting, in_flight, delayed = (int(counts[name]) for name in names)
        return QueueDepth(name=queue, waiting=waiting, in_flight=in_flight, delayed=delayed)

    def paused(self, sources: Collection[str]) -> Mapping[str, SendingState]:
        """Return the pauses of these producers and of the account."""
        states = self.states.states({ACCOUNT, *sources})
        return {source: state for source, state in states.items() if state.paused}
