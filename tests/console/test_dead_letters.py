"""Dead letters in the console: queues, causes, messages, and what is done about them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
from tests.cli.conftest import MotoEngine, sesmail_json
from tests.cli.test_redrive import notification, request
from tests.console.conftest import HOSTILE, Html, Visitor, confirm, done_text

QUEUE = "EmailQueueDLQ"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading._WAIT_SECONDS", 0)
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 1)


def letters(engine: MotoEngine, count: int) -> list[str]:
    """Put requests into the queue; return the ids of the messages."""
    return [engine.put(QUEUE, request(f"order-{number}")) for number in range(count)]


def read_all(visitor: Visitor) -> Html:
    """Read the queue to its end, step by step."""
    page = Html(visitor.text(f"dead-letters/{QUEUE}"))
    for _ in range(50):
        more = page.links("read-on")
        if not more:
            return page
        page = Html(visitor.text(f"dead-letters/{QUEUE}", more[0].partition("?")[2]))
    raise AssertionError("it does not end")


def test_each_page_takes_three_requests_at_most(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    ids = letters(engine, 45)
    with requests_counted() as asked:
        visitor.text("dead-letters")
    assert len(asked) <= 3, asked
    for _ in range(3):
        with requests_counted() as asked:
            page = visitor.text(f"dead-letters/{QUEUE}", "more=yes")
        assert asked == ["ReceiveMessage", "BatchGetItem", "FilterLogEvents"]
    read = next(one for one in ids if one in page)
    for path in (f"{QUEUE}/{read}", f"{QUEUE}/{read}.json"):
        with requests_counted() as asked:
            visitor.get(f"dead-letters/{path}")
        assert asked == []
    for action in ("redrive", "discard"):
        with requests_counted() as asked:
            visitor.text(f"actions/{action}", f"queue={QUEUE}")
        assert len(asked) <= 3, asked


def test_all_of_a_queue_is_read_step_by_step_and_grouped_as_the_command_does(
    visitor: Visitor, engine: MotoEngine
) -> None:
    ids = letters(engine, 23)
    engine.put(QUEUE, "no JSON")
    line = {"level": "ERROR", "code": "TMPL003", "message": "'total' is undefined", "sqs_message_id": ids[0]}
    engine.log("EmailSender", json.dumps(line))
    page = read_all(visitor)
    assert "24 read · 23 can succeed now · 23 never sent" in page.text
    assert "TMPL003: 'total' is undefined" in page.text

    time.sleep(1)  # Until the messages are visible again.
    groups = sesmail_json("redrive", QUEUE, "--dry-run", exit_code=1)["groups"]
    for group in groups:
        assert f"{group['cause']} {group['count']}" in page.text


def test_an_empty_queue_says_so(visitor: Visitor) -> None:
    assert f"{QUEUE} is empty" in visitor.text(f"dead-letters/{QUEUE}")


def test_a_queue_that_does_not_exist_is_not_found(visitor: Visitor) -> None:
    assert visitor.get("dead-letters/EmailQueue").status == 404
    assert visitor.get("actions/redrive", "queue=x").status == 400


def test_moving_all_that_can_succeed_moves_what_was_shown(visitor: Visitor, engine: MotoEngine) -> None:
    letters(engine, 12)
    engine.put(QUEUE, "no JSON")
    engine.put(QUEUE, request("order-x", source="paused.shop"))
    engine.put_state("paused.shop", paused=True, paused_by="operator")
    read_all(visitor)
    plan = Html(visitor.text("actions/redrive", f"queue={QUEUE}"))
    assert "12 of 14 dead letters go back to EmailQueue, unchanged." in plan.text
    assert "1 stay: paused: producer 'paused.shop', by an operator" in plan.text
    assert f"sesmail redrive {QUEUE} --yes" in plan.text

    text = done_text(visitor, confirm(visitor, "redrive", plan))
    assert "Moved 12" in text
    assert len(engine.bodies("EmailQueue")) == 12
    assert len(engine.bodies(QUEUE)) == 2
    assert "2 read" in Html(visitor.text(f"dead-letters/{QUEUE}")).text


def test_no_command_is_shown_that_would_move_more(visitor: Visitor, engine: MotoEngine) -> None:
    one, *_ = letters(engine, 12)
    visitor.text(f"dead-letters/{QUEUE}")
    plan = Html(visitor.text("actions/redrive", f"queue={QUEUE}"))
    assert "sesmail redrive" not in plan.text, "not all was read"
    read_all(visitor)
    assert "sesmail redrive" in Html(visitor.text("actions/redrive", f"queue={QUEUE}")).text
    plan = Html(visitor.text("actions/redrive", f"queue={QUEUE}&id={one}"))
    assert "1 of 1 dead letter go back" in plan.text
    assert "sesmail redrive" not in plan.text, "one message was chosen"


def test_one_message_is_shown_in_full_and_deleted(visitor: Visitor, engine: MotoEngine) -> None:
    kept, gone = letters(engine, 2)
    engine.record(email_id="order-1")
    read_all(visitor)
    page = Html(visitor.text(f"dead-letters/{QUEUE}/{gone}"))
    assert '"templateName": "welcome"' in page.text
    assert "/token/emails/order-1" in page.hrefs
    assert f"sesmail redrive {QUEUE} --show {gone}" in page.text
    saved = visitor.get(f"dead-letters/{QUEUE}/{gone}.json")
    assert json.loads(saved.content)["messageId"] == gone
    assert "attachment" in saved.headers["Content-Disposition"]

    plan = Html(visitor.text("actions/discard", f"queue={QUEUE}&id={gone}"))
    assert "1 dead letter is deleted for good." in plan.text
    assert "1 is an email that was never sent" in plan.text
    assert f"sesmail redrive {QUEUE} --discard {gone} --yes" in plan.text
    assert "Deleted 1" in done_text(visitor, confirm(visitor, "discard", plan))
    assert [json.loads(body)["detail"]["emailId"] for body in engine.bodies(QUEUE)] == ["order-0"]
    assert kept in visitor.text(f"dead-letters/{QUEUE}")
    assert gone not in visitor.text(f"dead-letters/{QUEUE}")


def test_a_message_that_was_sent_meanwhile_is_not_lost_with_its_group(visitor: Visitor, engine: MotoEngine) -> None:
    letters(engine, 1)
    read_all(visitor)
    plan = Html(visitor.text("actions/discard", f"queue={QUEUE}&cause=no-record"))
    late = engine.put(QUEUE, request("late"))
    confirm(visitor, "discard", plan)
    assert [json.loads(body)["detail"]["emailId"] for body in engine.bodies(QUEUE)] == ["late"]
    assert late not in visitor.text(f"dead-letters/{QUEUE}")


def test_what_is_gone_meanwhile_is_said(visitor: Visitor, engine: MotoEngine) -> None:
    letters(engine, 2)
    read_all(visitor)
    plan = Html(visitor.text("actions/discard", f"queue={QUEUE}"))
    engine.sqs.purge_queue(QueueUrl=engine.urls[QUEUE])
    text = done_text(visitor, confirm(visitor, "discard", plan))
    assert "Deleted 0" in text
    assert "2 stay: they are gone" in text


def test_an_ses_event_names_its_email(visitor: Visitor, engine: MotoEngine) -> None:
    engine.put("FeedbackProcessorDLQ", notification())
    page = Html(visitor.text("dead-letters/FeedbackProcessorDLQ"))
    assert "SES event Bounce about 0100-1" in page.text
    assert "1 can go to FeedbackQueue." in page.text


def test_hostile_messages_stay_text(visitor: Visitor, engine: MotoEngine) -> None:
    bad = engine.put(QUEUE, request(HOSTILE, source=HOSTILE, subject=HOSTILE), reason="<script>alert(3)</script>")
    detail = '{"emailId": "\\ud800"}'
    engine.put(QUEUE, f'{{"id": "1", "source": "\\ud800", "detail-type": "Email Request", "detail": {detail}}}')
    engine.put(QUEUE, "<script>alert(4)</script>")
    for path in (f"dead-letters/{QUEUE}", f"dead-letters/{QUEUE}/{bad}"):
        page = visitor.text(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in Html(page).text


def test_an_id_that_is_no_unicode_is_moved_as_any_other(visitor: Visitor, engine: MotoEngine) -> None:
    engine.put(QUEUE, '{"id": "1", "source": "s", "detail-type": "Email Request", "detail": {"emailId": "\\ud800"}}')
    read_all(visitor)
    plan = Html(visitor.text("actions/redrive", f"queue={QUEUE}"))
    assert "Moved 1" in done_text(visitor, confirm(visitor, "redrive", plan))


def test_a_record_that_says_more_is_read_with_the_messages(visitor: Visitor, engine: MotoEngine) -> None:
    letters(engine, 1)
    engine.record(email_id="order-0", status=Status.SENT)
    assert "its record has status 'sent'" in Html(visitor.text(f"dead-letters/{QUEUE}")).text


def test_a_record_of_another_source_is_not_that_of_the_email(visitor: Visitor, engine: MotoEngine) -> None:
    letters(engine, 1)
    engine.record(email_id="order-0", status=Status.SENT, original_source="another.shop")
    assert "1 never sent" in Html(visitor.text(f"dead-letters/{QUEUE}")).text


def test_what_was_read_is_released_before_it_is_moved(
    visitor: Visitor, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 120)
    letters(engine, 12)
    read_all(visitor)
    plan = Html(visitor.text("actions/redrive", f"queue={QUEUE}"))
    started = time.monotonic()
    assert "Moved 12" in done_text(visitor, confirm(visitor, "redrive", plan))
    assert time.monotonic() - started < 60


def test_while_what_was_read_is_hidden_to_read_again_finds_what_is_new(
    visitor: Visitor, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 120)
    letters(engine, 2)
    read_all(visitor)
    engine.put(QUEUE, request("late"))
    assert "3 read" in Html(visitor.text(f"dead-letters/{QUEUE}", "again=yes")).text


def test_reading_ends_where_only_messages_that_were_read_come_again(
    visitor: Visitor, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 0)
    letters(engine, 3)
    visitor.text(f"dead-letters/{QUEUE}")
    for step in range(3):
        page = Html(visitor.text(f"dead-letters/{QUEUE}", "more=yes"))
        assert bool(page.links("read-on")) == (step < 2)
    assert "3 read" in page.text


def test_only_fresh_messages_are_classified(
    visitor: Visitor, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, requests_counted: Callable[[], Any]
) -> None:
    monkeypatch.setattr("sesmail_cli.operator.dead_letter_reading.HIDDEN_SECONDS", 0)
    letters(engine, 3)
    visitor.text(f"dead-letters/{QUEUE}")
    with requests_counted() as asked:
        visitor.text(f"dead-letters/{QUEUE}", "more=yes")
    assert asked == ["ReceiveMessage"]


def test_an_id_that_is_no_unicode_has_a_page(visitor: Visitor, engine: MotoEngine) -> None:
    event = '{"id": "1", "source": "s", "detail-type": "Email Request", "detail": {"emailId": "\\ud800"}}'
    bad = engine.put(QUEUE, event)
    read_all(visitor)
    assert "/token/emails/%3F" in Html(visitor.text(f"dead-letters/{QUEUE}/{bad}")).hrefs
