"""Arguments of `sesmail find` as operators give them: times of day, the address."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sesmail_cli.operator.arguments import end_of_period, point_in_time
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_filter import parse_where
from sesmail_layer.domain.times import utc_seconds
from tests.cli.conftest import MotoEngine, sesmail, sesmail_json
from tests.cli.test_find import sent


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("now", "clock", "expected"),
    [
        ("2026-11-24T10:00:00Z", "10:40", "2026-11-24T09:40:00.000Z"),
        ("2026-11-24T10:00:00Z", "11:00", "2026-11-24T10:00:00.000Z"),
        ("2026-11-24T10:00:00Z", "11:01", "2026-11-23T10:01:00.000Z"),
        ("2026-11-24T23:30:00Z", "9:05", "2026-11-24T08:05:00.000Z"),
        ("2026-12-01T00:30:00Z", "23:59", "2026-11-30T22:59:00.000Z"),
        ("2026-03-29T06:00:00Z", "10:40", "2026-03-28T09:40:00.000Z"),
    ],
    ids=["today", "this minute", "yesterday", "after midnight here", "last month", "before summer time began"],
)
def test_a_time_of_day_is_the_last_one_that_this_machines_clock_has_shown(now: str, clock: str, expected: str) -> None:
    assert point_in_time(clock, utc_seconds(now)) == expected


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("10:40", "11:15", "2026-11-24T10:05:00.000Z"),
        ("10:40", "10:55", "2026-11-24T09:55:00.000Z"),
        ("11:10", "11:15", "2026-11-23T10:15:00.000Z"),
        ("7d", "11:15", "2026-11-23T10:15:00.000Z"),
        ("10:40", "3h", "2026-11-24T07:05:00.000Z"),
    ],
    ids=["still to come", "today", "both yesterday", "after a start long ago", "no time of day"],
)
def test_a_period_from_one_time_of_day_to_another_ends_at_most_now(since: str, until: str, expected: str) -> None:
    now = utc_seconds("2026-11-24T10:05:00Z")
    assert end_of_period(until, point_in_time(since, now), now) == expected
    for conditions in ([f"since={since}", f"until={until}"], [f"until={until}", f"since={since}"]):
        assert parse_where(conditions, now).until == expected


@pytest.mark.usefixtures("past_noon")
def test_find_searches_until_now_where_the_end_is_still_to_come(engine: MotoEngine) -> None:
    sent(engine, "new", 1)
    answer = sesmail("find", "--since", "11:00", "--until", "13:30")
    assert "\tnew\t" in answer.stdout
    assert "yesterday" not in answer.stderr


@pytest.mark.usefixtures("past_noon")
@pytest.mark.parametrize(
    "command",
    [
        ("find", "--since", "13:30"),
        ("cancel", "--since", "13:30", "--dry-run"),
        ("suppression", "list", "--since", "13:30"),
        ("suppression", "remove", "--where", "since=13:30", "--dry-run"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_time_of_day_that_is_yesterdays_is_said(engine: MotoEngine, command: tuple[str, ...]) -> None:
    used = point_in_time("13:30", time.time())
    answer = sesmail(*command)
    assert f"since 13:30 is yesterday's ({used}): it is not 13:30 yet today." in answer.stderr
    assert "yesterday" not in sesmail(*(part.replace("13:30", "11:00") for part in command)).stderr


@pytest.mark.parametrize("text", ["24:00", "10:60", "10:4", "110:40", "10:40:00", "tomorrow", ""])
def test_what_is_no_time_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no time: give a date .* a time of day on this machine's clock \(10:31\)"):
        point_in_time(text, utc_seconds("2026-11-24T10:00:00Z"))


def test_find_takes_the_address_as_it_is_asked_for(engine: MotoEngine) -> None:
    sent(engine, "adas", 60)
    sent(engine, "eves", 30, to_email="eve@example.com")
    assert [one["emailId"] for one in sesmail_json("find", "ADA@example.com")["emails"]] == ["adas"]
    twice = sesmail("find", "ada@example.com", "--to", "eve@example.com")
    assert twice.exit_code == 2
    assert "Give the address once" in twice.output


def test_an_address_that_is_not_found_may_be_a_copy(engine: MotoEngine) -> None:
    sent(engine, "adas", 60)
    hint = "An address in `cc` or `bcc` cannot be searched"
    assert hint in sesmail("find", "copy@example.com").output
    assert hint not in sesmail("find", "ada@example.com").output
    assert hint not in sesmail("find", "--producer", "nobody").output
