"""How the engine is doing: pauses, what SES allows, what waits and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.stack import BUS_DEAD_LETTER_QUEUE, DEAD_LETTER_QUEUES, QueueDepth, Stack
from sesmail_cli.operator.words import pause_in_words
from sesmail_layer.domain.guards.pacing import Quota
from sesmail_layer.domain.guards.sending_state import SendingState

QUEUES = tuple(DEAD_LETTER_QUEUES)
DEAD_LETTERS = (BUS_DEAD_LETTER_QUEUE, *DEAD_LETTER_QUEUES.values())

# SQS reports its metrics every minute, some minutes late.
_METRIC_MINUTES = 15
_NEARLY_USED = 0.9


class SesState(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    max_send_rate: float
    """Recipients a second."""
    max_24_hour_send: float
    sent_last_24_hours: float
    share_used: float
    sending_enabled: bool | None = None
    """None: not known."""
    enforcement_status: str | None = None
    """`HEALTHY`, `PROBATION` or `SHUTDOWN`: what AWS thinks of the account."""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    region: str
    paused: Mapping[str, SendingState]
    """By event source; `*` is the whole account."""
    ses: SesState
    queues: Sequence[QueueDepth]
    dead_letter_queues: Sequence[QueueDepth]
    attention: Sequence[str] = ()
    """What somebody should look at, in words."""


def look(stack: Stack) -> Health:
    """Asks AWS for all of it. Raises botocore's errors and TransientError."""
    names = (*QUEUES, *DEAD_LETTERS)
    ages = _oldest_ages(stack, names)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        depths = dict(zip(names, pool.map(lambda name: _depth(stack, name, ages.get(name)), names), strict=True))
    health = Health(
        name=stack.name,
        region=stack.region,
        paused=stack.states.paused(),
        ses=_ses(stack, stack.quota.ask()),
        queues=[depths[name] for name in QUEUES],
        dead_letter_queues=[depths[name] for name in DEAD_LETTERS],
    )
    return msgspec.structs.replace(health, attention=list(_attention(health)))


def _attention(health: Health) -> Iterable[str]:
    for source, state in health.paused.items():
        yield f"paused: {pause_in_words(source, state)}"
    if health.ses.sending_enabled is False:
        yield "SES itself has paused sending for this account"
    if health.ses.enforcement_status in ("PROBATION", "SHUTDOWN"):
        yield f"AWS has put this account's sending under {health.ses.enforcement_status}"
    if health.ses.share_used >= _NEARLY_USED:
        yield f"{health.ses.share_used:.0%} of SES's 24-hour quota is used"
    for queue in health.dead_letter_queues:
        if queue.total:
            yield f"{queue.name} holds {queue.total}: see `sesmail redrive {queue.name}`"


def _depth(stack: Stack, name: str, age: float | None) -> QueueDepth:
    depth = stack.depth(name)
    return msgspec.structs.replace(depth, oldest_age_seconds=age) if depth.total else depth


def _oldest_ages(stack: Stack, names: Sequence[str]) -> Mapping[str, float]:
    """The ages are CloudWatch's; where it cannot be asked, they stay unknown."""
    now = datetime.fromtimestamp(stack.clock.now(), UTC)
    queries = [
        {
            "Id": f"q{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": stack.called(name)}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for number, name in enumerate(names)
    ]
    try:
        answer = stack.cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=now - timedelta(minutes=_METRIC_MINUTES),
            EndTime=now,
            ScanBy="TimestampDescending",
        )
    except (BotoCoreError, ClientError):
        return {}
    newest = {result["Id"]: result["Values"][0] for result in answer["MetricDataResults"] if result["Values"]}
    return {name: newest[f"q{number}"] for number, name in enumerate(names) if f"q{number}" in newest}


def _ses(stack: Stack, quota: Quota) -> SesState:
    state = SesState(
        max_send_rate=quota.max_send_rate,
        max_24_hour_send=quota.max_24_hour_send,
        sent_last_24_hours=quota.sent_last_24_hours,
        share_used=round(1 - quota.share_left, 4),
    )
    try:
        account = stack.sesv2.get_account()
    except (BotoCoreError, ClientError):
        return state  # A right that a role may lack, an emulator that has no SES v2: the quota is known all the same.
    return msgspec.structs.replace(
        state,
        sending_enabled=account.get("SendingEnabled"),
        enforcement_status=account.get("EnforcementStatus"),
    )
