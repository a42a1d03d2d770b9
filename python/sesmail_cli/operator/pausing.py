"""`sesmail pause` and `sesmail resume`: stop and restart all sending, or one producer's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from sesmail_cli.operator.command import ATTENTION, OK, CommandContext
from sesmail_cli.operator.format import describe_pause, scope
from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.breaker import SES_ALARMS, SES_METRICS, counts_to_exclude, opened, ses_metrics_reason
from sesmail_layer.domain.guards.sending_event import SendingEvent, paused_event, resumed_event
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_seconds
from sesmail_layer.runtime.metrics import NAMESPACE

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorizedForSourceException"})
# The alarm sees the largest value of each minute: a pause that ends in its first minute would outlast itself there.
_METRIC_SECONDS = 60
_LOOK_SECONDS = 3_600.0

Producer = Annotated[
    str,
    typer.Option("--producer", metavar="SOURCE", help="One producer's event source; default: all sending."),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; shown in status, and sent to subscribers.")]
Force = Annotated[
    bool, typer.Option("--force", help="Resume all sending for an hour although an alarm on SES's own rates fires.")
]


def pause(context: CommandContext, *, producer: Producer = ACCOUNT, reason: Reason = "") -> int:
    """Pause all sending, or one producer's. Nothing is lost: emails wait, and are sent after `sesmail resume`."""
    engine = context.engine
    now = engine.clock.now()
    state = engine.states.pause(producer, reason, now)
    _publish(context, paused_event(producer, state, 0))
    _emit(context, paused=True, at=now)
    _exclude(context, producer, now)
    context.print_json({"source": producer, "state": state})
    context.print(f"[yellow]Paused:[/] {escape(describe_pause(producer, state))}")
    if producer != ACCOUNT:
        context.print(f"It applies to events with exactly this source: '{escape(producer)}'.")
    hours = engine.setting("SESMAIL_MAX_HOLD_HOURS", "24")
    context.print(f"In force everywhere within 15 seconds. Emails held for longer than {hours} h fail as 'expired'.")
    return OK


def resume(context: CommandContext, *, producer: Producer = ACCOUNT, reason: Reason = "", force: Force = False) -> int:
    """End a pause, an operator's or the breaker's. Earlier bounces and complaints no longer count.

    Where an alarm on SES's own rates of the account fires, all sending stays paused, unless you give `--force`.
    """
    engine = context.engine
    now = engine.clock.now()
    account = engine.states.states([ACCOUNT]).get(ACCOUNT, SendingState())
    firing = _firing(context) if producer == ACCOUNT and account.paused else {}
    if firing and not force:
        return _stay_paused(context, account, firing, now)
    if firing:
        engine.alarm_states.postpone_look(now, _LOOK_SECONDS)
    _exclude(context, producer, now)
    before = engine.states.resume(producer, now)
    still_paused = engine.states.paused()
    if before is not None:
        _publish(context, resumed_event(producer, reason, "operator", now))
        _emit(context, paused=bool(still_paused), at=_first_minute_without(before, now))
    context.print_json(
        {"source": producer, "resumed": before is not None, "before": before, "stillPaused": still_paused}
    )
    if before is None:
        context.print(f"Nothing to do: {escape(scope(producer))} was not paused.")
    else:
        context.print(f"[green]Resumed.[/] It was paused: {escape(describe_pause(producer, before))}")
        context.print("Held emails are checked about every minute, and then sent at the engine's rate.")
    for source, state in still_paused.items():
        context.note(f"[yellow]Still paused:[/] {escape(describe_pause(source, state))}")
    return OK


def _exclude(context: CommandContext, producer: str, now: float) -> None:
    """Exclude a paused producer's counts from the account's rate, as the breaker does; once a pause."""
    counts = context.engine.counts
    try:
        tally = counts.read([producer], now)[producer]
        if producer != ACCOUNT and tally.state.paused and not tally.state.excluded:
            counts.exclude(producer, counts_to_exclude(tally), now)
    except TransientError as error:
        context.note(f"[yellow]The account's rate still counts this producer's emails:[/] {escape(error.message)}")
        context.note("The engine excludes them with the producer's next bounce or complaint.")


# --- SES's own metrics ----------------------------------------------------------------------------------------------


def _firing(context: CommandContext) -> dict[str, str]:
    """Return the alarms on SES's own rates that fire, with what each measures; none where breaker_mode is alarm."""
    engine = context.engine
    if engine.setting("SESMAIL_BREAKER_MODE", "pause") != "pause":
        return {}
    measured = {f"{engine.name}-{end}": what for end, what in SES_ALARMS.items()}
    try:
        return {name: measured[name] for name in engine.alarm_states.firing(measured)}
    except TransientError as error:
        context.note(f"[yellow]The alarms on SES's own rates could not be read:[/] {escape(error.message)}")
        context.note("Allow cloudwatch:DescribeAlarms. The engine looks at them within the hour.")
        return {}


def _stay_paused(context: CommandContext, before: SendingState, firing: dict[str, str], now: float) -> int:
    """Trip the breaker again in place of whatever had paused the account, as the engine does where an alarm fires."""
    engine = context.engine
    reason = "; ".join(ses_metrics_reason(measured, name) for name, measured in firing.items())
    after = opened(SendingState(counts_from=before.counts_from), SES_METRICS, reason, None, now)
    if after is not None and before.trip != SES_METRICS and engine.states.replace(ACCOUNT, before, after):
        _publish(context, paused_event(ACCOUNT, after, 0))
        _emit(context, paused=True, at=now)
    context.print_json({"source": ACCOUNT, "resumed": False, "before": before, "stillPaused": engine.states.paused()})
    context.note(f"[red]Not resumed:[/] {escape(reason)}.")
    context.note("SES pauses accounts at 10 % bounces or 0.5 % complaints. Stop the cause first: sesmail status.")
    context.note("To send for an hour all the same, and bring the rate down: sesmail resume --force.")
    return ATTENTION


# --- subscribers and the alarm ----------------------------------------------------------------------------------------


def _publish(context: CommandContext, event: SendingEvent) -> None:
    """Publish the event that the breaker would publish; the pause is in force either way."""
    error = context.engine.bus.announce(event)
    if error:
        context.note(f"[yellow]'{event.detail_type}' was not published to subscribers:[/] {escape(error)}")
    if error in _DENIED:
        context.note("It is in force all the same. To publish it, add your role to operator_principals in Terraform.")


def _emit(context: CommandContext, *, paused: bool, at: float) -> None:
    """Emit the metric of the alarm `Sending-Paused`, as the functions do: without mail none of them runs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
    """
    engine = context.engine
    metric = {
        "MetricName": "SendingPaused",
        "Dimensions": [{"Name": "Name", "Value": engine.name}],
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": float(paused),
    }
    try:
        engine.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=[metric])
    except (BotoCoreError, ClientError) as error:
        alarm = f"{engine.name}-Sending-Paused"
        context.note(f"[yellow]The alarm {alarm} changes with the next email only:[/] {type(error).__name__}")
        context.note(f"Allow cloudwatch:PutMetricData in the namespace {NAMESPACE}.")


def _first_minute_without(before: SendingState, now: float) -> float:
    """Return now, or the next minute where this one has the metric of the pause."""
    try:
        minute = utc_seconds(before.paused_at) // _METRIC_SECONDS
    except ValueError:  # Somebody else wrote the state.
        return now
    return max(now, (minute + 1) * _METRIC_SECONDS)
