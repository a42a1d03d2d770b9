"""The breaker's rules: when it opens, what it excludes, how it evaluates its probes."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.breaker import (
    Counts,
    ProbeVerdict,
    Tally,
    Trip,
    counted_bounce,
    counted_complaint,
    counts_in_force,
    counts_to_exclude,
    judge,
    judge_probes,
    opened,
    reopened,
    sum_timelines,
)
from sesmail_layer.domain.guards.sending_state import Evidence, SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, TrackingRecord, fold
from tools.simulation.fakes import NOW
from tools.simulation.feedback import limits

SLOT = int(NOW) // 300 * 300
HOUR, DAY = 3_600, 86_400
LIMITS = limits()
OPEN = SendingState(
    paused=True, paused_by="breaker", trip="bounce", opened_at=NOW, paused_at="2026-11-24T10:31:00.000Z"
)


def kind_of(emails: int, bounces: int = 0, complaints: int = 0, *, ago: int = 0) -> str | None:
    trip = judge({SLOT - ago: Counts(emails, bounces, complaints)}, NOW, LIMITS)
    return trip.kind if trip else None


@pytest.mark.parametrize(
    ("emails", "bounces", "complaints", "kind"),
    [
        (200, 10, 0, None),  # 5 % is not above 5 %
        (199, 10, 0, "bounce"),
        (100, 9, 0, None),  # fewer than breaker_min_bounces
        (99, 50, 0, None),  # fewer than breaker_min_emails
        (100, 100, 0, "bounce"),
        (500, 0, 1, None),  # one complaint among 500 mails pauses no one
        (100, 0, 4, None),
        (4_999, 0, 5, "complaint"),
        (5_000, 0, 5, None),  # 0.1 % is not above 0.1 %
        (100, 50, 5, "complaint"),  # complaints first: they are not probed
    ],
)
def test_it_opens_above_a_threshold_and_from_the_minimum_volume(
    emails: int, bounces: int, complaints: int, kind: str | None
) -> None:
    assert kind_of(emails, bounces, complaints) == kind


def test_a_slow_stream_of_bounces_shows_in_the_days_window_only() -> None:
    # Four bounces an hour are too few for the hour, and 20 % of the day.
    timeline = {SLOT - hour * HOUR: Counts(20, 4) for hour in range(12)}
    trip = judge(timeline, NOW, LIMITS)

    assert trip is not None
    assert (trip.kind, trip.evidence.window_seconds) == ("bounce", DAY)
    assert trip.in_words() == "48 of 240 emails bounced in the last 24 hours: 20.00%, allowed are 5.00%"


def test_a_burst_in_the_last_hour_opens_it_however_good_the_day_was() -> None:
    timeline = {SLOT - 5 * HOUR: Counts(10_000), SLOT: Counts(100, 20)}
    trip = judge(timeline, NOW, LIMITS)

    assert trip is not None
    assert trip.evidence == Evidence(window_seconds=HOUR, emails=100, bounces=20, complaints=0)


@pytest.mark.parametrize(("ago", "kind"), [(DAY - 300, "bounce"), (DAY + 600, None)])
def test_counts_older_than_a_day_do_not_count(ago: int, kind: str | None) -> None:
    assert kind_of(100, 50, ago=ago) == kind


def test_counts_from_before_a_resumption_do_not_count() -> None:
    timeline = {SLOT - 300: Counts(100, 50), SLOT + 300: Counts(100, 2)}

    assert judge(counts_in_force(Tally(SendingState(counts_from=NOW), timeline)), NOW + 600, LIMITS) is None
    assert judge(counts_in_force(Tally(SendingState(), timeline)), NOW + 600, LIMITS) is not None


def test_the_accounts_rate_excludes_the_counts_of_paused_producers() -> None:
    bad, good = {SLOT: Counts(500, 400)}, {SLOT: Counts(900, 9)}
    account = sum_timelines([bad, good])
    excluded = counts_to_exclude(Tally(OPEN, bad))

    assert judge(account, NOW, LIMITS) is not None
    assert excluded == bad
    assert judge(account, NOW, LIMITS, excluded) is None


def test_counts_are_excluded_once_and_those_from_before_a_resumption_were_when_it_was_paused() -> None:
    timeline = {SLOT - HOUR: Counts(300, 200), SLOT: Counts(100, 50)}
    again = msgspec.structs.replace(OPEN, counts_from=NOW - 1_800)

    assert counts_to_exclude(Tally(again, timeline)) == {SLOT: Counts(100, 50)}
    assert counts_to_exclude(Tally(msgspec.structs.replace(again, excluded=True), timeline)) == {}


def test_a_second_trip_of_a_paused_producer_excludes_nothing_twice() -> None:
    state = opened(msgspec.structs.replace(OPEN, excluded=True), "complaint", "why", None, NOW)
    assert state is not None
    assert state.excluded


def test_excluded_counts_of_other_slots_are_not_subtracted() -> None:
    account = {SLOT: Counts(100, 10)}
    assert judge(account, NOW, LIMITS, {SLOT - HOUR: Counts(500, 400)}) is not None


def entry(status: Status | None, what: str | None = None, to: str = "john@example.com") -> Entry:
    return Entry("k", "2026-11-24T10:31:00.000Z", status=status, what=what, recipient=to)


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (entry(Status.BOUNCED, "hard"), True),
        (entry(Status.BOUNCED, "suppressed_by_ses"), True),
        (entry(Status.BOUNCED, "not_attempted"), False),
        (entry(Status.SOFT_BOUNCED, "soft"), False),
        (entry(None, "auto_reply"), False),
        (entry(Status.BOUNCED, "hard", "bounce+1@simulator.amazonses.com"), False),
    ],
)
def test_hard_bounces_count_and_no_others(one: Entry, counts: bool) -> None:
    assert counted_bounce(one) is counts


def test_complaints_count_except_the_simulators() -> None:
    assert counted_complaint(entry(Status.COMPLAINED))
    assert not counted_complaint(entry(Status.COMPLAINED, to="complaint@simulator.amazonses.com"))


def test_the_breaker_does_not_change_an_operators_pause() -> None:
    operator = SendingState(paused=True, paused_by="operator")
    assert opened(operator, "complaint", "", None, NOW) is None


def test_a_complaint_trip_replaces_a_bounce_trip_but_not_the_reverse() -> None:
    worse = opened(OPEN, "complaint", "why", None, NOW + 60)
    assert worse is not None
    assert (worse.trip, worse.opened_at) == ("complaint", NOW + 60)
    assert opened(worse, "bounce", "why", None, NOW) is None
    assert opened(OPEN, "bounce", "why", None, NOW) is None


def test_a_failed_probe_restarts_the_cool_down() -> None:
    state = reopened(msgspec.structs.replace(OPEN, probes=["a", "b"]), NOW + 3_700)
    assert (state.probes, state.paused, state.paused_at) == ([], True, OPEN.paused_at)
    assert not state.probing(NOW + 3_800, 3_600)
    worn = msgspec.structs.replace(OPEN, probes=["a"], probed_at=NOW, good_probes=2)
    assert reopened(worn, NOW + 3_700) == msgspec.structs.replace(OPEN, opened_at=NOW + 3_700)


def record(*entries: Entry) -> TrackingRecord:
    blank = TrackingRecord(
        email_id="e",
        to_email="john@example.com",
        status=Status.SENDING,
        attempt=1,
        timestamp="",
        date_partition="",
        ttl=1,
    )
    return fold(blank, entries)[0]


DELIVERED = record(entry(Status.DELIVERED))
PENDING = record(entry(Status.SENT))
BOUNCED = record(entry(Status.BOUNCED, "hard"))


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([DELIVERED, DELIVERED, PENDING], ProbeVerdict.OPEN),
        ([DELIVERED, DELIVERED, PENDING, DELIVERED], ProbeVerdict.GOOD),
        ([DELIVERED, DELIVERED, DELIVERED, BOUNCED], ProbeVerdict.BAD),
        ([record(entry(Status.OPENED))] * 3, ProbeVerdict.GOOD),
        ([record(entry(Status.CLICKED))] * 3, ProbeVerdict.GOOD),
        ([record(entry(Status.DELIVERED), entry(Status.SOFT_BOUNCED, "soft"))] * 3, ProbeVerdict.GOOD),
        ([record(entry(Status.COMPLAINED))], ProbeVerdict.BAD),
        ([record(entry(Status.SOFT_BOUNCED, "soft"))] * 5, ProbeVerdict.OPEN),
    ],
)
def test_three_probes_must_be_delivered_and_none_may_bounce(
    records: list[TrackingRecord], verdict: ProbeVerdict
) -> None:
    assert judge_probes(records)[0] is verdict


def test_a_slot_that_begins_with_the_resumption_counts_for_the_producer() -> None:
    timeline = {int(NOW) - 300: Counts(1, 1, 1), int(NOW): Counts(2, 2, 2)}
    state = SendingState(counts_from=int(NOW))

    assert counts_in_force(Tally(state, timeline)) == {int(NOW): Counts(2, 2, 2)}


def test_subtracted_counts_are_never_negative() -> None:
    assert Counts(5, 4, 3) - Counts(1, 1, 1) == Counts(4, 3, 2)
    assert Counts(1, 1, 1) - Counts(5, 4, 3) == Counts(0, 0, 0)
    assert Counts(1, 2, 3) + Counts(10, 20, 30) == Counts(11, 22, 33)
    assert sum_timelines([{0: Counts(1, 0, 0)}, {0: Counts(0, 2, 0), 300: Counts(0, 0, 3)}]) == {
        0: Counts(1, 2, 0),
        300: Counts(0, 0, 3),
    }


def test_a_trip_is_described_in_a_sentence() -> None:
    evidence = Evidence(window_seconds=DAY, emails=1_000, bounces=60, complaints=5)

    assert Trip("bounce", evidence, 0.05).in_words() == (
        "60 of 1000 emails bounced in the last 24 hours: 6.00%, allowed are 5.00%"
    )
    hour = msgspec.structs.replace(evidence, window_seconds=HOUR)
    assert Trip("complaint", hour, 0.001).in_words() == (
        "5 of 1000 emails were complained of in the last hour: 0.50%, allowed are 0.10%"
    )


def window(slot: int, now: int) -> int | None:
    """The window that a slot full of bounces is found in."""
    trip = judge({slot: Counts(10, 10, 0)}, now, limits(min_emails=1, min_bounces=1))
    return trip.evidence.window_seconds if trip else None


def test_a_slot_counts_while_part_of_it_is_in_the_window() -> None:
    now = 1_795_516_200

    assert window(now - HOUR - 299, now) == HOUR
    assert window(now - HOUR - 300, now) == DAY
    assert window(now - DAY - 299, now) == DAY
    assert window(now - DAY - 300, now) is None


def test_a_new_pause_keeps_the_start_of_counting() -> None:
    state = opened(SendingState(counts_from=NOW - 60), "bounce", "why", None, NOW)

    assert state is not None
    assert (state.counts_from, state.opened_at, state.paused_at) == (NOW - 60, NOW, "2026-11-24T10:31:00.000Z")
