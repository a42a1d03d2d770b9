"""Producers: who sends, under which policy, with which rates; and all sending together, as `*`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sesmail_cli.console import emails
from sesmail_cli.console.times import local_time, with_local_times
from sesmail_cli.console.traffic import last_day, rate_meters, totals_of
from sesmail_cli.console.view import Place, Route, View
from sesmail_cli.operator.format import describe_pause
from sesmail_cli.operator.overview import Window, by_hour
from sesmail_cli.web.server import Response, redirect
from sesmail_layer.domain.guards.breaker import WINDOWS_SECONDS, Timeline, counts_in_force, sum_window
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState

PLACE = Place("producers", "Producers")
ALL_SENDING = "All sending"
PAGE_SIZE = 40
"""Their policies and states are read in one request."""
_SCANS = 2
"""Requests that look for producers; one more reads what is shown of them."""
_HOUR_SECONDS = 3_600


def show(view: View) -> Response:
    """List the producers that are known, or go to the one that was given."""
    query = view.request.query
    if asked := query.get("q", "").strip():
        return redirect(url_of(view, asked))
    found, start = view.engine.states.some_sources(query.get("start"), _SCANS)
    after = query.get("after", "")
    rest = [source for source in found if source > after]
    shown = rest[:PAGE_SIZE]
    read = view.engine.states.producers([ACCOUNT, *shown])
    more = {"after": shown[-1], "start": query.get("start")} if len(rest) > PAGE_SIZE else {"start": start}
    return view.page(
        "producers.html",
        place=PLACE.path,
        rows=[_row(view, one, read.policies.get(one), read.states.get(one)) for one in shown],
        account=_row(view, ACCOUNT, None, read.states.get(ACCOUNT)),
        more=view.url(PLACE.path, **more) if len(rest) > PAGE_SIZE or start else None,
        is_searched=start is None,
        command=view.command("status"),
    )


def _row(view: View, source: str, policy: ProducerPolicy | None, state: SendingState | None) -> dict[str, Any]:
    return {
        "name": ALL_SENDING if source == ACCOUNT else source,
        "href": url_of(view, source),
        "policy": _summary(policy),
        "state": state_of(policy, state),
        "why": with_local_times(describe_pause(source, state)) if state and state.paused else None,
    }


def state_of(policy: ProducerPolicy | None, state: SendingState | None) -> tuple[str, str]:
    """Return a producer's state in a word, and its tone."""
    if state and state.paused:
        return "paused", "bad" if state.held_by_breaker else "warn"
    if policy and not policy.enabled:
        return "not enabled", "warn"
    return "sending", "good"


def _summary(policy: ProducerPolicy | None) -> str:
    """Return a policy in a line."""
    if policy is None:
        return "no policy of its own"
    parts = [text for name, value in facts_of_policy(policy) for text in [f"{name.lower()}: {value}"]]
    return "; ".join(parts) or "no limits"


def facts_of_policy(policy: ProducerPolicy | None) -> list[tuple[str, str]]:
    """Return what Terraform's variable `producers` says, as names and texts."""
    if policy is None:
        return []
    facts = [
        ("Priority", policy.priority.value if policy.priority else None),
        ("Emails a day", f"{policy.emails_per_day:,}" if policy.emails_per_day is not None else None),
        (
            "First contacts an hour",
            f"{policy.first_contacts_per_hour:,}" if policy.first_contacts_per_hour is not None else None,
        ),
        ("Templates", ", ".join(policy.templates)),
        ("Senders", ", ".join(policy.senders)),
        ("Recipients' domains", ", ".join(policy.recipient_domains)),
        ("Attachments from", ", ".join(policy.attachment_prefixes)),
        ("SES tenant", policy.ses_tenant),
    ]
    return [(name, value) for name, value in facts if value]


def name_of(source: str) -> str:
    """Name a producer, or all sending, within a sentence."""
    return ALL_SENDING.lower() if source == ACCOUNT else source


def url_of(view: View, source: str) -> str:
    return view.url(f"{PLACE.path}/{source}")


def show_one(view: View, source: str) -> Response:
    """Show one producer, or all sending (`*`): its last day, its state, its policy, what can be done."""
    engine, now = view.engine, view.engine.clock.now()
    tally = engine.counts.read([source], now)[source]
    policy = engine.states.producers([source]).policies.get(source) if source != ACCOUNT else None
    hours = by_hour(tally.timeline, now)
    return view.page(
        "producer.html",
        place=PLACE.path,
        source=source,
        name=ALL_SENDING if source == ACCOUNT else source,
        is_account=source == ACCOUNT,
        is_known=source == ACCOUNT or bool(tally.timeline or policy or tally.state != SendingState()),
        state=state_of(policy, tally.state),
        pause=with_local_times(describe_pause(source, tally.state, engine.cooldown_seconds))
        if tally.state.paused
        else None,
        facts_of_policy=facts_of_policy(policy),
        has_policy=policy is not None,
        day=last_day(hours, now),
        totals=totals_of(hours),
        meters=rate_meters(engine, _windows(counts_in_force(tally), now)),
        counts_from=local_time_of(tally.state.counts_from) if tally.state.counts_from else None,
        links=_links(view, source),
    )


def local_time_of(seconds: float) -> str:
    return local_time(datetime.fromtimestamp(seconds).astimezone().isoformat())


def _windows(timeline: Timeline, now: float) -> list[Window]:
    """Return what the breaker counts since the last resumption."""
    return [
        Window(hours=seconds // _HOUR_SECONDS, counts=sum_window(timeline, now, seconds)) for seconds in WINDOWS_SECONDS
    ]


def _links(view: View, source: str) -> list[tuple[str, str]]:
    of = None if source == ACCOUNT else source
    queries = (("wrong", "What went wrong"), ("waiting", "What waits"), ("", "All its mail"))
    return [(view.url(emails.PLACE.path, producer=of, status=status), text) for status, text in queries]


ROUTES: tuple[Route, ...] = ((PLACE.path, show), (rf"(?s){PLACE.path}/(.+)", show_one))
