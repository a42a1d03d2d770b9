"""The engine's health: pauses, SES's quota and state, queues and the age of their messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES, QUEUES, DeliveryState, Engine, QueueDepth
from sesmail_cli.operator.format import describe_pause
from sesmail_layer.domain.guards.sending_state import SendingState

# SQS reports its metrics every minute, but some minutes late.
_METRIC_MINUTES = 15
_HIGH_QUOTA_USE = 0.9


class SesState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    max_send_rate: float
    """Recipients a second."""
    max_24_hour_send: float
    sent_last_24_hours: float
    share_used: float
    sending_enabled: bool | None = None
    """None: not known."""
    enforcement_status: str | None = None
    """AWS's rating of the account: `HEALTHY`, `PROBATION` or `SHUTDOWN`."""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    region: str
    delivery: DeliveryState
    paused: Mapping[str, SendingState]
    """By event source; `*` is the whole account."""
    ses: SesState
    queues: Sequence[QueueDepth]
    dead_letter_queues: Sequence[QueueDepth]
    attention: Sequence[str] = ()
    """What an operator should look at, one sentence each."""


def check_health(engine: Engine) -> Health:
    """Read the engine's state from AWS. Raises botocore's errors and TransientError."""
    names = (*QUEUES, *DEAD_LETTER_QUEUES)
    ages = _oldest_ages(engine, names)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        depths = dict(zip(names, pool.map(lambda name: _depth(engine, name, ages.get(name)), names), strict=True))
    health = Health(
        name=engine.name,
        region=engine.region,
        delivery=engine.delivery,
        paused=engine.states.paused(),
        ses=_ses(engine),
        queues=[depths[name] for name in QUEUES],
        dead_letter_queues=[depths[name] for name in DEAD_LETTER_QUEUES],
    )
    return msgspec.structs.replace(health, attention=list(_attention(health)))


def _attention(health: Health) -> Iterable[str]:
    for source, state in health.paused.items():
        yield f"paused: {describe_pause(source, state)}"
    if health.ses.sending_enabled is False:
        yield "SES has paused sending for this account"
    if health.ses.enforcement_status in ("PROBATION", "SHUTDOWN"):
        yield f"AWS has put this account's sending under {health.ses.enforcement_status}"
    if health.ses.share_used >= _HIGH_QUOTA_USE:
        yield f"{health.ses.share_used:.0%} of SES's 24-hour quota is used"
    for queue in health.dead_letter_queues:
        if queue.total:
            yield f"{queue.name} holds {queue.total}: run `sesmail redrive {queue.name}`"


def _depth(engine: Engine, name: str, age: float | None) -> QueueDepth:
    depth = engine.depth(name)
    return msgspec.structs.replace(depth, oldest_age_seconds=age) if depth.total else depth


def _oldest_ages(engine: Engine, names: Sequence[str]) -> Mapping[str, float]:
    """Read the ages from CloudWatch; empty where the role may not read them."""
    now = datetime.fromtimestamp(engine.clock.now(), UTC)
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": engine.resource_name(name)}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for number, name in enumerate(names)
    ]
    try:
        answer = engine.cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=now - timedelta(minutes=_METRIC_MINUTES),
            EndTime=now,
            ScanBy="TimestampDescending",
        )
    except (BotoCoreError, ClientError):
        return {}
    newest = {result["Id"]: result["Values"][0] for result in answer["MetricDataResults"] if result["Values"]}
    return {name: newest[f"q{number}"] for number, name in enumerate(names) if f"q{number}" in newest}


def _ses(engine: Engine) -> SesState:
    quota, account = engine.quota.ask(), engine.ses_account()
    return SesState(
        max_send_rate=quota.max_send_rate,
        max_24_hour_send=quota.max_24_hour_send,
        sent_last_24_hours=quota.sent_last_24_hours,
        share_used=round(1 - quota.share_left, 4),
        sending_enabled=account.get("SendingEnabled"),
        enforcement_status=account.get("EnforcementStatus"),
    )
