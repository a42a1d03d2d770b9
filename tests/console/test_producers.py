"""Producers in the console: the list, one of them, pause, resume and cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import NAME, SOURCE, MotoEngine, ago
from tests.console.conftest import HOSTILE, Html, Visitor, confirm, done_text


@pytest.fixture
def busy(engine: MotoEngine) -> MotoEngine:
    """An engine with two producers: one with a policy, one that has sent."""
    policy = {"pk": {"S": "producer#crm.campaigns"}, "enabled": {"BOOL": True}, "emailsPerDay": {"N": "5000"}}
    policy["templates"] = {"L": [{"S": "newsletter-*"}]}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=policy)
    counts = SendingCounts(engine.dynamodb, f"{NAME}-Control")
    counts.count(SOURCE, Counts(emails=200, bounces=16, complaints=0), time.time())
    return engine


def waiting(engine: MotoEngine, count: int, **given: Any) -> None:
    """Write records of emails that wait, and of one that was sent."""
    for number in range(count):
        at = ago(60 + number)
        deferred = Entry("deferred/1", at, 1, Status.DEFERRED, detail={"reason": "paused"})
        facts = {"timestamp": at, "date_partition": at[:10], **given}
        engine.record(deferred, email_id=f"waits-{number}", **facts)
    at = ago(3000)
    sent = Entry("sent/1", at, 1, Status.SENT, detail={"sesMessageId": "0100-1"})
    engine.record(sent, email_id="was-sent", timestamp=at, date_partition=at[:10], **given)


def test_each_page_takes_three_requests_at_most(
    visitor: Visitor, busy: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    counts = SendingCounts(busy.dynamodb, f"{NAME}-Control")
    for number in range(60):
        counts.count(f"producer.{number:02}", Counts(emails=1), time.time())
    waiting(busy, 30)
    pages = ("producers", f"producers/{SOURCE}", "producers/*", "producers/unknown")
    for path in pages:
        with requests_counted() as asked:
            visitor.text(path)
        assert len(asked) <= 3, (path, asked)
    for action, query in (
        ("pause", f"source={SOURCE}"),
        ("pause", "source=*"),
        ("resume", f"source={SOURCE}"),
        ("resume", "source=*"),
        ("cancel", f"producer={SOURCE}"),
        ("cancel-email", "id=waits-1"),
    ):
        with requests_counted() as asked:
            visitor.text(f"actions/{action}", query)
        assert len(asked) <= 3, (action, asked)


def test_the_list_has_states_and_policies_and_goes_on(visitor: Visitor, busy: MotoEngine) -> None:
    busy.put_state(SOURCE, paused=True, paused_by="operator", paused_reason="wrong prices")
    page = Html(visitor.text("producers"))
    assert "emails a day: 5,000; templates: newsletter-*" in page.text
    assert "by an operator: wrong prices" in page.text
    assert "2 shown; all were searched." in page.text
    assert f"/token/producers/{SOURCE}" in page.hrefs
    assert visitor.get("producers", f"q={SOURCE}").headers["Location"] == f"/token/producers/{SOURCE}"


def test_a_long_list_shows_every_producer_once(
    visitor: Visitor, busy: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.console.producers.PAGE_SIZE", 2)
    for number in range(5):
        busy.put_state(f"p{number}", paused=False)
    seen: list[str] = []
    query = ""
    while True:
        page = Html(visitor.text("producers", query))
        seen += [href for href in page.hrefs if "/producers/" in href and not href.endswith("%2A")]
        more = [href for href in page.hrefs if "after=" in href]
        if not more:
            break
        query = more[0].partition("?")[2]
    names = ["crm.campaigns", SOURCE, *(f"p{number}" for number in range(5))]
    assert seen == [f"/token/producers/{name}" for name in names]


def test_one_producer_has_its_rates_and_its_policy(visitor: Visitor, busy: MotoEngine) -> None:
    page = Html(visitor.text(f"producers/{SOURCE}"))
    assert "200 sent 16 bounced" in page.text
    assert "8.00 %" in page.text
    assert "It has none of its own" in page.text
    assert "5,000" in Html(visitor.text("producers/crm.campaigns")).text
    assert "has not sent mail of this producer" in visitor.text("producers/typo")


def test_a_pause_is_planned_confirmed_and_in_force(visitor: Visitor, busy: MotoEngine) -> None:
    plan = Html(visitor.text("actions/pause", f"source={SOURCE}&reason=wrong+prices"))
    assert f"sesmail pause --producer {SOURCE} --reason 'wrong prices'" in plan.text
    assert busy.item("Control", f"state#{SOURCE}") == {}
    assert f"Paused: {SOURCE}" in done_text(visitor, confirm(visitor, "pause", plan))
    item = busy.item("Control", f"state#{SOURCE}")
    assert (item["paused"], item["pausedReason"]) == ({"BOOL": True}, {"S": "wrong prices"})
    assert "by an operator" in Html(visitor.text(f"producers/{SOURCE}")).text


def test_a_typo_pauses_no_one(visitor: Visitor, busy: MotoEngine) -> None:
    for method in (
        visitor.get("actions/pause", "source=my.aplication"),
        visitor.post("actions/pause", ("source", "x"), ("confirmed", "1")),
    ):
        assert method.status == 400
        assert "This engine knows no producer" in str(method.content)
    assert busy.item("Control", "state#my.aplication") == {}


def test_a_resumption_ends_the_pause(visitor: Visitor, busy: MotoEngine) -> None:
    busy.put_state(SOURCE, paused=True, paused_by="breaker", opened_at=time.time(), trip="bounce")
    plan = Html(visitor.text("actions/resume", f"source={SOURCE}"))
    assert f"sesmail resume --producer {SOURCE}" in plan.text
    assert f"Resumed: {SOURCE}" in done_text(visitor, confirm(visitor, "resume", plan))
    assert "paused" not in busy.item("Control", f"state#{SOURCE}")
    again = Html(visitor.text("actions/resume", f"source={SOURCE}"))
    assert again.values("confirmed") == []
    assert "There is nothing to resume." in again.text


def test_all_sending_is_paused_and_resumed(visitor: Visitor, busy: MotoEngine) -> None:
    plan = Html(visitor.text("actions/pause", "source=*"))
    assert "sesmail pause --all" in plan.text
    done_text(visitor, confirm(visitor, "pause", plan))
    assert "All sending is paused" in visitor.text("")
    plan = Html(visitor.text("actions/resume", "source=*"))
    assert "sesmail resume --all" in plan.text
    assert "Resumed: all sending" in done_text(visitor, confirm(visitor, "resume", plan))


def test_a_cancellation_counts_what_waits_and_cancels_it(visitor: Visitor, busy: MotoEngine) -> None:
    waiting(busy, 5)
    busy.record(email_id="other", original_source="another.shop", timestamp=ago(10), date_partition=ago(10)[:10])
    plan = Html(visitor.text("actions/cancel", f"producer={SOURCE}&since=2h"))
    assert "5 that wait end as failed" in plan.text
    assert "1 were handed to SES already" in plan.text
    since = dict(plan.hidden())["since"]
    assert f"sesmail cancel --producer {SOURCE} --since {since} --yes" in plan.text
    assert busy.item("EmailTracking", "waits-1")["status"] == {"S": "deferred"}

    text = done_text(visitor, confirm(visitor, "cancel", plan))
    assert "Cancelled 5" in text
    for number in range(5):
        item = busy.item("EmailTracking", f"waits-{number}")
        assert (item["status"], item["errorType"]) == ({"S": "failed"}, {"S": "cancelled"})
    assert busy.item("EmailTracking", "other")["status"] != {"S": "failed"}


def test_a_large_selection_is_counted_page_by_page(visitor: Visitor, busy: MotoEngine) -> None:
    waiting(busy, 230)
    plan = Html(visitor.text("actions/cancel", f"producer={SOURCE}"))
    counted = []
    while more := plan.links("count-on"):
        assert "so far" in plan.text
        plan = Html(visitor.text("actions/cancel", more[0].partition("?")[2]))
        counted.append(plan.text)
    assert "230 that wait end as failed (errorType 'cancelled')." in plan.text
    assert len(counted) >= 2
    assert set(dict(plan.hidden())) == {"producer"}


def test_a_cancellation_of_nothing_in_particular_is_refused(visitor: Visitor) -> None:
    answer = visitor.get("actions/cancel")
    assert answer.status == 400
    assert "Which emails?" in str(answer.content)


def test_one_email_is_cancelled_from_its_page(visitor: Visitor, busy: MotoEngine) -> None:
    waiting(busy, 1)
    page = Html(visitor.text("emails/waits-0"))
    (href,) = [href for href in page.hrefs if "actions/cancel-email" in href]
    plan = Html(visitor.text("actions/cancel-email", href.partition("?")[2]))
    assert "It waits. It ends as failed" in plan.text
    assert "sesmail cancel waits-0 --yes" in plan.text
    dashed = Html(visitor.text("actions/cancel-email", "id=-1"))
    assert "sesmail cancel --yes -- -1" in dashed.text, "it is no option"
    assert "Cancelled" in done_text(visitor, confirm(visitor, "cancel-email", plan))
    assert busy.item("EmailTracking", "waits-0")["errorType"] == {"S": "cancelled"}
    assert not [href for href in Html(visitor.text("emails/waits-0")).hrefs if "actions/cancel-email" in href]


def test_hostile_names_and_reasons_stay_text(visitor: Visitor, busy: MotoEngine) -> None:
    name = HOSTILE[:900]
    busy.put_state(name, paused=True, paused_by="operator", paused_reason=HOSTILE, paused_at=utc_text(time.time()))
    for path, query in (("producers", ""), (f"producers/{name}", ""), ("actions/cancel", f"tag={HOSTILE[:300]}")):
        page = visitor.text(path, query.replace("\x1b", "%1b"))
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in Html(page).text
