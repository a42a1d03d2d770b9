"""`sesmail status`: the verdict, rates against their thresholds, producers, held mail, alarms."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest

from sesmail_layer.aws.sending_counts import SendingCounts
from sesmail_layer.domain.guards.breaker import Counts
from sesmail_layer.domain.guards.sending_state import ACCOUNT
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import NAME, SOURCE, MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2
from tests.cli.test_report import email


def send(engine: MotoEngine, source: str, counts: Counts, *, ago: float = 0) -> None:
    """Count as the breaker and the sender do."""
    table, now = SendingCounts(engine.dynamodb, f"{NAME}-Control"), time.time() - ago
    for scope in (source, ACCOUNT):
        table.count(scope, counts, now)


def policy(engine: MotoEngine, source: str, **caps: int) -> None:
    item: dict[str, Any] = {"pk": {"S": f"producer#{source}"}, "enabled": {"BOOL": True}}
    item |= {name: {"N": str(number)} for name, number in caps.items()}
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=item)


def reject_cancellations(count: int) -> None:
    """Report what the sender reports for each `Email Cancel Requested` that it rejects."""
    metric = {"MetricName": "CancelRejected", "Dimensions": [{"Name": "Name", "Value": NAME}]}
    now = time.time()
    data: Any = [{**metric, "Timestamp": now - 3_600 * number - 60, "Value": 1} for number in range(count)]
    boto3.client("cloudwatch").put_metric_data(Namespace="SESMail", MetricData=data)


def test_cancellations_that_the_sender_rejected_need_attention(engine: MotoEngine) -> None:
    assert sesmail_json("status")["rejectedCancellations"] == 0

    reject_cancellations(3)

    health = sesmail_json("status", exit_code=1)
    assert health["rejectedCancellations"] == 3
    [text] = health["attention"]
    assert text.startswith("3 cancellations were rejected in the last 24 hours, so the emails go out: cancel.rejected")


def test_the_first_line_is_the_verdict(engine: MotoEngine) -> None:
    send(engine, SOURCE, Counts(emails=1_200))
    assert sesmail("status").stdout.splitlines()[0].startswith("All is well; 1,200 emails sent in the last 24 hours")

    engine.put("RetryDLQ", "poison")
    result = sesmail("status")
    assert result.stdout.splitlines()[0].startswith("1 thing needs attention; 1,200 emails")
    assert sesmail_json("status", exit_code=1)["verdict"].startswith("1 thing needs attention")


def test_the_last_hour_and_day_are_shown_with_their_rates(engine: MotoEngine) -> None:
    policy(engine, "shop")
    send(engine, "shop", Counts(emails=100, bounces=2))
    send(engine, "shop", Counts(emails=300, complaints=1), ago=7_200)
    engine.count(*[email(Status.DELIVERED)] * 90, source="shop", now=time.time())

    traffic = sesmail_json("status")["traffic"]
    assert traffic["lastHour"] == {
        "sent": 100,
        "bounced": 2,
        "complained": 0,
        "bounceRate": 0.02,
        "complaintRate": 0.0,
        "delivered": 90,
    }
    assert (traffic["lastDay"]["sent"], traffic["lastDay"]["complaintRate"]) == (400, 1 / 400)
    [shop] = traffic["producers"]
    assert (shop["source"], shop["lastHour"]["sent"], shop["lastDay"]["delivered"]) == ("shop", 100, 90)
    lines = sesmail("status").stdout
    assert "100" in lines
    assert "2 (2.00%)" in lines


def test_a_rate_above_its_threshold_names_who_causes_it(engine: MotoEngine) -> None:
    engine.configure(SESMAIL_BREAKER_MODE="alarm", SESMAIL_BOUNCE_RATE_PAUSE_THRESHOLD="0.04")
    policy(engine, "news")
    send(engine, "news", Counts(emails=200, bounces=12))

    attention = sesmail_json("status", exit_code=1)["attention"]
    assert attention[0].startswith("the account: 12 of 200 emails bounced in the last hour: 6.00%, allowed are 4.00%")
    assert attention[1].startswith("'news': 12 of 200")
    assert attention[0].endswith("run `sesmail report --by producer`")


def test_caps_and_states_of_producers_are_shown(engine: MotoEngine) -> None:
    policy(engine, "shop", emailsPerDay=500, firstContactsPerHour=50)
    policy(engine, ACCOUNT, emailsPerDay=1_000)
    day = utc_text(time.time())[:10]
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item={"pk": {"S": f"day#shop#{day}"}, "taken": {"N": "123"}})
    engine.put_state("shop", paused=True, paused_by="operator")

    shop, others = sesmail_json("status", exit_code=1)["traffic"]["producers"]
    assert shop["paused"] is True
    assert shop["caps"] == [
        {"name": "emailsPerDay", "used": 123, "limit": 500},
        {"name": "firstContactsPerHour", "used": 0, "limit": 50},
    ]
    assert (others["source"], others["lastDay"], others["caps"][0]["limit"]) == ("*", None, 1_000)
    assert "day 123 of 500, first contacts in the hour 0 of 50" in sesmail("status").stdout


def test_held_mail_is_counted_by_its_reason(engine: MotoEngine) -> None:
    engine.put("RetryQueue", "waits")
    at = utc_text(time.time() - 60)
    for number, reason in enumerate(["scheduled", "paused", "scheduled"]):
        waits = Entry("mark/1", at, status=Status.DEFERRED, detail={"reason": reason})
        engine.record(waits, email_id=f"order-{number}", timestamp=at, date_partition=at[:10])

    held = sesmail_json("status")["held"]
    assert held["byReason"] == {"scheduled": 2, "paused": 1}
    assert held["complete"] is True
    assert "Held: scheduled 2, paused 1 (`sesmail find --status deferred`)" in sesmail("status").stdout


def test_nothing_is_searched_while_no_message_waits(engine: MotoEngine) -> None:
    assert sesmail_json("status")["held"] is None


def fire(*fires: str, other: str = f"{NAME}-Throttles") -> None:
    """Create alarms that fire, and one that does not."""
    cloudwatch = boto3.client("cloudwatch")
    for name in (*fires, other):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="M",
            Namespace="N",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        if name in fires:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


def test_alarms_that_fire_are_named(engine: MotoEngine) -> None:
    fire(f"{NAME}-EmailQueue-Age", "other-engine-Throttles")
    found = sesmail_json("status", exit_code=1)
    assert found["alarms"] == [f"{NAME}-EmailQueue-Age"]
    assert f"the alarm {NAME}-EmailQueue-Age fires" in found["attention"][0]


def test_the_alarm_on_a_pause_that_is_over_needs_no_attention(engine: MotoEngine) -> None:
    fire(f"{NAME}-Sending-Paused")
    found = sesmail_json("status")
    assert (found["alarms"], found["attention"]) == ([f"{NAME}-Sending-Paused"], [])


def test_alarms_that_may_not_be_read_are_not_known(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    found = sesmail_json("status")
    assert found["alarms"] is None
    assert "Alarms: not known (cloudwatch:DescribeAlarms)" in sesmail("status").stdout


@pytest.mark.parametrize(("access", "sandbox"), [({}, None), ({"ProductionAccessEnabled": False}, True)])
def test_the_sandbox_is_named(engine: MotoEngine, ses_v2: SesV2, access: dict[str, bool], sandbox: bool | None) -> None:
    ses_v2.account |= access
    assert sesmail_json("status")["ses"]["sandbox"] is sandbox
    assert ("sandbox: to verified addresses only" in sesmail("status").stdout) is bool(sandbox)


@pytest.mark.parametrize(
    ("bucket", "end"), [("", NAME), (f"{NAME}-templates-123456789012-eu-west-1", f"{NAME}-eu-west-1")]
)
def test_the_dashboard_is_linked(engine: MotoEngine, bucket: str, end: str) -> None:
    engine.configure(TEMPLATE_BUCKET=bucket)
    url = sesmail_json("status")["dashboard"]
    assert url.startswith("https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/")
    assert url.endswith(f"/{end}")
