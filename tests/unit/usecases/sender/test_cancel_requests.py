"""`Email Cancel Requested` in the sender's batch: before its emails, for its own source only."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations, CancelRule
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.cancel import cancel_email
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SHOP = "my.application"
IN_30_MINUTES = utc_text(NOW + 1_800)


def error_types(sender: Sender) -> dict[str, str | None]:
    return {key: record.error_type for key, record in sender.tracking.records.items()}


def test_a_tag_ends_what_waits_and_what_is_in_the_same_batch() -> None:
    sender = Sender()
    sender.run(sender.message(request(emailId="waits", tags=["spring"], sendAt=IN_30_MINUTES)))
    sender.run(sender.message(request(emailId="other", tags=["autumn"], sendAt=IN_30_MINUTES)))

    batch = [sender.message(request(emailId="together", tags=["spring", "b"])), sender.cancel({"tag": "spring"})]
    assert sender.run(*batch) == set()
    for _ in range(20):
        sender.run_waiting()

    assert error_types(sender) == {"waits": "cancelled", "other": None, "together": "cancelled"}
    assert sender.bus.statuses("waits") == ["deferred", "failed"]
    assert sender.tracking.records["waits"].error_message == "Email not sent: cancelled by its producer"
    assert len(sender.mailer.accepted) == 1
    assert sender.metrics.counts["CancelRequested"] == 1


def test_what_is_asked_for_later_is_sent() -> None:
    sender = Sender()
    sender.run(sender.cancel({"tag": "spring"}))
    sender.clock.sleep(2)

    assert sender.send(emailId="later", tags=["spring"]).status is Status.SENT


def test_another_source_s_emails_with_the_tag_are_sent() -> None:
    sender = Sender()
    sender.run(sender.cancel({"tag": "spring"}, source="blog"))

    assert sender.send(emailId="one", tags=["spring"]).status is Status.SENT
    assert set(sender.control.cancellations) == {"blog"}


def test_the_rule_is_in_force_in_the_same_container_at_once() -> None:
    sender = Sender()
    sender.run(sender.message(request(emailId="before", tags=["spring"])))
    rule = Cancellations(rules=[CancelRule(before=NOW, tag="spring", by="its producer")])

    sender.run(sender.cancel({"tag": "spring"}))

    assert sender.control.cancellations == {SHOP: rule}


def test_an_id_is_cancelled_before_its_request_in_any_order_of_one_batch() -> None:
    sender = Sender()

    sender.run(sender.message(request(emailId="one")), sender.cancel({"emailId": "one"}))

    assert error_types(sender) == {"one": "cancelled"}
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.mailer.accepted == []


def test_before_the_request_nothing_is_published() -> None:
    sender = Sender()

    sender.run(sender.cancel({"emailId": "one"}))

    assert sender.tracking.records["one"].status is Status.FAILED
    assert sender.bus.events == []


def test_a_scheduled_email_is_reported_as_failed_at_once() -> None:
    sender = Sender()
    sender.run(sender.message(request(emailId="one", sendAt=IN_30_MINUTES)))

    sender.run(sender.cancel({"emailId": "one"}))
    sender.run(sender.cancel({"emailId": "one"}))

    assert sender.bus.statuses("one") == ["deferred", "failed"]


def test_what_dynamodb_does_not_answer_is_tried_again() -> None:
    sender = Sender()
    message = sender.cancel({"emailId": "one"})
    sender.tracking.error = TransientError("no answer", code="AWS003")

    assert sender.waits_after(message)

    sender.tracking.error = None
    sender.run_waiting()
    assert error_types(sender) == {"one": "cancelled"}


def test_a_rule_keeps_the_time_of_its_event_through_hops() -> None:
    sender = Sender()
    add_rule = sender.control.add_rule

    def no_answer(*_args: object, **_options: object) -> None:
        raise TransientError("no answer", code="AWS006")

    sender.control.add_rule = no_answer  # type: ignore[method-assign]
    assert sender.waits_after(sender.cancel({"tag": "spring"}))
    sender.control.add_rule = add_rule  # type: ignore[method-assign]
    sender.run_waiting()

    assert [rule.before for rule in sender.control.cancellations[SHOP].rules] == [NOW]


@pytest.mark.parametrize(
    ("detail", "code"), [({}, "CAN003"), ({"emailId": "a b"}, "CAN003"), ({"email": "ada@example.com"}, "VAL006")]
)
def test_what_cannot_be_right_is_logged_without_content_and_done(detail: dict[str, str], code: str) -> None:
    sender = Sender()

    assert sender.run(sender.cancel(detail)) == set()

    assert sender.log.codes() == [code]
    assert "ada" not in str(sender.log.lines)
    assert sender.metrics.counts == {"CancelRejected": 1}
    assert sender.tracking.records == {}
    assert sender.waiting.messages == []


def test_the_rule_after_the_hundredth_is_rejected() -> None:
    sender = Sender()
    for number in range(101):
        assert sender.run(sender.cancel({"tag": f"t{number}"})) == set()

    assert len(sender.control.cancellations[SHOP].rules) == 100
    assert sender.log.codes() == ["CAN002"]


def test_a_status_event_that_is_refused_is_published_by_another_try() -> None:
    sender = Sender()
    sender.run(sender.message(request(emailId="one", sendAt=IN_30_MINUTES)))
    waits = sender.waiting.take()
    sender.bus.refuse = lambda event: event.status == "failed"

    assert sender.run(sender.cancel({"emailId": "one"})) == set()
    assert sender.bus.statuses("one") == ["deferred"]

    sender.bus.refuse = lambda _event: False
    sender.run_waiting()
    assert sender.bus.statuses("one") == ["deferred", "failed"]
    assert len(waits) == 1


def test_the_source_that_stands_for_all_cancels_nothing() -> None:
    sender = Sender()

    assert sender.run(sender.cancel({"tag": "spring"}, source="*")) == set()

    assert sender.log.codes() == ["VAL005"]
    assert sender.metrics.counts == {"CancelRejected": 1}
    assert sender.control.cancellations == {}
    assert sender.send(emailId="one", tags=["spring"]).status is Status.SENT


def test_a_cancellation_that_arrives_late_spares_what_was_requested_after_it() -> None:
    sender = Sender()
    late = sender.cancel({"tag": "spring"})
    sender.clock.sleep(3_600)
    after = sender.message(request(emailId="after", tags=["spring"]))

    sender.run(late, after)

    assert sender.tracking.records["after"].status is Status.SENT
    assert [rule.before for rule in sender.control.cancellations[SHOP].rules] == [NOW]


def test_after_the_first_call_without_an_answer_the_others_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    calls = []

    def no_answer(keys: object) -> None:
        calls.append(keys)
        raise TransientError("no answer", code="AWS003")

    monkeypatch.setattr(sender.tracking, "get_many", no_answer)
    assert sender.run(*(sender.cancel({"emailId": f"m{number}"}) for number in range(10))) == set()

    assert len(calls) == 1
    assert len(sender.waiting.messages) == 10
    monkeypatch.undo()
    sender.run_waiting()
    assert set(error_types(sender).values()) == {"cancelled"}
    assert len(sender.tracking.records) == 10


def test_a_guessed_event_id_of_another_source_s_request_cancels_nothing() -> None:
    sender = Sender()
    sender.run(sender.cancel({"emailId": "email-guessed"}, source="stranger"))

    sender.run(sender.message(request(), event_id="guessed"))

    assert len(sender.mailer.accepted) == 1
    own_key = key_of_source("email-guessed", SHOP)
    assert sender.tracking.records[own_key].status is Status.SENT
    assert sender.tracking.records["email-guessed"].original_source == "stranger"
    [event] = sender.bus.events
    assert (event.email_id, event.record_id, event.status) == ("email-guessed", own_key, "sent")


def test_an_email_that_waits_beside_such_a_cancellation_keeps_its_id() -> None:
    sender = Sender()
    sender.run(sender.cancel({"emailId": "email-guessed"}, source="stranger"))

    sender.run(sender.message(request(sendAt=IN_30_MINUTES), event_id="guessed"))
    for _ in range(20):
        sender.run_waiting()

    events = [(event.email_id, event.record_id, event.status) for event in sender.bus.events]
    own_key = key_of_source("email-guessed", SHOP)
    assert events == [("email-guessed", own_key, "deferred"), ("email-guessed", own_key, "sent")]


def test_the_source_itself_and_an_operator_cancel_a_request_without_id_by_its_event_s_id() -> None:
    sender = Sender()
    sender.run(sender.cancel({"emailId": "email-own"}))
    cancel_email(sender.tracking, "email-any", None, by="an operator", now=NOW, retention_days=90)

    sender.run(sender.message(request(), event_id="own"), sender.message(request(), event_id="any"))

    assert error_types(sender) == {"email-own": "cancelled", "email-any": "cancelled"}
    assert sender.mailer.accepted == []
