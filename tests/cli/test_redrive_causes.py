"""`sesmail redrive` on moto: messages by cause, one in full, saved to files, discarded for good."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from sesmail_cli.operator.command import CommandContext
from sesmail_cli.operator.dead_letter_queue import DeadLetterQueue
from sesmail_cli.operator.dead_letters import MAY_BE_DELETED
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import SOURCE, MotoEngine, ago, sesmail, sesmail_json
from tests.cli.test_redrive import notification, request

REPOSITORY = Path(__file__).parents[2]
SENT = Entry("sent/1", "2026-11-24T10:31:02.000Z", 1, Status.SENT, detail={"sesMessageId": "0100-1"})


def causes(answer: dict[str, Any]) -> dict[str, int]:
    return {group["cause"]: group["count"] for group in answer["groups"]}


def test_messages_are_grouped_by_cause_the_largest_group_first(engine: MotoEngine) -> None:
    for number in range(5):
        engine.put("EmailQueueDLQ", request(f"order-{number}"))
    for body in ("hello", "[1]"):
        engine.put("EmailQueueDLQ", body)

    groups = sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)["groups"]

    assert [(group["cause"], group["count"], group["movable"]) for group in groups] == [
        ("no-record", 5, 5),
        ("unreadable", 2, 0),
    ]
    assert len(groups[0]["examples"]) == 3
    assert groups[1]["stays"] == {"it would fail again": 2}


def test_each_cause_says_whether_its_messages_may_be_deleted(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request("order-1"))
    engine.put("EmailQueueDLQ", "hello")
    engine.put("EventBridgeDLQ", request("order-2"), ERROR_CODE="NO_PERMISSIONS")
    cancellation = request() | {"detail-type": "Email Cancel Requested", "detail": {"tag": "spring"}}
    engine.put("EventBridgeDLQ", cancellation, ERROR_CODE="NO_PERMISSIONS")

    shown = sesmail("redrive", "EmailQueue", "--dry-run").output
    assert "May it be deleted? no: the email was never sent\n" in shown
    assert "May it be deleted? yes, once you know who sends it\n" in shown
    [group] = sesmail_json("redrive", "EventBridgeDLQ", "--dry-run", exit_code=1)["groups"]
    assert group["mayBeDeleted"] == ["no: its emails would be sent", "no: the email was never sent"]


def test_the_page_has_the_same_table_of_causes_as_the_command() -> None:
    page = (REPOSITORY / "docs" / "cli.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]+) \|$", page.partition("| Cause |")[2], re.MULTILINE))
    assert {cause: rows.get(cause) for cause in MAY_BE_DELETED} == MAY_BE_DELETED
    assert rows["undelivered"] == MAY_BE_DELETED["not-sent"]


def test_the_reason_that_the_engine_gave_a_dead_letter_is_shown_with_its_first_time(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", "hello", Reason="Not an EventBridge event: no JSON", SentAt=ago(3_600))
    engine.put("FeedbackProcessorDLQ", "hello", Reason="no JSON", SentAt="nonsense")

    [found] = sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)["messages"]
    assert found["why"] == "it cannot be read: Not an EventBridge event: no JSON"
    assert found["ageSeconds"] == pytest.approx(3_600, abs=60)
    [found] = sesmail_json("redrive", "FeedbackQueue", "--dry-run", exit_code=1)["messages"]
    assert found["why"] == "it cannot be read: no JSON"
    assert found["ageSeconds"] == pytest.approx(0, abs=60)


def test_the_code_of_the_log_is_the_cause(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", request())
    line = {"level": "ERROR", "event": "email.send_failed", "sqs_message_id": message_id}
    engine.log("EmailSender", json.dumps(line | {"message": "DynamoDB error", "code": "AWS001"}))

    assert causes(sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)) == {"AWS001": 1}


def test_each_kind_of_failure_has_a_cause_of_its_own(engine: MotoEngine) -> None:
    engine.record(SENT)
    engine.put("EmailQueueDLQ", request())
    engine.put("EmailQueueDLQ", request("order-2") | {"detail-type": "Something Else"})
    engine.put("FeedbackProcessorDLQ", notification())
    engine.put("FeedbackProcessorDLQ", notification("arn:aws:sns:eu-west-1:666666666666:evil"))
    engine.put("EventBridgeDLQ", request(), ERROR_CODE="NO_PERMISSIONS")
    engine.put("EventBridgeDLQ", request())

    found = [
        causes(sesmail_json("redrive", name, "--dry-run", exit_code=1)) for name in ("EmailQueue", "FeedbackQueue")
    ]

    assert found == [{"status-not-published": 1, "other-event": 1}, {"feedback-failed": 1, "other-topic": 1}]
    undelivered = causes(sesmail_json("redrive", "EventBridgeDLQ", "--dry-run", exit_code=1))
    assert undelivered == {"NO_PERMISSIONS": 1, "undelivered": 1}


def test_only_the_messages_of_a_cause_move(engine: MotoEngine) -> None:
    engine.record(SENT)
    engine.put("EmailQueueDLQ", request())
    engine.put("EmailQueueDLQ", request("order-2"))

    answer = sesmail_json("redrive", "EmailQueue", "--cause", "no-record", "--yes")

    assert causes(answer) == {"no-record": 1}
    assert [json.loads(body)["detail"]["emailId"] for body in engine.bodies("EmailQueue")] == ["order-2"]
    assert len(engine.bodies("EmailQueueDLQ")) == 1, "what has another cause is visible again at once"


def test_a_cause_without_messages_says_so(engine: MotoEngine) -> None:
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", "--cause", "AWS006")

    assert result.exit_code == 0
    assert "no message of cause 'AWS006'" in result.stdout


def test_one_message_is_shown_in_full(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", request(), ERROR_CODE="x")

    shown = json.loads(sesmail("redrive", "EmailQueue", "--show", message_id).stdout)

    assert shown["json"]["detail"]["emailId"] == "order-1"
    assert (shown["cause"], shown["attributes"]) == ("no-record", {"ERROR_CODE": "x"})
    assert len(engine.bodies("EmailQueueDLQ")) == 1


def test_a_hostile_message_cannot_reach_the_terminal(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", json.dumps({"x": "\x1b[2J\u202e"}, ensure_ascii=False))

    for options in (["--dry-run"], ["--show", message_id]):
        result = sesmail("redrive", "EmailQueue", *options)
        assert "\x1b" not in result.stdout
        assert "\u202e" not in result.stdout


def test_messages_are_saved_for_their_owner_alone(engine: MotoEngine, tmp_path: Path) -> None:
    ids = {engine.put("EmailQueueDLQ", request(f"order-{number}")) for number in range(2)}
    folder = tmp_path / "dead" / "letters"

    for _ in range(2):
        assert sesmail("redrive", "EmailQueue", "--save", str(folder)).exit_code == 0

    assert {path.stem for path in folder.iterdir()} == ids
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["json"]["source"] == "my.application"
    assert len(engine.bodies("EmailQueueDLQ")) == 2


def test_a_folder_that_cannot_be_written_is_named(engine: MotoEngine, tmp_path: Path) -> None:
    engine.put("EmailQueueDLQ", request())
    (tmp_path / "file").write_text("")

    result = sesmail("redrive", "EmailQueue", "--save", str(tmp_path / "file"))

    assert result.exit_code == 2
    assert "Choose another folder" in result.stderr


def test_a_discarded_message_is_deleted_and_no_other(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", "hello")
    engine.put("EmailQueueDLQ", request())

    answer = sesmail_json("redrive", "EmailQueue", "--discard", message_id, "--yes", exit_code=1)

    assert answer["deleted"] == [message_id]
    assert [json.loads(body)["source"] for body in engine.bodies("EmailQueueDLQ")] == ["my.application"]
    assert engine.bodies("EmailQueue") == []


def test_all_messages_of_a_cause_are_discarded(engine: MotoEngine) -> None:
    for body in ("hello", "[1]"):
        engine.put("EmailQueueDLQ", body)
    engine.put("EmailQueueDLQ", request())

    answer = sesmail_json("redrive", "EmailQueue", "--discard", "all", "--cause", "unreadable", "--yes")

    assert len(answer["deleted"]) == 2
    assert len(engine.bodies("EmailQueueDLQ")) == 1


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_it_asks_and_says_that_an_email_is_lost(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)
    message_id = engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", "--discard", message_id, answer=answer)

    assert "Delete 1 of 1 for good? 1 of them are emails that were never sent." in result.stderr
    assert len(engine.bodies("EmailQueueDLQ")) == left


@pytest.mark.parametrize("queue", ["EmailQueueDLQ", "EventBridgeDLQ"])
def test_an_unsent_email_is_named_as_lost_whatever_its_cause(engine: MotoEngine, queue: str) -> None:
    message_id = engine.put(queue, request(), ERROR_CODE="NO_PERMISSIONS")
    line = {"level": "ERROR", "sqs_message_id": message_id, "message": "DynamoDB error", "code": "AWS001"}
    engine.log("EmailSender", json.dumps(line))

    result = sesmail("redrive", queue, "--discard", message_id, "--dry-run")

    assert "Would delete 1 of 1 for good. 1 of them are emails that were never sent." in result.stderr


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--dry-run", "--yes")], ids=" ".join)
def test_nothing_is_discarded_without_consent(engine: MotoEngine, options: tuple[str, ...]) -> None:
    message_id = engine.put("EmailQueueDLQ", "hello")

    assert sesmail("redrive", "EmailQueue", "--discard", message_id, *options).exit_code == 1
    assert len(engine.bodies("EmailQueueDLQ")) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--discard", "all"), "--discard all needs --cause"),
        (("--discard", "unknown"), "has no message 'unknown'"),
        (("--show", "unknown"), "has no message 'unknown'"),
        (("--show", "x", "--discard", "x"), "Give one of"),
    ],
)
def test_a_wrong_choice_changes_nothing_and_says_what_to_give(
    engine: MotoEngine, options: tuple[str, ...], error: str
) -> None:
    engine.put("EmailQueueDLQ", request())

    result = sesmail("redrive", "EmailQueue", *options, "--yes")

    assert result.exit_code == 2
    assert error in result.stderr
    assert len(engine.bodies("EmailQueueDLQ")) == 1


def test_a_message_that_is_nested_too_deeply_to_be_written_is_saved_as_text(engine: MotoEngine, tmp_path: Path) -> None:
    body = "[" * 2_000 + "]" * 2_000
    message_id = engine.put("EmailQueueDLQ", body)

    assert sesmail("redrive", "EmailQueue", "--save", str(tmp_path)).exit_code == 0

    saved = json.loads((tmp_path / f"{message_id}.json").read_text())
    assert (saved["json"], saved["body"]) == (None, body)


def test_a_message_named_twice_is_discarded_once(engine: MotoEngine) -> None:
    message_id = engine.put("EmailQueueDLQ", "hello")

    answer = sesmail_json("redrive", "EmailQueue", "--discard", message_id, "--discard", message_id, "--yes")

    assert (answer["chosen"], answer["deleted"]) == ([message_id], [message_id])


def test_messages_are_released_if_reading_fails_half_way(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def receive(queue: DeadLetterQueue, limit: int) -> Any:
        yield next(original(queue, limit))
        raise ReadTimeoutError(endpoint_url="https://sqs")

    engine.put("EmailQueueDLQ", "hello")
    original = DeadLetterQueue.receive
    with monkeypatch.context() as patched:
        patched.setattr(DeadLetterQueue, "receive", receive)
        assert sesmail("redrive", "EmailQueue", "--dry-run").exit_code == 3

    assert len(sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)["messages"]) == 1


@pytest.mark.parametrize(
    ("queue", "detail", "cause", "what"),
    [
        ("EmailQueueDLQ", {"emailId": "order-1"}, "cancel-failed", "cancellation of email order-1 from my.application"),
        ("EventBridgeDLQ", {"tag": "spring"}, "NO_PERMISSIONS", "cancellation of tag spring from my.application"),
    ],
)
def test_a_cancellation_goes_back_and_is_no_email(
    engine: MotoEngine, queue: str, detail: dict[str, str], cause: str, what: str
) -> None:
    engine.put_state("*", paused=True, paused_by="operator")
    event = request() | {"detail-type": "Email Cancel Requested", "detail": detail}
    message_id = engine.put(queue, event, ERROR_CODE="NO_PERMISSIONS", TARGET_ARN="arn:x-BulkQueue")

    [found] = sesmail_json("redrive", queue, "--dry-run", exit_code=1)["messages"]
    assert (found["what"], found["cause"], found["unsent"]) == (what, cause, False)
    assert "never sent" not in sesmail("redrive", queue, "--discard", message_id, "--dry-run").stderr
    assert sesmail_json("redrive", queue, "--yes")["moved"] == [message_id]
    assert [json.loads(body) for body in engine.bodies("EmailQueue")] == [event]


def test_the_record_of_another_source_says_nothing_about_an_email(engine: MotoEngine) -> None:
    """Who deletes the message would lose it without a warning."""
    engine.record(SENT, original_source="another.shop")
    message_id = engine.put("EmailQueueDLQ", request())

    [found] = sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)["messages"]
    assert (found["cause"], found["unsent"]) == ("no-record", True)
    asked = sesmail("redrive", "EmailQueue", "--discard", message_id, "--dry-run").stderr
    assert "1 of them are emails that were never sent" in asked


def test_the_record_under_the_key_of_the_source_counts(engine: MotoEngine) -> None:
    engine.record(original_source="another.shop")
    engine.record(SENT, email_id=key_of_source("order-1", SOURCE))
    engine.put("EmailQueueDLQ", request())

    assert causes(sesmail_json("redrive", "EmailQueue", "--dry-run", exit_code=1)) == {"status-not-published": 1}
