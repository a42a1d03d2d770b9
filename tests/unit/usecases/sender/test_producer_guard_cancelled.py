"""Cancellations that are looked at with the policies, and again right before the claim."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.guards.cancelling import Cancellations, CancelRule
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SHOP, ALL = "my.application", "*"
LATER = NOW + 86_400


def cancelling(scope: str = SHOP, **rule: object) -> Sender:
    sender = Sender()
    sender.control.cancellations[scope] = Cancellations(rules=[CancelRule(**{"before": LATER, **rule})])  # type: ignore[arg-type]
    return sender


@pytest.mark.parametrize("scope", [SHOP, ALL])
def test_a_rule_of_the_source_or_of_all_ends_an_email_without_a_record(scope: str) -> None:
    sender = cancelling(scope)

    record = sender.send(emailId="one")

    assert (record.status, record.error_type) == (Status.FAILED, "cancelled")
    assert record.error_message == "Email not sent: cancelled by an operator"
    assert sender.log.codes() == ["CAN001"]
    assert sender.bus.statuses("one") == ["failed"]
    assert sender.mailer.accepted == []


def test_a_rule_ends_what_a_pause_holds() -> None:
    sender = cancelling()
    sender.control.states[SHOP] = SendingState(paused=True, paused_by="operator")

    assert sender.send(emailId="one").error_type == "cancelled"
    assert sender.waiting.messages == []


def test_other_sources_are_sent() -> None:
    assert cancelling("blog").send(emailId="one").status is Status.SENT


@pytest.mark.parametrize(
    ("rule", "status"), [({"tag": "a"}, Status.FAILED), ({"tag": "b"}, Status.SENT), ({"template": "x"}, Status.SENT)]
)
def test_a_rule_selects_by_tag_and_template(rule: dict[str, str], status: Status) -> None:
    assert cancelling(**rule).send(emailId="one", tags=["a"]).status is status


def test_the_time_of_acceptance_goes_along_with_every_hop() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one", sendAt=utc_text(NOW + 7_200)))
    sender.run(QueueMessage(message.message_id, message.body, sent_at=NOW - 3.5))
    rules = [CancelRule(before=NOW + 1, since=NOW - 3)]
    sender.control.cancellations[SHOP] = Cancellations(rules=rules)

    for _ in range(3):
        sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.DEFERRED

    rules[:] = [CancelRule(before=NOW + 1, since=NOW - 4)]
    sender.run_waiting()
    assert sender.tracking.records["one"].error_type == "cancelled"


def test_it_is_looked_at_again_after_the_wait_for_the_send_time() -> None:
    """The rule comes while the email waits for its place in the shared rate."""
    sender = Sender()
    sender.bucket.empty_at["pacer#all"] = NOW + 12
    sleep = sender.clock.sleep

    def cancelled_meanwhile(seconds: float) -> None:
        sleep(seconds)
        sender.control.cancellations[SHOP] = Cancellations(rules=[CancelRule(before=LATER)])

    sender.clock.sleep = cancelled_meanwhile  # type: ignore[method-assign]

    assert sender.send(emailId="one").error_type == "cancelled"
    assert sender.mailer.accepted == []


def test_without_a_rule_a_batch_reads_once() -> None:
    sender = Sender()
    sender.run(*(sender.message(request(emailId=f"m{n}")) for n in range(10)))
    assert sender.control.reads == 1


def test_an_erased_recipient_leaves_a_record_without_the_person() -> None:
    sender = Sender()
    sender.control.cancellations[ALL] = Cancellations(erased={"sha256:ada@example.com": LATER})

    record = sender.send(emailId="one", to="Ada@Example.com", metadata={"user": "ada"}, subject="Dear Ada")
    other = sender.send(emailId="two", to="bob@example.com")

    assert (record.error_type, record.template_name) == ("cancelled", "welcome")
    assert other.status is Status.SENT
    stored = msgspec.json.encode(record).decode().casefold()
    assert "ada" not in stored
    assert "example.com" not in stored


def test_a_copy_to_an_erased_address_is_left_out_and_the_others_get_theirs() -> None:
    sender = Sender()
    sender.control.cancellations[ALL] = Cancellations(erased={"sha256:eve@example.com": LATER})

    record = sender.send(emailId="one", cc=["Eve@example.com", "bob@example.com"], bcc=["carol@example.com"])

    [mail] = sender.mailer.accepted
    assert mail.recipients == ["ada@example.com", "bob@example.com", "carol@example.com"]
    assert b"eve@" not in mail.raw.lower()
    assert set(record.recipients) == {"bob@example.com", "carol@example.com"}
    assert "eve@" not in msgspec.json.encode(record).decode().casefold()


@pytest.mark.parametrize(("resend_unknown", "right"), [(True, "cancelled"), (False, "outcome_unknown")])
def test_an_email_of_unknown_outcome_is_settled_before_a_rule_ends_it(resend_unknown: bool, right: str) -> None:
    """Where nothing settles it, the record does not say that it did not go out; and the try ends."""
    sender = Sender(resend_unknown=resend_unknown)
    sender.mailer.answers = [OutcomeUnknownError("read timeout")]
    sender.progress.answers_probes = False
    assert sender.run(sender.message(request(emailId="one"))) == set()
    sender.control.cancellations[SHOP] = Cancellations(rules=[CancelRule(before=LATER)])

    sender.clock.sleep(400)
    sender.run_waiting()
    assert sender.tracking.records["one"].status is Status.SENDING
    assert len(sender.waiting.messages) == 1

    sender.progress.answers_probes = True
    sender.clock.sleep(60)
    sender.run_waiting()
    sender.run_waiting()
    assert sender.tracking.records["one"].error_type == right
    assert sender.waiting.messages == []


def test_what_an_erased_person_is_sent_later_is_sent() -> None:
    sender = Sender()
    sender.control.cancellations[ALL] = Cancellations(erased={"sha256:ada@example.com": NOW - 60})

    assert sender.send(emailId="one").status is Status.SENT


def test_while_the_key_of_hashes_cannot_be_read_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender()
    sender.control.cancellations[ALL] = Cancellations(erased={"sha256:other": LATER})

    def unreadable(_address: str) -> list[str]:
        raise TransientError("SSM error", code="AWS009")

    ports = msgspec.structs.replace(sender.ports(), tombstones_of=unreadable)
    monkeypatch.setattr(sender, "ports", lambda: ports)

    assert sender.waits_after(sender.message(request(emailId="one")))
    assert sender.mailer.accepted == []
