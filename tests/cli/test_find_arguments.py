"""Arguments of `sesmail find` as operators give them: times of day, the address."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sesmail_cli.operator.arguments import point_in_time
from sesmail_cli.operator.command import UsageError
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
