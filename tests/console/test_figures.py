"""The figures of a day on moto: by name, with rates; days; how often they ask AWS."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import MotoEngine
from tests.console.conftest import Visitor

HOSTILE = "\u202e<script>alert(1)</script>"


def reached(source: str, *statuses: Status, **given: Any) -> tuple[TrackingRecord, Sequence[Status]]:
    now = utc_text(time.time())
    facts: dict[str, Any] = {
        "email_id": "e",
        "status": statuses[-1],
        "attempt": 1,
        "timestamp": now,
        "date_partition": now[:10],
        "ttl": 0,
        "original_source": source,
    }
    return TrackingRecord(**facts | given), statuses


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*(?:<a [^>]*>)?<bdi>(.*?)</bdi>', page)


def test_the_page_shows_who_sends_most_and_who_bounces_most_in_three_requests(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    now = time.time()
    engine.count(*[reached("shop", Status.SENT, Status.DELIVERED) for _ in range(9)], source="shop", now=now)
    bounced = [reached("crm", Status.SENT, Status.BOUNCED), reached("crm", Status.SENT)]
    engine.count(*bounced, source="crm", now=now)
    with requests_counted() as asked:
        page = visitor.text("figures")

    assert len(asked) <= 3
    assert names(page) == ["shop", "crm"]
    assert names(visitor.text("figures", "sort=bounced")) == ["crm", "shop"]
    assert '<span class="over">50.00 %</span>' in page
    assert "emails?producer=crm&amp;from=" in page
    assert "sesmail report --by producer --since " in page
    assert "emails?status=bounced&amp;since=1d" in page


@pytest.mark.parametrize(("by", "name"), [("template", "welcome"), ("tag", "sale"), ("topic", "news")])
def test_each_kind_has_its_names(visitor: Visitor, engine: MotoEngine, by: str, name: str) -> None:
    record = reached("shop", Status.SENT, template_name="welcome", tags=["sale"], topic="news")
    engine.count(record, source="shop", now=time.time())
    assert names(visitor.text("figures", f"by={by}")) == [name]


def test_the_day_before_has_its_own_page(visitor: Visitor, engine: MotoEngine) -> None:
    engine.count(reached("shop", Status.SENT), source="shop", now=time.time() - 86_400)
    page = visitor.text("figures")
    assert names(page) == []
    assert "day before: 1" in page
    earlier = re.search(r'rel="prev" href="/token/figures\?([^"]+)"', page)
    assert earlier is not None
    before = visitor.text("figures", earlier[1].replace("&amp;", "&"))
    assert names(before) == ["shop"]
    assert 'rel="next"' in before


@pytest.mark.parametrize(("day", "said"), [("soon", "is no day"), ("2001-01-01", "keeps the figures of 100 days")])
def test_a_day_without_figures_says_why(visitor: Visitor, day: str, said: str) -> None:
    answer = visitor.get("figures", f"day={day}")
    assert answer.status == 400
    assert said in str(answer.content)


def test_names_of_strangers_change_nothing(visitor: Visitor, engine: MotoEngine) -> None:
    record = reached("shop", Status.SENT, tags=[HOSTILE])
    engine.count(record, source="shop", now=time.time())
    page = visitor.text("figures", "by=tag&sort=lost")
    assert names(page) == ["[U+202E]&lt;script&gt;alert(1)&lt;/script&gt;"]
