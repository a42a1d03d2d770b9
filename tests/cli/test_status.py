"""`sesmail status` on moto."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.cli.conftest import DEAD_LETTER_QUEUES, NAME, QUEUES, SOURCE, MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2


def test_an_idle_engine_needs_no_attention(engine: MotoEngine) -> None:
    result = sesmail("status")

    assert result.exit_code == 0
    assert "Sending: on, no producer is paused" in result.stdout
    assert result.stderr == ""


def test_every_queue_and_dead_letter_queue_is_counted_in_all_states(engine: MotoEngine) -> None:
    engine.put("EmailQueue", "a")
    engine.put("EmailQueue", "b")
    engine.sqs.receive_message(QueueUrl=engine.urls["EmailQueue"])
    engine.sqs.send_message(QueueUrl=engine.urls["RetryQueue"], MessageBody="c", DelaySeconds=900)

    found = sesmail_json("status")

    assert [queue["name"] for queue in found["queues"]] == list(QUEUES)
    assert [queue["name"] for queue in found["deadLetterQueues"]] == list(DEAD_LETTER_QUEUES)
    email, _, retry, *_ = found["queues"]
    assert (email["waiting"], email["inFlight"], email["delayed"]) == (1, 1, 0)
    assert (retry["waiting"], retry["inFlight"], retry["delayed"]) == (0, 0, 1)


def test_a_dead_letter_needs_attention_and_names_the_next_command(engine: MotoEngine) -> None:
    engine.put("RetryDLQ", "poison")

    result = sesmail("status")

    assert result.exit_code == 1
    assert "RetryDLQ holds 1: run `sesmail redrive RetryDLQ`" in result.stdout


def test_the_age_of_the_oldest_message_is_read_from_cloudwatch(engine: MotoEngine) -> None:
    engine.put("EmailQueue", "a")
    now = datetime.now(UTC)
    for minutes, age in ((3, 60.0), (1, 7_500.0)):
        boto3.client("cloudwatch").put_metric_data(
            Namespace="AWS/SQS",
            MetricData=[
                {
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": f"{NAME}-EmailQueue"}],
                    "Timestamp": now - timedelta(minutes=minutes),
                    "Value": age,
                }
            ],
        )

    assert sesmail_json("status")["queues"][0]["oldestAgeSeconds"] == 7_500
    assert "2 h 5 min" in sesmail("status").stdout


def test_pauses_are_shown_with_who_why_and_since_when(engine: MotoEngine) -> None:
    sesmail("pause", "--all", "--reason", "a campaign went wrong")
    engine.put_state(SOURCE, paused=True, paused_by="breaker", trip="bounce", paused_at="2026-11-24T10:31:00.000Z")

    result = sesmail("status")

    assert result.exit_code == 1
    account, producer = (line for line in result.stdout.splitlines() if line.startswith("Paused: "))
    assert account.startswith("Paused: all sending, by an operator since 20")
    assert account.endswith(": a campaign went wrong")
    assert producer.startswith(
        f"Paused: producer '{SOURCE}', by the breaker since 2026-11-24T10:31:00.000Z: too many bounces ("
    )


def test_a_pause_of_the_breaker_shows_what_ends_it(engine: MotoEngine) -> None:
    engine.configure(SESMAIL_BREAKER_COOLDOWN_MINUTES="30")
    engine.put_state("a.app", paused=True, paused_by="breaker", trip="bounce", opened_at=1_795_516_260.0)
    engine.put_state("b.app", paused=True, paused_by="breaker", trip="complaint", opened_at=1_795_516_260.0)

    first, second = (line for line in sesmail("status").stdout.splitlines() if line.startswith("Paused: "))

    assert first.endswith("too many bounces (probes start at 2026-11-24T11:01:00.000Z)")
    assert second.endswith("too many complaints (until `sesmail resume --producer b.app`)")


def test_states_without_a_pause_are_left_out(engine: MotoEngine) -> None:
    engine.put_state(SOURCE, counts_from=time.time())

    assert sesmail_json("status")["paused"] == {}


def test_the_used_share_of_the_quota_is_shown(engine: MotoEngine) -> None:
    ses = sesmail_json("status")["ses"]

    assert ses["max24HourSend"] == 200
    assert ses["maxSendRate"] == 1
    assert ses["shareUsed"] == 0
    assert ses["sendingEnabled"] is True


def test_a_pause_by_ses_and_probation_need_attention(engine: MotoEngine, ses_v2: SesV2) -> None:
    ses_v2.account = {"SendingEnabled": False, "EnforcementStatus": "PROBATION"}

    found = sesmail_json("status", exit_code=1)

    assert found["attention"] == [
        "SES has paused sending for this account",
        "AWS has put this account's sending under PROBATION",
    ]


@pytest.mark.parametrize("rejection", [(501, "InternalFailure"), (403, "AccessDeniedException")])
def test_the_quota_is_shown_without_ses_v2(engine: MotoEngine, ses_v2: SesV2, rejection: tuple[int, str]) -> None:
    ses_v2.rejects = rejection

    ses = sesmail_json("status")["ses"]

    assert ses["max24HourSend"] == 200
    assert ses["sendingEnabled"] is None


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"SESMAIL_DELIVERY_MODE": "live"}, "Delivery: live, every recipient gets mail"),
        (
            {"SESMAIL_DELIVERY_MODE": "redirect", "SESMAIL_DELIVERY_TO": "team@example.org"},
            "Delivery: redirect, every email goes to team@example.org and to no recipient",
        ),
        (
            {"SESMAIL_DELIVERY_MODE": "allow", "SESMAIL_DELIVERY_ALLOW": "example.org,*.example.com"},
            "Delivery: allow, only to example.org, *.example.com; all else is sunk or dropped",
        ),
        ({"SESMAIL_DELIVERY_MODE": "sink"}, "Delivery: sink, emails are rendered and recorded, and not sent"),
        ({"LOG_LEVEL": "INFO"}, "Delivery: not known"),
    ],
)
def test_the_delivery_mode_comes_first(engine: MotoEngine, environment: dict[str, str], line: str) -> None:
    engine.configure(**environment)

    assert sesmail("status").stdout.splitlines()[1].startswith(line)
    assert sesmail_json("status")["delivery"] == {
        "mode": environment.get("SESMAIL_DELIVERY_MODE"),
        "to": environment.get("SESMAIL_DELIVERY_TO"),
        "allow": [one for one in environment.get("SESMAIL_DELIVERY_ALLOW", "").split(",") if one],
    }
