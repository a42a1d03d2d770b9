"""The overview on moto: what it says, and how often it asks AWS."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from tests.cli.conftest import NAME, MotoEngine
from tests.cli.test_status_health import reject_cancellations
from tests.console.conftest import BASE, Html, Visitor


def put_levels(waiting: int) -> None:
    """Report to CloudWatch what SQS reports of the retry queues."""
    for queue in ("RetryQueue", "BulkRetryQueue"):
        for kind in ("Visible", "NotVisible", "Delayed"):
            metric: Any = {
                "MetricName": f"ApproximateNumberOfMessages{kind}",
                "Dimensions": [{"Name": "QueueName", "Value": f"{NAME}-{queue}"}],
                "Timestamp": time.time() - 60,
                "Value": waiting,
            }
            boto3.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[metric])


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


def test_rejected_cancellations_of_producers_need_attention(visitor: Visitor) -> None:
    reject_cancellations(2)
    page = Html(visitor.text(""))
    assert "2 cancellations were rejected in the last 24 hours, so the emails go out" in page.text
    assert "Needs attention" in page.text


def test_held_mail_is_offered_where_something_may_wait(visitor: Visitor, engine: MotoEngine) -> None:
    put_levels(0)
    assert "None waits." in visitor.text("")

    put_levels(7)
    assert Html(visitor.text("")).attributes("section", "data-load") == [f"{BASE}held"]


def test_held_mail_is_offered_during_a_pause_whatever_cloudwatch_says(visitor: Visitor, engine: MotoEngine) -> None:
    put_levels(0)
    engine.put_state("*", paused=True, paused_by="operator")
    assert Html(visitor.text("")).attributes("section", "data-load") == [f"{BASE}held"]
