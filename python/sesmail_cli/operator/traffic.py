"""What the account and each producer sent in the last hour and day, and what became of it, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sesmail_cli.operator.engine import Engine
from sesmail_layer.domain.figures import DayFigures, Figures, Kind, Name
from sesmail_layer.domain.guards.breaker import Limits, Tally, counts_in_force, judge, sum_window
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import ACCOUNT, SendingState
from sesmail_layer.domain.times import utc_text

_HOUR_SECONDS, _DAY_SECONDS = 3_600, 86_400


class Traffic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Emails of a period as the breaker counts them: without SES's mailbox simulator and redirected mail."""

    sent: int
    bounced: int
    """Hard bounces."""
    complained: int
    bounce_rate: float
    complaint_rate: float
    delivered: int | None = None
    """None: not counted for this period. Of a producer's last day, it is of the last 24 hours on the clock."""


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """One of a producer's caps, and how much of it is used."""

    name: str
    """`emailsPerDay` (UTC) or `firstContactsPerHour`."""
    used: int
    limit: int


class ProducerTraffic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One producer of Terraform's `producers`; `*` is all others together, of which only the caps are counted."""

    source: str
    enabled: bool
    paused: bool = False
    last_hour: Traffic | None = None
    last_day: Traffic | None = None
    caps: Sequence[Cap] = ()
    above: str | None = None
    """In words, the rate that is above its threshold."""


class AccountTraffic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    last_hour: Traffic
    last_day: Traffic
    bounce_rate_threshold: float
    """Above it, the breaker pauses."""
    complaint_rate_threshold: float
    producers: Sequence[ProducerTraffic]
    above: str | None = None


def read_traffic(
    engine: Engine, policies: Mapping[str, ProducerPolicy], states: Mapping[str, SendingState]
) -> AccountTraffic:
    """Read the counts of the account and of the producers with a policy. Raises TransientError."""
    now, limits = engine.clock.now(), engine.breaker_limits
    listed = sorted(source for source in policies if source != ACCOUNT)
    tallies = engine.counts.read([ACCOUNT, *listed], now)
    day = engine.figures.read_hours([utc_text(now - _HOUR_SECONDS * ago)[:13] for ago in range(24)])
    caps = _caps(engine, policies, now)
    delivered = [engine.figures.delivered_since(now - seconds, now) for seconds in (_HOUR_SECONDS, _DAY_SECONDS)]
    account = tallies[ACCOUNT]
    producers = [
        ProducerTraffic(
            source=source,
            enabled=policies[source].enabled,
            paused=source in states,
            caps=caps.get(source, ()),
            last_hour=_traffic(tallies[source], now, _HOUR_SECONDS),
            last_day=_traffic(tallies[source], now, _DAY_SECONDS, _delivered(day, source)),
            above=_above(tallies[source], now, limits),
        )
        for source in listed
    ]
    if ACCOUNT in caps:
        producers.append(ProducerTraffic(source=ACCOUNT, enabled=policies[ACCOUNT].enabled, caps=caps[ACCOUNT]))
    return AccountTraffic(
        last_hour=_traffic(account, now, _HOUR_SECONDS, delivered[0]),
        last_day=_traffic(account, now, _DAY_SECONDS, delivered[1]),
        bounce_rate_threshold=limits.bounce_rate,
        complaint_rate_threshold=limits.complaint_rate,
        above=_above(account, now, limits),
        producers=producers,
    )


def _traffic(tally: Tally, now: float, seconds: int, delivered: int | None = None) -> Traffic:
    counts = sum_window(tally.timeline, now, seconds)
    return Traffic(
        sent=counts.emails,
        bounced=counts.bounces,
        complained=counts.complaints,
        bounce_rate=counts.bounces / counts.emails if counts.emails else 0.0,
        complaint_rate=counts.complaints / counts.emails if counts.emails else 0.0,
        delivered=delivered,
    )


def _delivered(day: DayFigures, source: str) -> int:
    return day.by_name.get(Name(Kind.PRODUCER, source), Figures()).delivered


def _above(tally: Tally, now: float, limits: Limits) -> str | None:
    trip = judge(counts_in_force(tally), now, limits)
    return trip.in_words() if trip else None


def _caps(engine: Engine, policies: Mapping[str, ProducerPolicy], now: float) -> Mapping[str, Sequence[Cap]]:
    at = utc_text(now)
    wanted = {
        (source, name): (counter, limit)
        for source, policy in policies.items()
        for name, counter, limit in (
            ("emailsPerDay", f"day#{source}#{at[:10]}", policy.emails_per_day),
            ("firstContactsPerHour", f"contacts#{source}#{at[:13]}", policy.first_contacts_per_hour),
        )
        if limit is not None
    }
    used = engine.caps.taken([counter for counter, _ in wanted.values()]) if wanted else {}
    found: dict[str, list[Cap]] = {}
    for (source, name), (counter, limit) in wanted.items():
        found.setdefault(source, []).append(Cap(name=name, used=used.get(counter, 0), limit=limit))
    return found
