"""`sesmail redrive` on moto: which messages are shown, moved and left, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ACCOUNT_ID, ADA, NAME, REGION, SOURCE, MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

SENT = Entry("sent/1", "2026-11-24T10:31:02.000Z", 1, Status.SENT, detail={"sesMessageId": "0100-1"})
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:{NAME}-SESFeedback"


def request(email_id: str | None = "order-1", source: str = SOURCE, **detail: Any) -> dict[str, Any]:
    given = {"to": ADA, "templateName": "welcome"} | ({"emailId": email_id} if email_id else {}) | detail
    return {"id": "event-1", "source": source, "detail-type": "Email Request", "detail": given}


def notification(topic: str = TOPIC) -> dict[str, Any]:
    event = {"eventType": "Bounce", "mail": {"messageId": "0100-1", "timestamp": "2026-11-24T10:31:00Z"}, "bounce": {}}
    return {"Type": "Notification", "TopicArn": topic, "Message": json.dumps(event)}


def only(findings: list[dict[str, Any]]) -> dict[str, Any]:
    (finding,) = findings
    return finding


def inspected(queue: str) -> dict[str, Any]:
    return only(sesmail_json("redrive", queue, "--dry-run", exit_code=1)["messages"])


def test_an_empty_dead_letter_queue_needs_nothing(engine: MotoEngine) -> None:
    result = sesmail("redrive", "EmailQueue")

    assert result.exit_code == 0
    assert "EmailQueueDLQ is empty" in result.stdout


@pytest.mark.parametrize(
    ("name", "dead_letter_queue", "queue"),
    [
        ("EmailQueue", "EmailQueueDLQ", "EmailQueue"),
        ("EmailQueueDLQ", "EmailQueueDLQ", "EmailQueue"),
        ("sesmailengine-BulkQueueDLQ", "BulkQueueDLQ", "BulkQueue"),
        ("RetryQueue", "RetryDLQ", "RetryQueue"),
        ("EventBridgeDLQ", "EventBridgeDLQ", "EmailQueue"),
    ],
)
def test_a_request_goes_back_to_its_queue_unchanged(
    engine: MotoEngine, name: str, dead_letter_queue: str, queue: str
) -> None:
    body = json.dumps(request())
    engine.put(dead_letter_queue, body)

    answer = sesmail_json("redrive", name, "--yes")

    assert len(answer["moved"]) == 1
    assert engine.bodies(queue) == [body]
    assert engine.bodies(dead_letter_queue) == []


def test_an_ses_event_goes_back_to_the_feedback_queue(engine: MotoEngine) -> None:
    engine.put("FeedbackProcessorDLQ", notification())

    finding = only(sesmail_json("redrive", "FeedbackQueue", "--yes")["messages"])

    assert finding["what"] == "SES event Bounce about 0100-1"
    assert len(engine.bodies("FeedbackQueue")) == 1


def test_an_alarm_is_named(engine: MotoEngine) -> None:
    alarm = {"AlarmName": f"{NAME}-SES-BounceRate-Pause", "NewStateValue": "ALARM"}
    topic = TOPIC.replace("SESFeedback", "Alarms")
    engine.put("FeedbackProcessorDLQ", {"TopicArn": topic, "Message": json.dumps(alarm)})

    finding = only(sesmail_json("redrive", "FeedbackQueue", "--yes")["messages"])

    assert finding["what"] == f"alarm {NAME}-SES-BounceRate-Pause"


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--dry-run", "--yes")], ids=" ".join)
def test_nothing_moves_without_consent(engine: MotoEngine, options: tuple[str, ...]) -> None:
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", *options)

    assert result.exit_code == 1
    assert "email order-1 from my.application" in result.stdout
    assert engine.bodies("EmailQueue") == []
    assert len(engine.bodies("EmailQueueDLQ")) == 1, "messages that were read are visible again at once"


@pytest.mark.parametrize(("answer", "moved"), [("y\n", 1), ("n\n", 0)])
def test_on_a_terminal_it_asks(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, answer: str, moved: int) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", answer=answer)

    assert "Move 1 of 1?" in result.stderr
    assert len(engine.bodies("EmailQueue")) == moved


def test_unreadable_messages_stay_and_the_rest_moves(engine: MotoEngine) -> None:
    for body in ("\u263a", json.dumps([1]), "[" * 10_000):
        engine.put("EmailQueueDLQ", body)
    engine.put("EmailQueueDLQ", request())

    answer = sesmail_json("redrive", "EmailQueue", "--yes", exit_code=1)

    assert answer["movable"] == 1
    assert [one["stays"] for one in answer["messages"] if not one["target"]] == ["it would fail again"] * 3
    assert len(engine.bodies("EmailQueue")) == 1
    assert len(engine.bodies("EmailQueueDLQ")) == 3, "messages that stay are visible again at once"


@pytest.mark.parametrize("body", ["[1]", "hello", "{"])
def test_unreadable_feedback_stays(engine: MotoEngine, body: str) -> None:
    engine.put("FeedbackProcessorDLQ", body)

    assert inspected("FeedbackQueue")["stays"] == "it would fail again"


def test_feedback_from_another_topic_stays(engine: MotoEngine) -> None:
    engine.put("FeedbackProcessorDLQ", notification(f"arn:aws:sns:{REGION}:666666666666:evil"))

    finding = inspected("FeedbackQueue")

    assert finding["stays"] == "it would be rejected"
    assert "from another topic" in finding["why"]


def test_nothing_moves_while_all_sending_is_paused(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request())
    sesmail("pause", "--all", "--reason", "an incident")

    answer = sesmail_json("redrive", "EmailQueue", "--yes", exit_code=1)

    assert answer["moved"] == []
    stays = only(answer["messages"])["stays"]
    assert stays.startswith("paused: all sending, by an operator")
    assert stays.endswith(": an incident")


def test_emails_of_a_paused_producer_stay_and_the_others_move(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request("order-1"))
    engine.put("EmailQueueDLQ", request("order-2", source="other.app"))
    engine.list_producer()
    sesmail("pause", "--producer", SOURCE)

    sesmail("redrive", "EmailQueue", "--yes")

    assert [json.loads(body)["detail"]["emailId"] for body in engine.bodies("EmailQueue")] == ["order-2"]


def test_a_pause_does_not_stop_feedback(engine: MotoEngine) -> None:
    engine.put("FeedbackProcessorDLQ", notification())
    sesmail("pause", "--all")

    assert len(sesmail_json("redrive", "FeedbackQueue", "--yes")["moved"]) == 1


def test_a_pause_after_the_listing_stops_the_move(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.put("EmailQueueDLQ", request())

    def confirm(context: CommandContext, *_: Any, **__: Any) -> bool:
        context.engine.states.pause("*", "", 0)
        return True

    monkeypatch.setattr(CommandContext, "confirm", confirm)

    assert sesmail("redrive", "EmailQueue").exit_code == 1
    assert engine.bodies("EmailQueue") == []


def test_nothing_moves_while_ses_has_paused_the_account(engine: MotoEngine, ses_v2: SesV2) -> None:
    engine.put("EmailQueueDLQ", request())
    ses_v2.account = {"SendingEnabled": False}

    assert inspected("EmailQueue")["stays"] == "SES has paused sending"


def test_an_event_that_is_no_request_stays(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request() | {"detail-type": "Something Else"})

    assert "detail-type is 'Something Else'" in inspected("EmailQueue")["stays"]


def test_the_reason_is_taken_from_the_record(engine: MotoEngine) -> None:
    engine.record(SENT)
    engine.put("EmailQueueDLQ", request())
    assert inspected("EmailQueue")["why"] == "its record has status 'sent', but subscribers may not have received it"


def test_a_request_without_an_id_has_the_id_of_its_event(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request(None))

    finding = inspected("EmailQueue")

    assert finding["what"] == "email email-event-1 from my.application"
    assert "before it had a record" in finding["why"]


def test_the_reason_is_taken_from_the_log_first(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", request())
    line = {"level": "ERROR", "event": "email.send_failed", "sqs_message_id": message_id}
    engine.log("EmailSender", json.dumps(line | {"message": "first try"}))
    engine.log("EmailSender", "START RequestId: with sqs_message_id and ERROR")
    engine.log("EmailSender", json.dumps(line | {"message": "DynamoDB error", "code": "AWS001"}))
    engine.log("EmailSender", json.dumps(line | {"sqs_message_id": "another", "message": "not this"}))

    assert inspected("EmailQueue")["why"] == "AWS001: DynamoDB error"


@pytest.mark.parametrize(
    ("attributes", "detail", "queue"),
    [
        ({"TARGET_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{NAME}-BulkQueue"}, {}, "BulkQueue"),
        ({"TARGET_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{NAME}-EmailQueue"}, {"priority": "bulk"}, "EmailQueue"),
        ({}, {"priority": "bulk"}, "BulkQueue"),
        ({}, {}, "EmailQueue"),
    ],
)
def test_an_undelivered_event_goes_to_the_queue_that_it_was_for(
    engine: MotoEngine, attributes: dict[str, str], detail: dict[str, str], queue: str
) -> None:
    reasons = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not allowed"}
    engine.put("EventBridgeDLQ", request(**detail), **attributes, **reasons)

    finding = only(sesmail_json("redrive", "EventBridgeDLQ", "--yes")["messages"])

    assert finding["why"] == "EventBridge could not deliver it: NO_PERMISSIONS (not allowed)"
    assert finding["target"] == queue
    assert len(engine.bodies(queue)) == 1


def test_many_messages_move_in_batches_once_each(engine: MotoEngine) -> None:
    for number in range(25):
        engine.put("BulkQueueDLQ", request(f"order-{number}"))

    assert len(sesmail_json("redrive", "BulkQueue", "--yes")["moved"]) == 25
    moved = [json.loads(body)["detail"]["emailId"] for body in engine.bodies("BulkQueue")]
    assert sorted(moved) == sorted(f"order-{number}" for number in range(25))


def test_large_messages_move_in_batches_of_at_most_256_kb(engine: MotoEngine) -> None:
    for number in range(4):
        engine.put("EmailQueueDLQ", request(f"order-{number}", templateData={"text": "x" * 200_000}))

    assert len(sesmail_json("redrive", "EmailQueue", "--yes")["moved"]) == 4


def test_a_limit_leaves_the_rest_and_says_so(engine: MotoEngine) -> None:
    for number in range(4):
        engine.put("EmailQueueDLQ", request(f"order-{number}"))

    result = sesmail("redrive", "EmailQueue", "--yes", "--limit", "3")

    assert "Only 3 messages were read" in result.stderr
    assert len(engine.bodies("EmailQueue")) == 3
