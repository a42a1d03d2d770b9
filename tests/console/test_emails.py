"""The search on moto: filters, ids, pages, and how often it asks AWS."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ADA, SOURCE, MotoEngine, ago, sesmail_json
from tests.console.conftest import BASE, Visitor

DAY = 86_400
PAGE = 50


def sent(engine: MotoEngine, email_id: str, seconds: float, **given: object) -> None:
    at = ago(seconds)
    entry = Entry("sent/1", at, 1, Status.SENT, detail={"sesMessageId": f"ses-{email_id}"})
    engine.record(entry, email_id=email_id, timestamp=at, date_partition=at[:10], **given)


def ids(page: str) -> list[str]:
    return re.findall(rf'href="{BASE}emails/([^"?]+)"', page)


def test_each_filter_finds_what_the_command_finds(visitor: Visitor, engine: MotoEngine) -> None:
    marks = {"tags": ("spring-sale", "vip"), "topic": "news"}
    sent(engine, "new", 60, original_source="crm", template_name="receipt", **marks)
    sent(engine, "eve", 30, to_email="eve@example.com")
    sent(engine, "old", 3_000)

    assert ids(visitor.text("emails")) == ["eve", "new", "old"]
    assert ids(visitor.text("emails", "q=ADA@example.com")) == ["new", "old"]
    assert ids(visitor.text("emails", f"producer={SOURCE}")) == ["eve", "old"]
    assert ids(visitor.text("emails", "template=receipt")) == ["new"]
    assert ids(visitor.text("emails", "tag=vip")) == ids(visitor.text("emails", "topic=news")) == ["new"]
    assert "find --tag vip --topic news" in visitor.text("emails", "tag=vip&topic=news")
    assert ids(visitor.text("emails", "status=wrong")) == []
    assert ids(visitor.text("emails", "status=sent&from=30m")) == ["eve", "new"]
    assert ids(visitor.text("emails", "until=10m")) == ["old"]


@pytest.mark.usefixtures("past_noon")
def test_a_period_may_end_at_a_time_of_day_that_is_still_to_come(visitor: Visitor, engine: MotoEngine) -> None:
    sent(engine, "new", 1)

    assert ids(visitor.text("emails", "from=11:00&until=13:30")) == ["new"]


def test_the_command_on_the_page_finds_the_same(visitor: Visitor, engine: MotoEngine) -> None:
    sent(engine, "order-1", 60)
    page = visitor.text("emails", f"q={ADA}&status=wrong&producer=my.application&from=2h")
    command = re.search(r"<code>sesmail (.*?)</code>", page)
    assert command is not None
    assert command[1].startswith(f"find --to {ADA} --producer my.application --since 2h --status failed")
    assert sesmail_json(*command[1].split())["emails"] == []


@pytest.mark.parametrize("given", ["order-1", "ses-order-1"])
def test_an_id_leads_to_its_email(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any], given: str
) -> None:
    sent(engine, "order-1", 60)
    with requests_counted() as asked:
        answer = visitor.get("emails", f"q={given}")
    assert answer.headers["Location"] == f"{BASE}emails/order-1"
    assert len(asked) <= 3


def test_an_unknown_id_says_where_its_email_may_be(visitor: Visitor, requests_counted: Callable[[], Any]) -> None:
    with requests_counted() as asked:
        answer = visitor.get("emails", "q=order-9")
    assert answer.status == 404
    assert "Its request may still wait in a queue" in str(answer.content)
    assert len(asked) <= 3


def test_a_page_takes_three_requests_and_the_next_one_goes_on(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    for number in range(2 * PAGE + 10):
        sent(engine, f"order-{number:03d}", 60 + number)
    found: list[str] = []
    query = "since=1h"
    while True:
        with requests_counted() as asked:
            page = visitor.text("emails", query)
        assert len(asked) <= 3
        found += ids(page)
        more = re.search(r'rel="next" href="[^?]+\?([^"]+)"', page)
        if more is None:
            break
        query = more[1].replace("&amp;", "&")
    assert found == [f"order-{number:03d}" for number in range(2 * PAGE + 10)]


def test_a_rare_filter_says_how_far_back_it_searched_and_leads_on(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    for number in range(3 * PAGE):
        sent(engine, f"order-{number:03d}", 60 + number)
    sent(engine, "rare", 600, template_name="rare")
    with requests_counted() as asked:
        page = visitor.text("emails", "template=rare&since=1h")
    assert len(asked) <= 3
    assert ids(page) == []
    assert "nothing found so far" in page
    assert "Search further back" in page


def test_days_without_mail_take_no_more_requests_than_others(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    with requests_counted() as asked:
        page = visitor.text("emails", "since=30d")
    assert len(asked) <= 3
    assert "Searched back to" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=soon", "is no time"),
        ("from=1h&until=2h", "is after the end"),
        ("cursor=x", "does not fit"),
    ],
)
def test_a_wrong_filter_says_what_is_wrong(visitor: Visitor, query: str, said: str) -> None:
    answer = visitor.get("emails", query)
    assert answer.status == 400
    assert said in str(answer.content)


def test_unknown_choices_are_the_defaults(visitor: Visitor) -> None:
    page = visitor.text("emails", "status=lost&since=all")
    assert '<option value="" selected>Any status' in page
    assert 'value="7d" checked' in page
