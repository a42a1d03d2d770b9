"""The engine's health as data: what it sends, pauses, held mail, SES, alarms, queues and the age of their messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES, QUEUES, DeliveryState, Engine, QueueDepth
from sesmail_cli.operator.format import describe_pause, describe_rejected_cancellations
from sesmail_cli.operator.traffic import AccountTraffic, read_traffic
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.find import LARGEST_PAGE, Criteria, find

# SQS reports its metrics every minute, but some minutes late.
_METRIC_MINUTES = 15
_HIGH_QUOTA_USE = 0.9
_DAY_SECONDS = 86_400
RETRY_QUEUES = ("RetryQueue", "BulkRetryQueue")
_ALARM_KINDS = ("MetricAlarms", "CompositeAlarms")


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
    sandbox: bool | None = None
    """True: SES takes mail to verified addresses only."""


class HeldMail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Emails whose record says `deferred`, by its `deferReason`."""

    by_reason: Mapping[str, int]
    searched_back_to: str
    complete: bool
    """False: there may be more from before `searchedBackTo`."""


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    region: str
    delivery: DeliveryState
    paused: Mapping[str, SendingState]
    """By event source; `*` is the whole account."""
    ses: SesState
    traffic: AccountTraffic
    held: HeldMail | None
    """None: no message waits on a retry queue."""
    alarms: Sequence[str] | None
    """The engine's alarms that fire; None: not known."""
    rejected_cancellations: int | None
    """`Email Cancel Requested` events that the sender rejected in the last 24 hours; None: not known."""
    dashboard: str
    """CloudWatch's page with the engine's charts."""
    queues: Sequence[QueueDepth]
    dead_letter_queues: Sequence[QueueDepth]
    attention: Sequence[str] = ()
    """What an operator should look at, one sentence each."""
    verdict: str = ""
    """The answer in one sentence."""


def check_health(engine: Engine) -> Health:
    """Read the engine's state from AWS. Raises botocore's errors and TransientError."""
    names = (*QUEUES, *DEAD_LETTER_QUEUES)
    ages = _oldest_ages(engine, names)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        depths = dict(zip(names, pool.map(lambda name: _depth(engine, name, ages.get(name)), names), strict=True))
    producers = engine.states.all()
    health = Health(
        name=engine.name,
        region=engine.region,
        delivery=engine.delivery,
        paused=producers.states,
        ses=_ses(engine),
        traffic=read_traffic(engine, producers.policies, producers.states),
        held=_held(engine) if any(depths[name].total for name in RETRY_QUEUES) else None,
        alarms=_firing(engine),
        rejected_cancellations=_rejected_cancellations(engine),
        dashboard=engine.dashboard_url,
        queues=[depths[name] for name in QUEUES],
        dead_letter_queues=[depths[name] for name in DEAD_LETTER_QUEUES],
    )
    attention = list(_attention(health))
    return msgspec.structs.replace(health, attention=attention, verdict=_verdict(health, attention))


def _verdict(health: Health, attention: Sequence[str]) -> str:
    day = health.traffic.last_day
    sent = f"{day.sent:,} emails sent in the last 24 hours" if day.sent else "no email sent in the last 24 hours"
    if attention:
        return f"{len(attention)} {'thing needs' if len(attention) == 1 else 'things need'} attention; {sent}"
    return f"All is well; {sent}"


def _attention(health: Health) -> Iterable[str]:
    for source, state in health.paused.items():
        yield f"paused: {describe_pause(source, state)}"
    if health.ses.sending_enabled is False:
        yield "SES has paused sending for this account"
    if health.ses.enforcement_status in ("PROBATION", "SHUTDOWN"):
        yield f"AWS has put this account's sending under {health.ses.enforcement_status}"
    if health.ses.share_used >= _HIGH_QUOTA_USE:
        yield f"{health.ses.share_used:.0%} of SES's 24-hour quota is used"
    traffic = health.traffic
    for scope, above in (
        ("the account", traffic.above),
        *((f"'{one.source}'", one.above) for one in traffic.producers),
    ):
        if above:
            yield f"{scope}: {above}: run `sesmail report --by producer`"
    # The states above say what is paused. The alarm on pauses follows them, some minutes late.
    for alarm in (name for name in health.alarms or () if not name.endswith("-Sending-Paused")):
        yield f"the alarm {alarm} fires: its description in CloudWatch names the command"
    yield from map(describe_rejected_cancellations, filter(None, [health.rejected_cancellations]))
    for queue in health.dead_letter_queues:
        if queue.total:
            yield f"{queue.name} holds {queue.total}: run `sesmail redrive {queue.name}`"


def _depth(engine: Engine, name: str, age: float | None) -> QueueDepth:
    depth = engine.depth(name)
    return msgspec.structs.replace(depth, oldest_age_seconds=age) if depth.total else depth


def _oldest_ages(engine: Engine, names: Sequence[str]) -> Mapping[str, float]:
    """Read the ages from CloudWatch; empty where the role may not read them."""
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
    values = _values(engine, queries, timedelta(minutes=_METRIC_MINUTES)) or {}
    newest = {found: some[0] for found, some in values.items() if some}
    return {name: newest[f"q{number}"] for number, name in enumerate(names) if f"q{number}" in newest}


def _rejected_cancellations(engine: Engine) -> int | None:
    metric = {
        "Namespace": "SESMail",
        "MetricName": "CancelRejected",
        "Dimensions": [{"Name": "Name", "Value": engine.name}],
    }
    query = {"Id": "rejected", "MetricStat": {"Metric": metric, "Period": 3_600, "Stat": "Sum"}}
    values = _values(engine, [query], timedelta(days=1))
    return None if values is None else round(sum(values.get("rejected", ())))


def _values(
    engine: Engine, queries: Sequence[Mapping[str, Any]], period: timedelta
) -> Mapping[str, Sequence[float]] | None:
    """Read metrics, the newest values first, by the queries' ids; None where the role may not read them."""
    now = datetime.fromtimestamp(engine.clock.now(), UTC)
    try:
        answer = engine.cloudwatch.get_metric_data(
            MetricDataQueries=queries, StartTime=now - period, EndTime=now, ScanBy="TimestampDescending"
        )
    except (BotoCoreError, ClientError):
        return None
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


def _ses(engine: Engine) -> SesState:
    quota, account = engine.quota.ask(), engine.ses_account()
    return SesState(
        max_send_rate=quota.max_send_rate,
        max_24_hour_send=quota.max_24_hour_send,
        sent_last_24_hours=quota.sent_last_24_hours,
        share_used=round(1 - quota.share_left, 4),
        sending_enabled=account.get("SendingEnabled"),
        enforcement_status=account.get("EnforcementStatus"),
        sandbox=None if "ProductionAccessEnabled" not in account else not account["ProductionAccessEnabled"],
    )


def held_criteria(engine: Engine) -> Criteria:
    """Select deferred emails of the longest time that one may wait."""
    now = engine.clock.now()
    longest = _DAY_SECONDS * int(engine.setting("SESMAIL_MAX_SCHEDULE_DAYS", "30"))
    return Criteria(since=utc_text(now - longest), until=utc_text(now), statuses=(Status.DEFERRED,))


def _held(engine: Engine) -> HeldMail:
    """Count them within the reads of one page of `find`."""
    page = find(engine.search, engine.tracking, held_criteria(engine), limit=LARGEST_PAGE)
    return HeldMail(
        by_reason=dict(Counter(record.defer_reason or "unknown" for record in page.records).most_common()),
        searched_back_to=page.searched_back_to,
        complete=page.cursor is None,
    )


def _firing(engine: Engine) -> Sequence[str] | None:
    """Return the engine's alarms that fire; None where the role may not read them."""
    pages = engine.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{engine.name}-", StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    try:
        found = [alarm for page in pages for kind in _ALARM_KINDS for alarm in page.get(kind, [])]
    except (BotoCoreError, ClientError):
        return None
    return sorted(alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM")
