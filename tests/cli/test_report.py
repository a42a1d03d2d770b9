"""`sesmail report` on an engine whose functions have counted."""

from __future__ import annotations

import time

import pytest

from sesmail_cli import terminal
from sesmail_cli.operator.report import sparkline
from sesmail_layer.domain.figures import Reached
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import MotoEngine, sesmail, sesmail_json

DAY_SECONDS = 86_400.0


def email(*statuses: Status, source: str = "shop", tag: str | None = None, template: str = "welcome") -> Reached:
    record = TrackingRecord(
        email_id="one",
        status=Status.SENT,
        attempt=1,
        timestamp="",
        date_partition="",
        ttl=1,
        original_source=source,
        template_name=template,
        topic=template,
        tags=[tag] if tag else [],
    )
    return record, statuses


@pytest.fixture
def counted(engine: MotoEngine) -> MotoEngine:
    now = time.time()
    sent, bounced = email(Status.SENT, tag="spring"), email(Status.BOUNCED, tag="spring")
    engine.count(*[sent] * 3, email(Status.DELIVERED), bounced, source="shop", now=now - DAY_SECONDS)
    news = email(Status.SENT, source="news", template="letter"), email(Status.COMPLAINED, source="news")
    engine.count(*[news[0]] * 4, news[1], email(Status.SENT), source="news", now=now)
    return engine


def test_each_day_has_a_row_and_the_rates_are_of_what_was_sent(counted: MotoEngine) -> None:
    today = utc_text(time.time())[:10]
    found = sesmail_json("report", "--since", "2d")

    assert [row["sent"] for row in found["rows"]] == [0, 3, 5]
    assert found["rows"][2]["name"] == found["until"] == today
    assert found["rows"][1]["bounceRate"] == pytest.approx(1 / 3)
    assert found["total"]["sentByDay"] == [0, 3, 5]
    assert (found["total"]["sent"], found["total"]["complaintRate"]) == (8, 1 / 8)


def test_by_producer_the_largest_comes_first(counted: MotoEngine) -> None:
    found = sesmail_json("report", "--by", "producer")

    assert [(row["name"], row["sent"], row["complained"]) for row in found["rows"]] == [("news", 4, 1), ("shop", 4, 0)]
    assert found["rows"][0]["sentByDay"] == [0, 0, 0, 0, 0, 0, 0, 4]


def test_producers_without_a_policy_are_one_row_and_the_command_says_where_to_look(counted: MotoEngine) -> None:
    where = "Which emails bounced: `sesmail find --status bounced`"
    assert where not in sesmail("report", "--by", "producer").output
    counted.count(email(Status.SENT, source="import"), source="another", now=time.time())

    shown = sesmail("report", "--by", "producer").output
    assert "*other*\t1\t" in shown
    assert where in shown
    assert where not in sesmail("report").output


@pytest.mark.parametrize(
    ("kind", "names"),
    [("template", ["letter", "welcome"]), ("tag", ["spring"]), ("topic", ["letter", "welcome"])],
)
def test_other_kinds_have_their_rows(counted: MotoEngine, kind: str, names: list[str]) -> None:
    assert sorted(row["name"] for row in sesmail_json("report", "--by", kind)["rows"]) == names


def test_one_tag_is_shown_by_day(counted: MotoEngine) -> None:
    found = sesmail_json("report", "--tag", "spring", "--since", "1d")

    assert [(row["sent"], row["bounced"]) for row in found["rows"]] == [(3, 1), (0, 0)]
    assert found["total"]["name"] == "spring"


def test_off_a_terminal_rows_are_whole_and_separated_by_tabs(counted: MotoEngine) -> None:
    result = sesmail("report", "--by", "producer", "--since", "1d")

    assert result.stdout.splitlines() == [
        "news\t4\t0\t0\t1\t0\t0\t0.00%\t25.000%",
        "shop\t4\t1\t1\t0\t0\t0\t25.00%\t0.000%",
    ]


def test_on_a_terminal_a_table_ends_with_the_total(counted: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal.out, "_force_terminal", True)
    monkeypatch.setattr(terminal.out, "no_color", True)
    lines = sesmail("report", "--by", "producer").stdout.splitlines()

    assert "sent by day" in lines[0]
    assert "all" in lines[-1]
    assert "▁▁▁▁▁▁▁█" in lines[1]


def test_two_selections_at_once_are_refused(engine: MotoEngine) -> None:
    result = sesmail("report", "--by", "tag", "--tag", "spring")

    assert result.exit_code == 2
    assert "Give one of --by" in result.stderr


def test_a_period_without_mail_is_all_zeros(engine: MotoEngine) -> None:
    found = sesmail_json("report", "--since", "100d")

    assert len(found["rows"]) == 100
    assert found["total"]["sent"] == found["total"]["bounceRate"] == 0


def test_a_sparkline_has_a_bar_for_each_day() -> None:
    assert sparkline([0, 50, 100]) == "▁▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
