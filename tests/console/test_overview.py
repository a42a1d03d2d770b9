"""The overview on moto: what it says, and how often it asks AWS."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from tests.cli.conftest import NAME, MotoEngine
from tests.console.conftest import Visitor


def test_an_idle_engine_is_well_and_takes_three_requests(visitor: Visitor, requests_counted: Callable[[], Any]) -> None:
    with requests_counted() as asked:
        page = visitor.text("")
    assert "All is well" in page
    assert asked == ["BatchGetItem", "GetMetricData", "DescribeAlarms"]


def test_counts_and_rates_are_those_of_the_breaker(visitor: Visitor, engine: MotoEngine) -> None:
    counts = SendingCounts(engine.dynamodb, f"{NAME}-Control")
    counts.count("*", Counts(emails=1_000, bounces=80, complaints=0), time.time())
    page = visitor.text("")
    assert "<strong>1,000</strong> sent" in page
    assert "<strong>80</strong> bounced" in page
    assert "8.00 %" in page
    assert "The bounce rate of the last hour is 8.00%; allowed are 5.00%." in page
    assert "Needs attention" in page


def test_a_pause_is_in_the_first_line(visitor: Visitor, engine: MotoEngine) -> None:
    engine.put_state("*", paused=True, paused_by="operator", paused_reason="wrong prices")
    page = visitor.text("")
    assert "<h1>All sending is paused</h1>" in page
    assert "by an operator: wrong prices" in page
