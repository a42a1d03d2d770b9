"""The geometry of the charts, and the console's times."""

from __future__ import annotations

import time

import pytest

from sesmail_cli.console.charts import LOST_HEIGHT, SENT_HEIGHT, WIDTH, column_chart, meter, nice_ceiling, sparkline
from sesmail_cli.console.times import local_time, with_local_times
from sesmail_cli.console.view import with_commands
from sesmail_layer.domain.guards.breaker import Counts


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (2_001, 4_000), (9_999_999, 10_000_000)]
)
def test_a_scale_ends_at_a_round_number_with_a_round_half(value: float, top: int) -> None:
    assert nice_ceiling(value) == top
    assert top % 2 == 0


def test_columns_fit_their_scales_and_none_that_counts_is_invisible() -> None:
    hours = [Counts(1_000, 10, 0), Counts(0, 0, 0), Counts(1, 0, 0), Counts(500, 0, 1)]
    chart = column_chart(hours, ["a", "b", "c", "d"])

    assert (chart.most_sent, chart.most_lost) == (1_000, 10)
    assert [column.sent_height for column in chart.columns] == [SENT_HEIGHT, 0, 2.0, SENT_HEIGHT / 2]
    assert [column.lost_height for column in chart.columns] == [LOST_HEIGHT, 0, 0, 3.4]
    assert all(column.x >= 0 and column.x + column.width <= WIDTH for column in chart.columns)


def test_a_day_without_mail_has_a_scale_and_no_columns() -> None:
    chart = column_chart([Counts()] * 24, [""] * 24)
    assert {column.sent_height for column in chart.columns} == {0}


@pytest.mark.parametrize(
    ("rate", "tone"), [(0.0, "good"), (0.025, "good"), (0.026, "warn"), (0.05, "warn"), (0.051, "bad"), (1.0, "bad")]
)
def test_a_meter_warns_from_half_of_its_limit(rate: float, tone: str) -> None:
    drawn = meter(rate, 0.05)
    assert drawn.tone == tone
    assert 0 <= drawn.filled <= 100
    assert (drawn.filled > drawn.limit) == (rate > 0.05)


def test_a_line_stays_in_its_frame() -> None:
    assert sparkline([]) == sparkline([3]) == ""
    assert sparkline([0, 5, 10], 10, 20) == "0.0,19.0 5.0,10.0 10.0,1.0"
    assert sparkline([0, 0], 10, 20) == "0.0,19.0 10.0,19.0"


def test_times_are_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert local_time("2026-01-05T10:31:07.123Z") == "5 Jan 2026, 19:31"
        assert local_time("2026-01-05T10:31:07.123Z", seconds=True) == "5 Jan 2026, 19:31:07"
        assert local_time("not a time") == "not a time"
        assert with_local_times("since 2026-01-05T10:31:07Z: x") == "since 5 Jan 2026, 19:31: x"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_commands_in_a_sentence_are_code_and_everything_is_escaped() -> None:
    assert with_commands("Run `a <b>` now") == "Run <code>a &lt;b&gt;</code> now"
    assert with_commands("`a` and `b`") == "<code>a</code> and <code>b</code>"
    assert with_commands("one ` <i>") == "one ` &lt;i&gt;"
