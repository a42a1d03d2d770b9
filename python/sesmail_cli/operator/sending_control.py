"""Pause and resume sending, of one producer or of all, without printing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from sesmail_cli.operator.command import UsageError
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import SES_ALARMS, SES_METRICS, counts_to_exclude, opened, ses_metrics_reason
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, resumed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_seconds, utc_text
from sesmail_layer.runtime.metrics import NAMESPACE, settled_at
from sesmail_layer.usecases.find import Criteria, find

if TYPE_CHECKING:
    from sesmail_cli.operator.engine import Engine

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorizedForSourceException"})
_LOOK_SECONDS = 3_600.0
_RECENT_SECONDS = 2 * 86_400.0
_RECENT_PAGES = 5
_LISTED = 20


class Warned(msgspec.Struct, frozen=True):
    """A side effect of the pause that failed: a headline, its reason, and what to do."""

    what: str
    reason: str
    advice: str = ""


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    state: SendingState
    warnings: Sequence[Warned]
    hold_hours: str
    """Emails that are held for longer fail."""


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    before: SendingState | None
    """The pause that ended; None: there was none."""
    refused: Sequence[str]
    """Why all sending stays paused: alarms on SES's own rates that fire. Empty: it was resumed."""
    still_paused: Mapping[str, SendingState]
    warnings: Sequence[Warned]


def pause_sending(engine: Engine, source: str, reason: str) -> Paused:
    """Pause one producer's sending, or all (`*`). Raises TransientError."""
    now = engine.clock.now()
    state = engine.states.pause(source, reason, now)
    warnings = [
        *_publish(engine, paused_event(source, state, 0)),
        *_emit(engine, 1, [now, settled_at(now)]),
        *_exclude(engine, source, now),
    ]
    hours = engine.setting("SESMAIL_MAX_HOLD_HOURS", "24")
    return Paused(source=source, state=state, warnings=warnings, hold_hours=hours)


def resume_sending(engine: Engine, source: str, reason: str, *, force: bool) -> Resumed:
    """End a pause, an operator's or the breaker's. Where an alarm on SES's own rates fires, all sending stays paused,
    unless `force` is given. Raises TransientError."""
    now = engine.clock.now()
    account = engine.states.states([ACCOUNT]).get(ACCOUNT, SendingState())
    firing, warnings = _firing(engine) if source == ACCOUNT and account.paused else ({}, [])
    if firing and not force:
        return _stay_paused(engine, account, firing, warnings, now)
    if firing:
        engine.alarm_states.postpone_look(now, _LOOK_SECONDS)
    warnings += _exclude(engine, source, now)
    before = engine.states.resume(source, now)
    still_paused = engine.states.paused()
    if before is not None:
        warnings += _publish(engine, resumed_event(source, reason, "operator", now))
        warnings += _emit(engine, 1, [now]) if still_paused else _emit(engine, 0, [_end_for_the_alarm(before, now)])
    return Resumed(source=source, before=before, refused=[], still_paused=still_paused, warnings=warnings)


# --- producers --------------------------------------------------------------------------------------------------------


def check_producer(engine: Engine, source: str, otherwise: str = "") -> None:
    """Raises UsageError where no producer of that name is known: a typo would pause no one.

    `otherwise` says what helps where the name is right.
    """
    if unknown := why_unknown(engine, source):
        raise UsageError(f"{unknown} {otherwise}".strip())


def why_unknown(engine: Engine, source: str) -> str | None:
    """Say that no producer of that name is known, and which are; None: it is known.

    One that only schedules, and less than others send, may be unknown all the same. Raises UsageError for `*`.
    """
    if source == ACCOUNT:
        raise UsageError("'*' is no producer: give --all for all sending.")
    now = engine.clock.now()
    if engine.states.knows(source, now) or _has_sent(engine, source, now):
        return None
    known = known_producers(engine)
    near = difflib.get_close_matches(source, known, 1)
    listed = ", ".join(known[:_LISTED]) + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"This engine knows no producer '{source}'.{hint} Known: {listed or 'none yet'}."


def known_producers(engine: Engine) -> Sequence[str]:
    """Return the sources that are in `producers`, have sent in the last days, or are paused. Scans the control table.

    Raises TransientError.
    """
    return engine.states.known_sources()


def _has_sent(engine: Engine, source: str, now: float) -> bool:
    """Return True where one of the newest emails is of that source: one that only schedules is counted nowhere.

    Looks at some thousand emails of all producers.
    """
    criteria = Criteria(since=utc_text(now - _RECENT_SECONDS), until=utc_text(now), producer=source)
    cursor = None
    for _ in range(_RECENT_PAGES):
        page = find(engine.search, engine.tracking, criteria, limit=1, cursor=cursor)
        if page.records or page.cursor is None:
            return bool(page.records)
        cursor = page.cursor
    return False


# --- the account's rate -----------------------------------------------------------------------------------------------


def _exclude(engine: Engine, source: str, now: float) -> list[Warned]:
    """Exclude a paused producer's counts from the account's rate, as the breaker does; once a pause."""
    try:
        tally = engine.counts.read([source], now)[source]
        if source != ACCOUNT and tally.state.paused and not tally.state.excluded:
            engine.counts.exclude(source, counts_to_exclude(tally), now)
    except TransientError as error:
        what = "The account's rate still counts this producer's emails"
        advice = "The engine excludes them with the producer's next bounce or complaint."
        return [Warned(what, error.message, advice)]
    return []


def _firing(engine: Engine) -> tuple[dict[str, str], list[Warned]]:
    """Return the alarms on SES's own rates that fire, with what each measures; none where breaker_mode is alarm."""
    if engine.setting("SESMAIL_BREAKER_MODE", "pause") != "pause":
        return {}, []
    measured = {f"{engine.name}-{end}": what for end, what in SES_ALARMS.items()}
    try:
        return {name: measured[name] for name in engine.alarm_states.firing(measured)}, []
    except TransientError as error:
        what = "The alarms on SES's own rates could not be read"
        advice = "Allow cloudwatch:DescribeAlarms. The engine looks at them within the hour."
        return {}, [Warned(what, error.message, advice)]


def _stay_paused(
    engine: Engine, before: SendingState, firing: Mapping[str, str], warnings: list[Warned], now: float
) -> Resumed:
    """Trip the breaker again in place of whatever had paused the account, as the engine does where an alarm fires."""
    reasons = [ses_metrics_reason(measured, name) for name, measured in firing.items()]
    after = opened(SendingState(counts_from=before.counts_from), SES_METRICS, "; ".join(reasons), None, now)
    if after is not None and before.trip != SES_METRICS and engine.states.replace(ACCOUNT, before, after):
        warnings += _publish(engine, paused_event(ACCOUNT, after, 0))
        warnings += _emit(engine, 1, [now, settled_at(now)])
    still_paused = engine.states.paused()
    return Resumed(source=ACCOUNT, before=before, refused=reasons, still_paused=still_paused, warnings=warnings)


# --- subscribers and the alarm ----------------------------------------------------------------------------------------


def _publish(engine: Engine, event: SendingEvent) -> list[Warned]:
    """Publish the event that the breaker would publish; the pause is in force either way."""
    error = engine.bus.announce(event)
    if not error:
        return []
    advice = "It is in force anyway. To publish it, add your role to operator_principals in Terraform."
    return [
        Warned(f"'{event.detail_type}' was not published to subscribers", error, advice if error in _DENIED else "")
    ]


def _emit(engine: Engine, value: float, times: Sequence[float]) -> list[Warned]:
    """Emit the metric of the alarm `Sending-Paused`, as the functions do: without mail none of them runs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    """
    dimensions = [{"Name": "Name", "Value": engine.name}]
    metric = {"MetricName": "SendingPaused", "Dimensions": dimensions, "Value": value}
    data = [metric | {"Timestamp": datetime.fromtimestamp(at, UTC)} for at in times]
    try:
        engine.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
    except (BotoCoreError, ClientError) as error:
        what = f"The alarm {engine.name}-Sending-Paused changes only with the next email"
        return [Warned(what, type(error).__name__, f"Allow cloudwatch:PutMetricData in the namespace {NAMESPACE}.")]
    return []


def _end_for_the_alarm(before: SendingState, now: float) -> float:
    """Return the minute of the 0 after a pause: the alarm would not see it in a minute that has a 1.

    The command's last 1 counts from the time of the pause, the breaker's from the end of its function, at most a minute
    later.
    """
    try:
        last_of_pause = settled_at(utc_seconds(before.paused_at))
    except ValueError:  # Somebody else wrote the state.
        return settled_at(now)
    later = 60 if before.paused_by == "operator" else 120
    return max(settled_at(now), last_of_pause + later)
