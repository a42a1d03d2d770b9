"""The alarms on SES's own metrics on moto, and whose turn it is to look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sesmail_layer.aws.alarm_states import AlarmStates
from sesmail_layer.domain.errors import TransientError
from tests.aws.conftest import CONTROL, NOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMES = ["shop-SES-BounceRate-Pause", "shop-SES-ComplaintRate-Pause"]


@pytest.fixture
def cloudwatch(control: DynamoDBClient) -> Any:
    client: Any = boto3.client("cloudwatch")
    for name in (*NAMES, "shop-Sending-Paused"):
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SES",
            MetricName="Reputation.BounceRate",
            Statistic="Maximum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0.05,
            ComparisonOperator="GreaterThanThreshold",
        )
    return client


@pytest.fixture
def alarms(control: DynamoDBClient, cloudwatch: Any) -> AlarmStates:
    return AlarmStates(control, CONTROL, cloudwatch)


def fire(cloudwatch: Any, name: str, state: str = "ALARM") -> None:
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_an_alarm_is_firing_while_it_is_in_alarm_and_no_other_counts(alarms: AlarmStates, cloudwatch: Any) -> None:
    fire(cloudwatch, "shop-Sending-Paused")
    assert alarms.firing(NAMES) == []

    fire(cloudwatch, NAMES[1])
    fire(cloudwatch, NAMES[0], "INSUFFICIENT_DATA")
    assert alarms.firing(NAMES) == [NAMES[1]]

    fire(cloudwatch, NAMES[1], "OK")
    assert alarms.firing(NAMES) == []


def test_states_that_cannot_be_read_are_a_transient_error(control: DynamoDBClient) -> None:
    class Denied:
        def describe_alarms(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeAlarms")

    with pytest.raises(TransientError, match=r"CloudWatch error \(DescribeAlarms\): ClientError") as caught:
        AlarmStates(control, CONTROL, Denied()).firing(NAMES)
    assert caught.value.code == "AWS010"


def test_one_worker_an_hour_looks(alarms: AlarmStates) -> None:
    assert alarms.take_look(NOW, 3_600)
    assert not alarms.take_look(NOW + 3_599, 3_600)
    assert alarms.take_look(NOW + 3_601, 3_600)


def test_a_look_that_failed_is_due_sooner(alarms: AlarmStates) -> None:
    assert alarms.take_look(NOW, 3_600)
    alarms.hasten_look(NOW, 3_600, 300)

    assert not alarms.take_look(NOW + 299, 3_600)
    assert alarms.take_look(NOW + 301, 3_600)


@pytest.mark.parametrize("ahead", [0.001, 60, 900])
def test_an_hour_that_an_operator_with_a_clock_ahead_has_forced_is_kept(alarms: AlarmStates, ahead: float) -> None:
    """AWS accepts requests signed by a clock up to 15 minutes off."""
    alarms.postpone_look(NOW + ahead, 3_600)

    assert not alarms.take_look(NOW, 3_600)
    assert not alarms.take_look(NOW + 3_599, 3_600)
    assert alarms.take_look(NOW + ahead + 3_601, 3_600)


def test_a_look_that_is_due_in_more_than_two_hours_was_not_postponed_by_the_engine(alarms: AlarmStates) -> None:
    alarms.postpone_look(NOW, 7_201)
    assert alarms.take_look(NOW, 3_600)


def test_a_look_that_failed_leaves_what_an_operator_has_postponed_meanwhile(alarms: AlarmStates) -> None:
    assert alarms.take_look(NOW, 3_600)
    alarms.postpone_look(NOW + 1, 3_600)
    alarms.hasten_look(NOW, 3_600, 300)

    assert not alarms.take_look(NOW + 3_600, 3_600)
    assert alarms.take_look(NOW + 3_602, 3_600)
