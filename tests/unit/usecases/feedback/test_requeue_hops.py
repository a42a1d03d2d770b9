"""What a message carries while it waits on the feedback queue, and for how long it waits."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from sesmail_layer.domain.queue_message import WRAPPED, QueueMessage
from tests.unit.usecases.feedback.test_requeue import OUT_OF_REACH, failing
from tools.simulation.fakes import NOW
from tools.simulation.feedback import Feedback, delivered, opened


def hop(feedback: Feedback) -> dict[str, Any]:
    [(body, _)] = feedback.again.messages
    assert body.count("sesmailHop") == 1
    return json.loads(body)["sesmailHop"]  # type: ignore[no-any-return]


def test_it_carries_one_hop_however_often_it_waits_and_is_noted_once() -> None:
    feedback, message = failing()
    noted: list[Mapping[str, float]] = []
    note = feedback.progress.note
    feedback.progress.note = lambda sent: (noted.append(sent), note(sent))[1]  # type: ignore[method-assign,func-returns-value,assignment]
    feedback.run(message)
    for tries in (1, 2, 3):
        assert hop(feedback) == {"id": message.message_id, "sentAt": NOW - 20, "tries": tries}
        feedback.run_waiting()
    assert noted == [{message.message_id: NOW - 20}]


def test_the_metric_has_its_age() -> None:
    feedback, message = failing()
    feedback.run(message)
    assert feedback.metrics.highest_values["TransientErrorAge"] == 20


def test_without_a_note_it_says_so_and_waits_five_seconds_at_most() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.progress.error = OUT_OF_REACH
    feedback.run(feedback.message(delivered(), receives=2))
    for _ in range(8):
        assert hop(feedback)["unnoted"] is True
        feedback.run_waiting()
    [(_, delay)] = feedback.again.messages
    assert delay == 5
    lines = [line for line in feedback.log.lines if line["event"] == "feedback.note_failed"]
    # One a batch: a second call would take as long to fail.
    assert [(line["code"], line["message"]) for line in lines] == [("AWS003", "DynamoDB error: timeout")] * 9


def test_with_a_note_it_waits_between_thirty_and_forty_five_seconds_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    feedback, message = failing()
    feedback.run(message)
    for _ in range(8):
        feedback.run_waiting()
    for share, seconds in ((0, 30), (1, 45)):
        monkeypatch.setattr(random, "uniform", lambda low, high, share=share: low + (high - low) * share)
        feedback.run_waiting()
        [(_, delay)] = feedback.again.messages
        assert delay == seconds


def test_a_message_that_only_looks_as_if_it_had_waited_is_reported_as_unreadable() -> None:
    feedback = Feedback()
    broken = QueueMessage("message-1", f"{WRAPPED}1,}}", sent_at=NOW)
    assert feedback.run(broken) == set()
    assert [message.message_id for message, _ in feedback.dead_letters.messages] == ["message-1"]
    [line] = [line for line in feedback.log.lines if line["event"] == "feedback.failed"]
    assert line["code"] == "FBK001"


def test_of_a_batch_only_what_was_received_before_is_noted() -> None:
    feedback = Feedback()
    feedback.sent()
    noted: list[Mapping[str, float]] = []
    feedback.progress.note = noted.append  # type: ignore[method-assign,assignment]
    again = feedback.message(delivered(), receives=2)
    feedback.run(feedback.message(opened()), again)
    assert [list(notes) for notes in noted] == [[again.message_id]]


def test_the_wait_doubles_with_each_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, _high: low)
    feedback, message = failing()
    feedback.run(message)
    delays = []
    for _ in range(6):
        [(_, delay)] = feedback.again.messages
        delays.append(delay)
        feedback.run_waiting()
    assert delays == [2, 2, 4, 8, 16, 30]
