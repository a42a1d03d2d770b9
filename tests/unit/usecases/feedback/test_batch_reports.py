"""What the feedback processor says of single messages, and what becomes of those that it has no time for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import RecipientState
from sesmail_layer.usecases.feedback.batch import RecordFeedback
from tests.unit.usecases.feedback.test_batch_foreign import of_another_sender
from tools.simulation.feedback import JANE, JOHN, Feedback, bounced, delivered
from tools.simulation.poison import POISON, Poisoned


def test_a_bug_is_reported_with_the_message_that_brought_it_out() -> None:
    feedback = Feedback()
    feedback.sent(POISON)
    ports = feedback.ports()
    poisoned = msgspec.structs.replace(ports, tracking=Poisoned(ports.tracking, RuntimeError))
    message = feedback.message(delivered(email_id=POISON), receives=3)
    RecordFeedback(poisoned, feedback.rules)([message], feedback.clock.now() + 15)

    [line] = [line for line in feedback.log.lines if line["event"] == "feedback.failed"]
    assert (line["sqs_message_id"], line["receive_count"]) == (message.message_id, 3)


def test_of_two_messages_a_bug_in_the_follow_up_leaves_the_other_alone() -> None:
    feedback = Feedback()
    feedback.sent("good")
    feedback.sent(POISON, original_source=POISON)
    ports = feedback.ports()
    poisoned = msgspec.structs.replace(ports, sending_counts=Poisoned(ports.sending_counts, RuntimeError))
    good, bad = [feedback.message(bounced(email_id=email_id)) for email_id in ("good", POISON)]

    assert set(RecordFeedback(poisoned, feedback.rules)([good, bad], feedback.clock.now() + 15)) == {bad.message_id}


def test_an_event_of_another_sender_is_reported_with_its_kind_and_ses_s_id() -> None:
    feedback = Feedback()
    feedback.run(feedback.message(of_another_sender(bounced())))
    [line] = feedback.log.lines
    assert (line["kind"], line["ses_message_id"]) == ("bounce", "ses-email-1")


def test_each_recipient_whose_provider_rejects_the_sender_counts() -> None:
    feedback = Feedback()
    feedback.sent(recipients={JANE: RecipientState(status=Status.SENDING, type="cc")})
    feedback.run(*(feedback.message(bounced(status="5.7.1", who=who, to=(JOHN, JANE))) for who in (JOHN, JANE)))
    assert feedback.metrics.counts["SenderRefused"] == 2


def slow(feedback: Feedback, call: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def slowly(*args: Any, **kwargs: Any) -> Any:
        feedback.clock.sleep(seconds)
        return call(*args, **kwargs)

    return slowly


def test_an_event_that_cannot_be_looked_up_in_time_waits_and_one_after_it_is_recorded() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.tracking.find_by_ses_message_id = slow(feedback, feedback.tracking.find_by_ses_message_id, 3)  # type: ignore[method-assign]
    first, second = (feedback.message(delivered(email_id=name, tagged=False)) for name in ("a", "b"))
    feedback.run(first, second, feedback.message(delivered()))

    assert feedback.record().status is Status.DELIVERED
    assert len(feedback.again.messages) == 2  # The first has no record yet.


def test_what_could_not_be_looked_up_still_waits_where_no_time_is_left_to_follow_up() -> None:
    feedback = Feedback()
    feedback.sent()
    feedback.tracking.find_by_ses_message_id = slow(feedback, feedback.tracking.find_by_ses_message_id, 3)  # type: ignore[method-assign]
    feedback.tracking.get_many = slow(feedback, feedback.tracking.get_many, 2)  # type: ignore[method-assign]
    feedback.tracking.replace = slow(feedback, feedback.tracking.replace, 6)  # type: ignore[method-assign]
    messages = [feedback.message(delivered(email_id=name, tagged=False)) for name in ("a", "b")]
    assert feedback.run(*messages, feedback.message(bounced())) == set()

    assert feedback.record().status is Status.BOUNCED
    assert len(feedback.again.messages) == 3
    [line] = [line for line in feedback.log.lines if line["event"] == "status.refused"]
    assert line["message"] == "Failed to publish status change event: no time left"
