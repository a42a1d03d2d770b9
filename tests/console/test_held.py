"""Held mail by reason: a page of three requests, which counts on from step to step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import MotoEngine, ago
from tests.console.conftest import BASE, Html, Visitor


def hold(engine: MotoEngine, count: int, reason: str, *, seconds_ago: float = 60) -> None:
    for number in range(count):
        at = ago(seconds_ago + number)
        deferred = Entry("deferred/1", at, 1, Status.DEFERRED, detail={"reason": reason})
        engine.record(deferred, email_id=f"{len(reason)}-{number}", timestamp=at, date_partition=at[:10])


def steps(visitor: Visitor, query: str = "") -> list[Html]:
    """Follow the link that counts on to its end."""
    pages = [Html(visitor.text("held", query))]
    while link := [href for href in pages[-1].hrefs if "cursor=" in href]:
        pages.append(Html(visitor.text("held", link[0].partition("?")[2])))
        assert len(pages) < 50
    return pages


def test_held_mail_is_counted_by_reason_the_most_first(visitor: Visitor, engine: MotoEngine) -> None:
    hold(engine, 2, "daily_quota")
    hold(engine, 5, "paused")
    sent = Entry("sent/1", ago(50), 1, Status.SENT, detail={"sesMessageId": "0100-1"})
    engine.record(sent, email_id="sent", timestamp=ago(50), date_partition=ago(50)[:10])

    last = steps(visitor)[-1]

    assert last.text.index("an operator paused sending5") < last.text.index("24-hour quota is used up")
    assert "All of them, at" in last.text
    assert f"{BASE}emails?status=deferred&since=30d" in last.hrefs


def test_a_step_takes_three_requests_and_the_next_one_goes_on(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    hold(engine, 150, "paused")
    with requests_counted() as asked:
        first = Html(visitor.text("held"))
    assert len(asked) <= 3, asked
    assert "an operator paused sending100" in first.text
    assert "Counted back to" in first.text

    assert "an operator paused sending150" in steps(visitor)[-1].text


def test_an_engine_that_holds_nothing_says_so(visitor: Visitor, engine: MotoEngine) -> None:
    assert "No record says that it waits." in steps(visitor)[-1].text


@pytest.mark.parametrize("query", ["cursor=abc", "cursor=" + "A" * 40])
def test_a_damaged_address_is_named(visitor: Visitor, query: str) -> None:
    answer = visitor.get("held", query)
    assert answer.status == 400
    assert "does not fit" in str(answer.content)


def test_a_reason_that_nobody_knows_is_another_reason_and_stays_text(visitor: Visitor, engine: MotoEngine) -> None:
    hold(engine, 1, "<script>alert(1)</script>")
    page = visitor.text("held", "n-<img>=3&n-paused=x&n-breaker=2")
    assert "<script>alert" not in page
    assert "another reason4" in Html(page).text
    assert "too many bounces or complaints2" in Html(page).text
    assert "an operator paused" not in Html(page).text
