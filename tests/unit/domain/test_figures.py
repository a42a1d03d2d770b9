"""What a day's figures count, and what they leave out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sesmail_layer.domain.figures import (
    OTHER,
    DayFigures,
    Figures,
    Kind,
    Name,
    count_reached,
    figures_in,
    names_of,
    sum_figures,
)
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord


def record(**facts: Any) -> TrackingRecord:
    given: dict[str, Any] = {"original_source": "shop", "template_name": "welcome", "topic": "onboarding"}
    return TrackingRecord(
        email_id="one", status=Status.SENT, attempt=1, timestamp="", date_partition="", ttl=1, **given | facts
    )


def test_an_email_counts_by_its_producer_template_topic_and_each_tag_once() -> None:
    assert names_of(record(tags=["vip", "spring", "vip"])) == [
        Name(Kind.PRODUCER, "shop"),
        Name(Kind.TAG, "vip"),
        Name(Kind.TAG, "spring"),
        Name(Kind.TEMPLATE, "welcome"),
        Name(Kind.TOPIC, "onboarding"),
    ]


def test_what_a_rejected_request_lacks_is_counted_by_nothing() -> None:
    assert names_of(record(original_source=None, template_name=None, topic=None)) == [Name(Kind.PRODUCER, OTHER)]


def test_a_batch_is_counted_by_name_and_status() -> None:
    found = count_reached([(record(topic=None), [Status.SENT]), (record(topic=None), [Status.SENT, Status.DELIVERED])])
    shop, welcome = Name(Kind.PRODUCER, "shop"), Name(Kind.TEMPLATE, "welcome")
    assert found == {
        (None, Status.SENT): 2,
        (None, Status.DELIVERED): 1,
        (shop, Status.SENT): 2,
        (shop, Status.DELIVERED): 1,
        (welcome, Status.SENT): 2,
        (welcome, Status.DELIVERED): 1,
    }


def test_figures_add_up() -> None:
    assert Figures(sent=2, bounced=1) + Figures(sent=3, opened=4) == Figures(sent=5, bounced=1, opened=4)


@pytest.mark.parametrize(("sent", "rate"), [(0, 0.0), (200, 0.02)])
def test_rates_are_shares_of_what_was_sent(sent: int, rate: float) -> None:
    found = Figures(sent=sent, bounced=4, complained=4)
    assert (found.bounce_rate, found.complaint_rate) == (rate, rate)


def test_a_count_by_status_becomes_figures() -> None:
    found = Counter({Status.SENT: 3, Status.DELIVERED: 2, Status.FAILED: 1})
    assert figures_in(found) == Figures(sent=3, delivered=2, failed=1)


def test_days_are_summed_by_name() -> None:
    shop, vip = Name(Kind.PRODUCER, "shop"), Name(Kind.TAG, "vip")
    days = [
        DayFigures(total=Figures(sent=2), by_name={shop: Figures(sent=2)}),
        DayFigures(total=Figures(sent=3), by_name={shop: Figures(sent=1), vip: Figures(sent=2)}),
    ]
    assert sum_figures(days) == DayFigures(total=Figures(sent=5), by_name={shop: Figures(sent=3), vip: Figures(sent=2)})
