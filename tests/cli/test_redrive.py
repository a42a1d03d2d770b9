"""`sesmail redrive` on moto: what is shown, what is moved, what stays and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesmail_cli.operator.command import Operator
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ACCOUNT_ID, ADA, NAME, REGION, SOURCE, Engine, sesmail, sesmail_json
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


def looked_at(queue: str) -> dict[str, Any]:
    return only(sesmail_json("redrive", queue, "--dry-run", exit_code=1)["messages"])


def test_an_empty_dead_letter_queue_is_nothing_to_do(engine: Engine) -> None:
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
def test_a_request_goes_back_to_its_queue_as_it_was(
    engine: Engine, name: str, dead_letter_queue: str, queue: str
) -> None:
    body = json.dumps(request())
    engine.put(dead_letter_queue, body)

    answer = sesmail_json("redrive", name, "--yes")

    assert len(answer["moved"]) == 1
    assert engine.bodies(queue) == [body]
    assert engine.bodies(dead_letter_queue) == []


def test_an_ses_event_goes_back_to_the_feedback_queue(engine: Engine) -> None:
    engine.put("FeedbackProcessorDLQ", notification())

    finding = only(sesmail_json("redrive", "FeedbackQueue", "--yes")["messages"])

    assert finding["what"] == "SES event Bounce about 0100-1"
    assert len(engine.bodies("FeedbackQueue")) == 1


def test_an_alarm_is_named(engine: Engine) -> None:
    alarm = {"AlarmName": f"{NAME}-SES-BounceRate-Pause", "NewStateValue": "ALARM"}
    topic = TOPIC.replace("SESFeedback", "Alarms")
    engine.put("FeedbackProcessorDLQ", {"TopicArn": topic, "Message": json.dumps(alarm)})

    finding = only(sesmail_json("redrive", "FeedbackQueue", "--yes")["messages"])

    assert finding["what"] == f"alarm {NAME}-SES-BounceRate-Pause"


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--dry-run", "--yes")], ids=" ".join)
def test_nothing_moves_before_it_was_shown_and_agreed_to(engine: Engine, options: tuple[str, ...]) -> None:
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", *options)

    assert result.exit_code == 1
    assert "email order-1 from my.application" in result.stdout
    assert engine.bodies("EmailQueue") == []
    assert len(engine.bodies("EmailQueueDLQ")) == 1, "what was looked at is visible again at once"


@pytest.mark.parametrize(("answer", "moved"), [("y\n", 1), ("n\n", 0)])
def test_on_a_terminal_it_asks(engine: Engine, monkeypatch: pytest.MonkeyPatch, answer: str, moved: int) -> None:
    monkeypatch.setattr(Operator, "interactive", True)
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", answer=answer)

    assert "Move 1 of 1?" in result.stderr
    assert len(engine.bodies("EmailQueue")) == moved


def test_what_cannot_be_read_stays_and_the_rest_moves(engine: Engine) -> None:
    for body in ("\u263a", json.dumps([1]), "[" * 10_000):
        engine.put("EmailQueueDLQ", body)
    engine.put("EmailQueueDLQ", request())

    answer = sesmail_json("redrive", "EmailQueue", "--yes", exit_code=1)

    assert answer["movable"] == 1
    assert [one["stays"] for one in answer["messages"] if not one["target"]] == ["it would fail again"] * 3
    assert len(engine.bodies("EmailQueue")) == 1
    assert len(engine.bodies("EmailQueueDLQ")) == 3, "what stays is visible again at once"


@pytest.mark.parametrize("body", ["[1]", "hello", "{"])
def test_feedback_that_cannot_be_read_stays(engine: Engine, body: str) -> None:
    engine.put("FeedbackProcessorDLQ", body)

    assert looked_at("FeedbackQueue")["stays"] == "it would fail again"


def test_feedback_from_another_topic_stays(engine: Engine) -> None:
    engine.put("FeedbackProcessorDLQ", notification(f"arn:aws:sns:{REGION}:666666666666:evil"))

    finding = looked_at("FeedbackQueue")

    assert finding["stays"] == "it would be refused"
    assert "from another topic" in finding["why"]


def test_while_all_is_paused_nothing_moves(engine: Engine) -> None:
    engine.put("EmailQueueDLQ", request())
    sesmail("pause", "--reason", "an incident")

    answer = sesmail_json("redrive", "EmailQueue", "--yes", exit_code=1)

    assert answer["moved"] == []
    stays = only(answer["messages"])["stays"]
    assert stays.startswith("paused: all sending, by an operator")
    assert stays.endswith(": an incident")


def test_a_paused_producer_s_mail_stays_and_the_others_moves(engine: Engine) -> None:
    engine.put("EmailQueueDLQ", request("order-1"))
    engine.put("EmailQueueDLQ", request("order-2", source="other.app"))
    sesmail("pause", "--producer", SOURCE)

    sesmail("redrive", "EmailQueue", "--yes")

    assert [json.loads(body)["detail"]["emailId"] for body in engine.bodies("EmailQueue")] == ["order-2"]


def test_a_pause_stops_no_feedback(engine: Engine) -> None:
    engine.put("FeedbackProcessorDLQ", notification())
    sesmail("pause")

    assert len(sesmail_json("redrive", "FeedbackQueue", "--yes")["moved"]) == 1


def test_a_pause_that_comes_after_the_showing_still_holds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.put("EmailQueueDLQ", request())

    def agrees(operator: Operator, *_: Any, **__: Any) -> bool:
        operator.stack.states.pause("*", "", 0)
        return True

    monkeypatch.setattr(Operator, "agrees", agrees)

    assert sesmail("redrive", "EmailQueue").exit_code == 1
    assert engine.bodies("EmailQueue") == []


def test_while_ses_has_paused_the_account_nothing_moves(engine: Engine, ses_v2: SesV2) -> None:
    engine.put("EmailQueueDLQ", request())
    ses_v2.account = {"SendingEnabled": False}

    assert looked_at("EmailQueue")["stays"] == "SES itself has paused sending"


def test_an_event_that_is_no_request_stays(engine: Engine) -> None:
    engine.put("EmailQueueDLQ", request() | {"detail-type": "Something Else"})

    assert "detail-type is 'Something Else'" in looked_at("EmailQueue")["stays"]


def test_the_record_tells_why_it_is_there(engine: Engine) -> None:
    engine.record(SENT)
    engine.put("EmailQueueDLQ", request())
    assert looked_at("EmailQueue")["why"] == ("its record says 'sent': what is left is to tell subscribers of it")


def test_a_request_without_an_id_has_its_event_s(engine: Engine) -> None:
    engine.put("EmailQueueDLQ", request(None))

    finding = looked_at("EmailQueue")

    assert finding["what"] == "email email-event-1 from my.application"
    assert "before it had a record" in finding["why"]


def test_the_log_tells_best_why_it_is_there(engine: Engine) -> None:
    message_id = engine.put("EmailQueueDLQ", request())
    line = {"level": "ERROR", "event": "email.send_failed", "sqs_message_id": message_id}
    engine.log("EmailSender", json.dumps(line | {"message": "first try"}))
    engine.log("EmailSender", "START RequestId: with sqs_message_id and ERROR")
    engine.log("EmailSender", json.dumps(line | {"message": "DynamoDB error", "code": "AWS001"}))
    engine.log("EmailSender", json.dumps(line | {"sqs_message_id": "another", "message": "not this"}))

    assert looked_at("EmailQueue")["why"] == "AWS001: DynamoDB error"


@pytest.mark.parametrize(
    ("attributes", "detail", "queue"),
    [
        ({"TARGET_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{NAME}-BulkQueue"}, {}, "BulkQueue"),
        ({"TARGET_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{NAME}-EmailQueue"}, {"priority": "bulk"}, "EmailQueue"),
        ({}, {"priority": "bulk"}, "BulkQueue"),
        ({}, {}, "EmailQueue"),
    ],
)
def test_what_eventbridge_gave_up_goes_to_the_queue_that_it_was_for(
    engine: Engine, attributes: dict[str, str], detail: dict[str, str], queue: str
) -> None:
    reasons = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "not allowed"}
    engine.put("EventBridgeDLQ", request(**detail), **attributes, **reasons)

    finding = only(sesmail_json("redrive", "EventBridgeDLQ", "--yes")["messages"])

    assert finding["why"] == "EventBridge could not deliver it: NO_PERMISSIONS (not allowed)"
    assert finding["target"] == queue
    assert len(engine.bodies(queue)) == 1


def test_many_messages_move_in_batches_each_once(engine: Engine) -> None:
    for number in range(25):
        engine.put("BulkQueueDLQ", request(f"order-{number}"))

    assert len(sesmail_json("redrive", "BulkQueue", "--yes")["moved"]) == 25
    moved = [json.loads(body)["detail"]["emailId"] for body in engine.bodies("BulkQueue")]
    assert sorted(moved) == sorted(f"order-{number}" for number in range(25))


def test_large_messages_move_in_calls_that_sqs_takes(engine: Engine) -> None:
    for number in range(4):
        engine.put("EmailQueueDLQ", request(f"order-{number}", templateData={"text": "x" * 200_000}))

    assert len(sesmail_json("redrive", "EmailQueue", "--yes")["moved"]) == 4


def test_a_limit_leaves_the_rest_and_says_so(engine: Engine) -> None:
    for number in range(4):
        engine.put("EmailQueueDLQ", request(f"order-{number}"))

    result = sesmail("redrive", "EmailQueue", "--yes", "--limit", "3")

    assert "Only 3 messages were looked at" in result.stderr
    assert len(engine.bodies("EmailQueue")) == 3
