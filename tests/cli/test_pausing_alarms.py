"""`sesmail pause` and `sesmail resume` and the alarms, on moto: the metric of a pause, SES's own rates."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from sesmail_cli.operator import sending_control
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.times import utc_text
from sesmail_layer.runtime.clock import SystemClock
from sesmail_layer.runtime.metrics import EmfMetrics
from tests.cli.conftest import NAME, SOURCE, MotoEngine, sesmail, sesmail_json
from tests.cli.test_pausing import listed_producer, state  # noqa: F401 - a fixture

MINUTE = datetime.now(UTC).replace(second=0, microsecond=0)
ALARM = f"{NAME}-SES-BounceRate-Pause"


def emitted() -> list[tuple[datetime, float]]:
    """The metric of the alarm `Sending-Paused`, minute by minute; moto's own minutes begin with the first value."""
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="SESMail",
        MetricName="SendingPaused",
        Dimensions=[{"Name": "Name", "Value": NAME}],
        StartTime=MINUTE - timedelta(minutes=10),
        EndTime=MINUTE + timedelta(minutes=30),
        Period=1,
        Statistics=["Maximum"],
    )
    minutes: dict[datetime, float] = {}
    for point in answer["Datapoints"]:
        minute = point["Timestamp"].astimezone(UTC).replace(second=0)
        minutes[minute] = max(point["Maximum"], minutes.get(minute, 0))
    return sorted(minutes.items())


def values() -> list[float]:
    return [value for _, value in emitted()]


def fire(alarm: str = ALARM, value: str = "ALARM") -> None:
    cloudwatch: Any = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SES",
        MetricName="Reputation.BounceRate",
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0.05,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=value, StateReason="test")


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _self: moment.timestamp())


def deny(monkeypatch: pytest.MonkeyPatch, denied: str) -> None:
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(self: Any, operation: str, given: Any) -> Any:
        if operation == denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
        return call(self, operation, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)


# --- the metric -------------------------------------------------------------------------------------------------------


def alarm_says_paused() -> bool:
    """The alarm keeps its state without data, so the newest minute with a value decides, by its largest value."""
    return emitted()[-1][1] > 0


def command(monkeypatch: pytest.MonkeyPatch, seconds: float, *arguments: str) -> None:
    at(monkeypatch, MINUTE + timedelta(seconds=seconds))
    sesmail(*arguments)


def batch_emits(value: float, seconds: float) -> None:
    """A sender's invocation that ends now, and read the pauses at its start, or has them from a cache."""
    boto3.client("cloudwatch").put_metric_data(
        Namespace="SESMail",
        MetricData=[
            {
                "MetricName": "SendingPaused",
                "Dimensions": [{"Name": "Name", "Value": NAME}],
                "Timestamp": MINUTE + timedelta(seconds=seconds),
                "Value": value,
            }
        ],
    )


def test_a_pause_emits_one_and_its_end_zero_under_the_dimension_that_the_alarm_reads(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, 0, "pause", "--producer", SOURCE)
    assert emitted()[0] == (MINUTE, 1)
    assert alarm_says_paused()

    command(monkeypatch, 600, "resume", "--producer", SOURCE)
    assert values() == [1, 1, 0]


def test_a_resumption_emits_one_while_another_pause_lasts(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    command(monkeypatch, 0, "pause", "--producer", SOURCE)
    command(monkeypatch, 0, "pause", "--all")
    command(monkeypatch, 600, "resume", "--producer", SOURCE)

    assert values() == [1, 1, 1]


@pytest.mark.parametrize("late", [5, 74])
@pytest.mark.parametrize("second", [0, 59])
def test_a_batch_that_knows_only_the_state_before_a_command_does_not_undo_it_for_the_alarm(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, second: int, late: int
) -> None:
    command(monkeypatch, second, "pause", "--all")
    batch_emits(0, second + late)
    assert alarm_says_paused()

    command(monkeypatch, 300 + second, "resume", "--all")
    batch_emits(1, 300 + second + late)
    assert not alarm_says_paused()


@pytest.mark.parametrize("seconds", [0, 60, 130])
def test_the_alarm_goes_by_the_last_of_two_commands_in_short_order(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    command(monkeypatch, 0, "pause", "--all")
    command(monkeypatch, seconds, "resume", "--all")
    assert not alarm_says_paused()

    command(monkeypatch, 400, "pause", "--all")
    command(monkeypatch, 800, "resume", "--all")
    command(monkeypatch, 800 + seconds, "pause", "--all")
    assert alarm_says_paused()


def test_the_alarm_fires_where_an_operator_pauses_again_within_a_minute(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, 0, "pause", "--all")
    command(monkeypatch, 10, "resume", "--all")
    command(monkeypatch, 50, "pause", "--all")
    assert alarm_says_paused()


def test_the_alarm_ends_where_the_last_pauses_end_within_a_minute(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(monkeypatch, 0, "pause", "--producer", SOURCE)
    command(monkeypatch, 0, "pause", "--all")
    command(monkeypatch, 300, "resume", "--all")
    command(monkeypatch, 310, "resume", "--producer", SOURCE)

    assert not alarm_says_paused()


def test_the_alarm_ends_after_the_breaker_s_pause_whenever_its_function_ends_and_the_command_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The breaker's values come when its function ends, at most a minute after it paused."""
    start, until_flush, until_resume = MINUTE.timestamp(), 60, 240
    newest_one = []
    for second in range(60 + until_flush):
        monkeypatch.setattr(time, "time", lambda second=second: start + second)
        metrics = EmfMetrics(NAME, "mail-FeedbackProcessor")
        metrics.changed("SendingPaused", 1)
        metrics.flush()
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        newest_one.append(max(line["_aws"]["Timestamp"] / 1000 for line in lines))

    unseen = []
    for paused in range(60):
        before = SendingState(paused=True, paused_by="breaker", paused_at=utc_text(start + paused))
        for resumed in range(paused, paused + until_resume):
            zero = sending_control._end_for_the_alarm(before, start + resumed)
            flushes = range(paused, paused + until_flush)
            unseen += [(paused, flush, resumed) for flush in flushes if newest_one[flush] // 60 >= zero // 60]
    assert unseen == []


def test_nothing_is_emitted_where_nothing_was_paused(engine: MotoEngine) -> None:
    sesmail("resume", "--all")

    assert values() == []


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_where_the_metric_is_denied_the_state_is_written_and_the_right_is_named(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    engine.put_state("*", paused=command == "resume", paused_by="operator")

    deny(monkeypatch, "PutMetricData")
    result = sesmail(command, "--all")

    assert result.exit_code == 0
    assert "cloudwatch:PutMetricData" in result.stderr
    assert (found := state(engine)) is not None
    assert found.paused is (command == "pause")


# --- SES's own rates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["operator", "breaker"])
def test_all_sending_stays_paused_while_an_alarm_on_ses_rates_fires(engine: MotoEngine, by: str) -> None:
    fire()
    engine.put_state("*", paused=True, paused_by=by, paused_reason="before", counts_from=7.0)

    result = sesmail("resume", "--all")

    assert result.exit_code == 1
    assert "Not resumed: SES's own bounce rate of the account is above the limit" in result.stderr
    assert "SES pauses accounts at 10 % bounces or 0.5 % complaints" in result.stderr
    found = state(engine)
    assert found is not None
    assert (found.paused, found.paused_by, found.trip, found.counts_from) == (True, "breaker", "ses_metrics", 7.0)


def test_a_trip_by_ses_rates_stays_as_it_was_and_the_answer_says_so(engine: MotoEngine) -> None:
    fire()
    engine.put_state("*", paused=True, paused_by="breaker", trip="ses_metrics", paused_reason="since noon")

    answer = sesmail_json("resume", "--all", exit_code=1)

    assert answer["resumed"] is False
    assert answer["stillPaused"]["*"]["pausedReason"] == "since noon"


def test_with_force_all_sending_is_resumed_for_an_hour(engine: MotoEngine) -> None:
    fire()
    engine.put_state("*", paused=True, paused_by="breaker", trip="ses_metrics")

    assert "Resumed" in sesmail("resume", "--all", "--force").stdout
    found = state(engine)
    assert found is not None
    assert not found.paused
    due_in = float(engine.item("Control", "ses-alarms")["leaseUntil"]["N"]) - found.counts_from
    assert 3_590 < due_in < 3_610


def only_alarm(engine: MotoEngine) -> None:
    fire()
    engine.configure(SESMAIL_BREAKER_MODE="alarm")


@pytest.mark.parametrize(
    "prepared",
    [
        pytest.param(lambda engine: fire(value="OK"), id="the alarm is over"),
        pytest.param(lambda engine: fire(f"{NAME}-SES-BounceRate"), id="the warning fires"),
        pytest.param(only_alarm, id="breaker_mode is alarm"),
    ],
)
def test_all_sending_is_resumed_where_no_pause_alarm_fires(engine: MotoEngine, prepared: Any) -> None:
    prepared(engine)
    engine.put_state("*", paused=True, paused_by="operator")

    assert "Resumed" in sesmail("resume", "--all").stdout


def test_a_producer_is_resumed_whatever_the_account_does(engine: MotoEngine) -> None:
    fire()
    engine.put_state(SOURCE, paused=True, paused_by="operator")

    assert "Resumed" in sesmail("resume", "--producer", SOURCE).stdout


def test_an_account_that_is_not_paused_is_not_paused_by_a_resume(engine: MotoEngine) -> None:
    fire()

    assert "was not paused" in sesmail("resume", "--all").stdout
    assert state(engine) is None


def test_alarms_that_cannot_be_read_keep_no_one_paused(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    fire()
    engine.put_state("*", paused=True, paused_by="operator")

    deny(monkeypatch, "DescribeAlarms")
    result = sesmail("resume", "--all")

    assert "Allow cloudwatch:DescribeAlarms" in result.stderr
    assert (found := state(engine)) is not None
    assert found == SendingState(counts_from=found.counts_from)
