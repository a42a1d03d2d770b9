"""What the console does to sending: pause and resume a producer, or all."""

from __future__ import annotations

from collections.abc import Sequence

from sesmail_cli.console import emails
from sesmail_cli.console.actions import Action, Fields, Plan, Result
from sesmail_cli.console.producers import PLACE, name_of, url_of
from sesmail_cli.console.times import with_local_times
from sesmail_cli.console.view import View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.format import describe_pause, scope
from sesmail_cli.operator.sending_control import Warned, pause_sending, resume_sending
from sesmail_layer.domain.guards.breaker import SES_ALARMS
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState

_LONGEST_REASON = 500


def plan_pause(view: View, fields: Fields) -> Plan:
    source, reason = _source(fields), _reason(fields)
    state = _state_of_known(view, source)
    hours = view.engine.setting("SESMAIL_MAX_HOLD_HOURS", "24")
    scope = "of every producer" if source == ACCOUNT else f"of '{source}', and of no other producer"
    effects = [
        f"Within 15 seconds, all mail {scope} waits. It is sent after you resume.",
        f"An email that is held for longer than {hours} h fails as 'expired'.",
        "Emails that SES already has still go out.",
    ]
    if state.paused:
        effects.append(f"It is paused already: {with_local_times(describe_pause(source, state))}. Yours replaces that.")
    if state.held_by_breaker:
        effects.append("The breaker sends no probes any more: only you can resume.")
    return Plan(
        title=f"Pause {name_of(source)}?",
        effects=effects,
        command=view.command("pause", *_of(source), *_with_reason(reason)),
        button=f"Pause {name_of(source)}",
        fields={"source": [source], "reason": [reason]},
        back=url_of(view, source),
        place=PLACE.path,
        destructive=source == ACCOUNT,
    )


def run_pause(view: View, fields: Fields) -> Result:
    source = _source(fields)
    _state_of_known(view, source)
    done = pause_sending(view.engine, source, _reason(fields))
    view.known.add(source)
    return Result(
        title=f"Paused: {name_of(source)}",
        lines=[
            f"In force everywhere within 15 seconds. It waits until you resume, at most {done.hold_hours} h.",
            *_warnings(done.warnings),
        ],
        links=[
            (url_of(view, source), name_of(source)),
            (
                view.url(emails.PLACE.path, status="waiting", producer=None if source == ACCOUNT else source),
                "What waits",
            ),
        ],
        place=PLACE.path,
        attention=bool(done.warnings),
    )


def plan_resume(view: View, fields: Fields) -> Plan:
    source, reason, force = _source(fields), _reason(fields), bool(fields.get("force"))
    states = view.engine.states.states({ACCOUNT, source})
    state = states.get(source, SendingState())
    effects = [f"Ends the pause of {name_of(source)}: {with_local_times(describe_pause(source, state))}."]
    effects.append("Held emails are checked about every minute, and then sent at the engine's rate.")
    effects.append("Earlier bounces and complaints no longer count against it.")
    if source != ACCOUNT and states.get(ACCOUNT, SendingState()).paused:
        effects.append("All sending is paused, too: nothing goes out before that ends.")
    if source == ACCOUNT and (firing := _firing(view)):
        alarms = " and ".join(firing)
        effects.append(
            f"{alarms} fires. You force it: mail goes out for an hour anyway."
            if force
            else f"{alarms} fires: all sending stays paused unless you force it."
        )
    return Plan(
        title=f"Resume {name_of(source)}?" if state.paused else f"{name_of(source)} is not paused",
        effects=effects if state.paused else ["There is nothing to resume."],
        command=view.command("resume", *_of(source), *(["--force"] if force else []), *_with_reason(reason)),
        button=f"Resume {name_of(source)}" if state.paused else "",
        fields={"source": [source], "reason": [reason], "force": ["yes"] if force else []},
        back=url_of(view, source),
        place=PLACE.path,
    )


def run_resume(view: View, fields: Fields) -> Result:
    source = _source(fields)
    done = resume_sending(view.engine, source, _reason(fields), force=bool(fields.get("force")))
    links = [(url_of(view, source), name_of(source)), (view.url(""), "Overview")]
    if done.refused:
        lines = [f"{reason}." for reason in done.refused]
        lines.append("SES pauses accounts at 10 % bounces or 0.5 % complaints. Stop the cause first.")
        return Result(title="Not resumed", lines=lines, links=links, place=PLACE.path, attention=True)
    lines = ["Held emails are checked about every minute, and then sent at the engine's rate."]
    if done.before is None:
        lines = [f"{scope(source).capitalize()} was not paused: there was nothing to do."]
    lines += [
        f"Still paused: {with_local_times(describe_pause(one, state))}." for one, state in done.still_paused.items()
    ]
    return Result(
        title=f"Resumed: {name_of(source)}" if done.before else "Nothing to do",
        lines=lines + _warnings(done.warnings),
        links=links,
        place=PLACE.path,
        attention=bool(done.warnings),
    )


def _state_of_known(view: View, source: str) -> SendingState:
    """Return a producer's state. Raises UsageError for one that is not known: a typo would stop no one."""
    states = view.engine.states
    if source != ACCOUNT and not states.knows(source, view.engine.clock.now()):
        raise UsageError(
            f"This engine knows no producer '{source}': choose one from the list of producers. One whose mail is only "
            f"scheduled so far is found by the command: {view.command('pause', '--producer', source)}"
        )
    return states.states([source]).get(source, SendingState())


def _firing(view: View) -> Sequence[str]:
    """Return the alarms on SES's own rates that fire; none where the breaker ignores them."""
    engine = view.engine
    if engine.setting("SESMAIL_BREAKER_MODE", "pause") != "pause":
        return []
    return list(engine.alarm_states.firing({f"{engine.name}-{end}": what for end, what in SES_ALARMS.items()}))


def _warnings(warnings: Sequence[Warned]) -> list[str]:
    return [f"{one.what}: {one.reason} {one.advice}".strip() for one in warnings]


def _source(fields: Fields) -> str:
    source = fields.get("source", ("",))[-1]
    if not source:
        raise UsageError("No producer is chosen.")
    return source


def _reason(fields: Fields) -> str:
    reason = fields.get("reason", ("",))[-1].strip()
    if len(reason) > _LONGEST_REASON:
        raise UsageError(f"The reason has {len(reason):,} characters; allowed: {_LONGEST_REASON}.")
    return reason


def _of(source: str) -> list[str]:
    return ["--all"] if source == ACCOUNT else ["--producer", source]


def _with_reason(reason: str) -> list[str]:
    return ["--reason", reason] if reason else []


ACTIONS = (Action("pause", plan_pause, run_pause), Action("resume", plan_resume, run_resume))
