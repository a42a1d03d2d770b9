"""The engine at a glance, in three requests: one to the control table, two to CloudWatch.

The control table has what the breaker counts. Queues and alarms are CloudWatch's, which are some minutes late.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.engine import DEAD_LETTER_QUEUES, QUEUES, Engine
from sesmail_layer.domain.guards.breaker import (
    WINDOWS_SECONDS,
    Counts,
    Timeline,
    counts_in_force,
    sum_window,
)
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState

HOURS = 24
_HOUR_SECONDS = 3_600
_METRIC_SECONDS = 300
_NEWEST_SECONDS = 900
"""A value that is older is not shown as the state of now."""
_MOST_ALARMS = 100
_KINDS = {"waiting": "Visible", "in_flight": "NotVisible", "delayed": "Delayed"}
_ENGINE_METRICS = {"deferred": "EmailDeferred", "failed": "EmailFailed", "rejected": "CancelRejected"}


class Window(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the breaker counts in its last hour or day."""

    hours: int
    counts: Counts

    @property
    def bounce_rate(self) -> float:
        return self.counts.bounces / self.counts.emails if self.counts.emails else 0.0

    @property
    def complaint_rate(self) -> float:
        return self.counts.complaints / self.counts.emails if self.counts.emails else 0.0


class QueueLevel(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A queue as CloudWatch last saw it; None: not known."""

    name: str
    waiting: int | None = None
    in_flight: int | None = None
    delayed: int | None = None
    oldest_age_seconds: float | None = None
    history: Sequence[float] = ()
    """Messages that wait, by five minutes, the oldest first."""

    @property
    def total(self) -> int | None:
        known = [count for count in (self.waiting, self.in_flight, self.delayed) if count is not None]
        return sum(known) if known else None


class Alarm(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    state: str
    """`OK`, `ALARM` or `INSUFFICIENT_DATA`."""
    since: float
    """Unix seconds."""
    description: str = ""


class Overview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    at: float
    """Unix seconds."""
    paused: Mapping[str, SendingState | None]
    """By producer; `*` is the account. None: it is paused, and its state has not been read."""
    flow: Sequence[Counts]
    """By hour, the oldest first; the last one is the current hour."""
    deferred: Sequence[float]
    failed: Sequence[float]
    rejected_cancellations: int
    """`Email Cancel Requested` events that the sender rejected in the last 24 hours."""
    windows: Sequence[Window]
    bounce_limit: float
    complaint_limit: float
    queues: Sequence[QueueLevel]
    dead_letter_queues: Sequence[QueueLevel]
    quota_used: float | None
    alarms: Sequence[Alarm] | None
    """None: they could not be read."""
    unread: Sequence[str]
    """What this role may not read, one sentence each."""

    @property
    def firing(self) -> Sequence[Alarm]:
        return [alarm for alarm in self.alarms or () if alarm.state == "ALARM"]


def read_overview(engine: Engine, known: Collection[str] = ()) -> Overview:
    """Read the overview; the pauses of the `known` producers are read with their reasons. Raises TransientError."""
    now = engine.clock.now()
    reading = engine.counts.read_account(known, now)
    unread: list[str] = []
    metrics = _metrics(engine, now, unread)
    in_force = _without(counts_in_force(reading.tally), reading.excluded)
    paused: dict[str, SendingState | None] = dict.fromkeys(sorted(reading.pauses))
    paused |= {source: state for source, state in reading.states.items() if state.paused}
    used = metrics.get("quota", [])
    return Overview(
        at=now,
        paused={source: paused[source] for source in sorted(paused, key=lambda one: (one != ACCOUNT, one))},
        flow=by_hour(reading.tally.timeline, now),
        deferred=_hourly(metrics.get("deferred", []), now),
        failed=_hourly(metrics.get("failed", []), now),
        rejected_cancellations=round(sum(value for _, value in metrics.get("rejected", []))),
        windows=[
            Window(hours=seconds // _HOUR_SECONDS, counts=sum_window(in_force, now, seconds))
            for seconds in WINDOWS_SECONDS
        ],
        bounce_limit=float(engine.setting("SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD", "0.05")),
        complaint_limit=float(engine.setting("SESMAIL_COMPLAINT_RATE_PAUSE_THRESHOLD", "0.001")),
        queues=[_queue(name, metrics, now) for name in QUEUES],
        dead_letter_queues=[_queue(name, metrics, now) for name in DEAD_LETTER_QUEUES],
        quota_used=used[-1][1] if used else None,
        alarms=_alarms(engine, unread),
        unread=unread,
    )


def _without(timeline: Timeline, excluded: Timeline) -> Timeline:
    return {start: counts - excluded.get(start, Counts()) for start, counts in timeline.items()}


def by_hour(timeline: Timeline, now: float) -> Sequence[Counts]:
    """Sum counts by hour of the last 24, the current one last; `now` in Unix seconds."""
    hours = [Counts()] * HOURS
    current = int(now) // _HOUR_SECONDS
    for start, counts in timeline.items():
        place = HOURS - 1 - (current - start // _HOUR_SECONDS)
        if 0 <= place < HOURS:
            hours[place] += counts
    return hours


# --- CloudWatch -------------------------------------------------------------------------------------------------------

Series = Sequence[tuple[float, float]]
"""(Unix seconds, value), the oldest first."""


def _metrics(engine: Engine, now: float, unread: list[str]) -> Mapping[str, Series]:
    """Read all series in one request; none where the role may not read them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    labels, queries = _queries(engine)
    end = datetime.fromtimestamp(now, UTC)
    try:
        answer = engine.cloudwatch.get_metric_data(
            MetricDataQueries=queries,
            StartTime=end - timedelta(hours=HOURS),
            EndTime=end,
            ScanBy="TimestampAscending",
        )
    except (BotoCoreError, ClientError) as err:
        unread.append(f"Queues and failures could not be read: allow cloudwatch:GetMetricData ({type(err).__name__}).")
        return {}
    return {
        labels[result["Id"]]: [
            (at.timestamp(), value) for at, value in zip(result["Timestamps"], result["Values"], strict=True)
        ]
        for result in answer["MetricDataResults"]
    }


def _queries(engine: Engine) -> tuple[Mapping[str, str], Sequence[Mapping[str, Any]]]:
    """Return the queries, and what each is for by its id."""
    wanted: list[tuple[str, Mapping[str, Any], str, int]] = []
    for queue in (*QUEUES, *DEAD_LETTER_QUEUES):
        dimension = [{"Name": "QueueName", "Value": engine.resource_name(queue)}]
        names = {kind: f"ApproximateNumberOfMessages{end}" for kind, end in _KINDS.items()}
        for kind, name in (names | {"age": "ApproximateAgeOfOldestMessage"}).items():
            metric = {"Namespace": "AWS/SQS", "MetricName": name, "Dimensions": dimension}
            wanted.append((f"{queue}/{kind}", metric, "Maximum", _METRIC_SECONDS))
    own = [{"Name": "Name", "Value": engine.name}]
    for kind, name in _ENGINE_METRICS.items():
        metric = {"Namespace": "SESMail", "MetricName": name, "Dimensions": own}
        wanted.append((kind, metric, "Sum", _HOUR_SECONDS))
    quota = {"Namespace": "SESMail", "MetricName": "DailyQuotaUsed", "Dimensions": own}
    wanted.append(("quota", quota, "Maximum", _METRIC_SECONDS))
    queries = [
        {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Stat": stat, "Period": period}}
        for number, (_, metric, stat, period) in enumerate(wanted)
    ]
    return {f"q{number}": label for number, (label, *_) in enumerate(wanted)}, queries


def _queue(name: str, metrics: Mapping[str, Series], now: float) -> QueueLevel:
    counts = {kind: _newest(metrics.get(f"{name}/{kind}", ()), now) for kind in _KINDS}
    whole = {kind: None if count is None else round(count) for kind, count in counts.items()}
    return QueueLevel(
        name=name,
        **whole,
        oldest_age_seconds=_newest(metrics.get(f"{name}/age", ()), now) if any(whole.values()) else None,
        history=[value for _, value in metrics.get(f"{name}/waiting", ())],
    )


def _newest(series: Series, now: float) -> float | None:
    return series[-1][1] if series and now - series[-1][0] <= _NEWEST_SECONDS else None


def _hourly(series: Series, now: float) -> Sequence[float]:
    hours = [0.0] * HOURS
    for at, value in series:
        place = HOURS - 1 - int((now - at) // _HOUR_SECONDS)
        if 0 <= place < HOURS:
            hours[place] += value
    return hours


def _alarms(engine: Engine, unread: list[str]) -> Sequence[Alarm] | None:
    """Read the engine's alarms, those that fire first; None where the role may not read them."""
    try:
        answer = engine.cloudwatch.describe_alarms(
            AlarmNamePrefix=f"{engine.name}-", AlarmTypes=["MetricAlarm"], MaxRecords=_MOST_ALARMS
        )
    except (BotoCoreError, ClientError) as err:
        unread.append(f"Alarms could not be read: allow cloudwatch:DescribeAlarms ({type(err).__name__}).")
        return None
    alarms = [
        Alarm(
            name=alarm["AlarmName"].removeprefix(f"{engine.name}-"),
            state=alarm["StateValue"],
            since=alarm["StateUpdatedTimestamp"].timestamp(),
            description=alarm.get("AlarmDescription", ""),
        )
        for alarm in answer["MetricAlarms"]
    ]
    return sorted(alarms, key=lambda alarm: (alarm.state != "ALARM", alarm.name))
