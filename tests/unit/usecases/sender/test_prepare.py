"""What a request asks for reaches its email, and what prevents an email is reported in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import TrackingRecord
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

SOURCE = "my.application"


def mail(sender: Sender, number: int = 0) -> EmailMessage:
    return message_from_bytes(sender.mailer.accepted[number].raw, policy=default)


def with_hop(sender: Sender, hop: str, **fields: Any) -> None:
    message = sender.message(request(emailId="one", **fields))
    body = message.body.replace('"source"', f'"sesmailHop": {hop}, "source"')
    assert sender.run(type(message)(message.message_id, body)) == set()


def test_the_subject_of_the_request_overrides_the_templates() -> None:
    sender = Sender()
    record = sender.send(emailId="one", subject="Yours")

    assert mail(sender)["Subject"] == "Yours"
    assert record.subject == "Yours"


def test_templates_are_asked_for_the_locale_and_know_the_year() -> None:
    sender = Sender()
    sender.templates.add("dated", "{{ year }}", "{{ year }}", {"subject": "In {{ year }}"})
    sender.send(templateName="dated", locale="fr-CA")

    assert sender.templates.loads == [("dated", "fr-CA")]
    assert mail(sender)["Subject"] == "In 2026"


def test_the_brand_fills_in_required_variables_that_the_request_lacks() -> None:
    sender = Sender(brand={"companyName": "Shop & Söhne", "supportEmail": "help@example.com"})
    about = {"subject": "{{ companyName }}, {{ supportEmail }}", "requiredVariables": ["companyName", "supportEmail"]}
    sender.templates.add("branded", "h", "t", about)
    sender.send(emailId="one", templateName="branded", templateData={"supportEmail": "ada@example.com"})
    sender.send(emailId="two", templateName="branded", templateData={"companyName": None})
    unbranded = Sender()
    unbranded.templates = sender.templates
    record = unbranded.send(emailId="three", templateName="branded", templateData={})

    subjects = [str(message_from_bytes(one.raw, policy=default)["Subject"]) for one in sender.mailer.accepted]
    assert subjects == ["Shop & Söhne, ada@example.com", "Shop & Söhne, help@example.com"]
    assert record.error_message == (
        "Failed to render template 'branded': Missing required variables: ['companyName', 'supportEmail']"
    )


def test_rendering_has_two_seconds() -> None:
    sender = Sender()
    ports, asked = sender.ports, []

    @contextmanager
    def noted(seconds: float) -> Iterator[None]:
        asked.append(seconds)
        yield

    sender.ports = lambda: msgspec.structs.replace(ports(), time_limit=noted)  # type: ignore[method-assign]
    sender.send()

    assert asked == [2.0]


def test_every_email_and_every_attempt_has_a_message_id_of_its_own() -> None:
    sender, later = Sender(), Sender()
    sender.send(emailId="one")
    sender.send(emailId="two")
    with_hop(later, '{"attempt": 2}')

    ids = {mail(sender, 0)["Message-ID"], mail(sender, 1)["Message-ID"], mail(later)["Message-ID"]}
    assert len(ids) == 3
    assert all(one.endswith("@example.com>") for one in ids)


def test_a_policys_refusals_name_the_producer() -> None:
    for policy in (ProducerPolicy(enabled=False), ProducerPolicy(senders=["x@example.com"])):
        sender = Sender()
        sender.control.policies[SOURCE] = policy
        assert (sender.send().error_message or "").startswith(f"Producer '{SOURCE}' may not send this email: ")


def test_a_message_without_attachments_that_is_too_large_is_the_requests_fault() -> None:
    sender = Sender(max_message_bytes=100)

    assert sender.send().error_type == "validation_error"


def test_a_message_may_be_as_large_as_is_allowed() -> None:
    sender = Sender()
    sender.send(emailId="one")
    size = len(sender.mailer.accepted[0].raw)

    for limit, status in ((size, Status.SENT), (size - 1, Status.FAILED)):
        other = Sender(max_message_bytes=limit)
        assert other.send(emailId="one").status is status


@pytest.mark.parametrize(("now", "status"), [(NOW - 0.001, Status.SENT), (NOW, Status.FAILED)])
def test_it_expires_at_its_moment(now: float, status: Status) -> None:
    sender = Sender()
    sender.clock.time = now

    assert sender.send(expiresAt="2026-11-24T10:31:00Z").status is status


@pytest.mark.parametrize(("now", "status"), [(NOW - 0.001, Status.DEFERRED), (NOW, Status.SENT)])
def test_it_is_sent_at_its_moment(now: float, status: Status) -> None:
    sender = Sender()
    sender.clock.time = now

    assert sender.send(sendAt="2026-11-24T10:31:00Z").status is status


def test_a_retrys_time_is_agreed_on_and_no_hold() -> None:
    sender = Sender()
    with_hop(sender, f'{{"attempt": 2, "notBefore": {NOW + 60}, "giveUpAt": {NOW - 1}}}')

    assert "one" not in sender.tracking.records
    assert [delay for _, delay in sender.waiting.messages] == [60]
    assert sender.bus.events == []


@pytest.mark.parametrize(("ahead", "sent"), [(1, 1), (1.001, 0)])
def test_clocks_may_differ_by_a_second(ahead: float, sent: int) -> None:
    sender = Sender()
    with_hop(sender, f'{{"attempt": 1, "notBefore": {NOW + ahead}}}')

    assert len(sender.mailer.accepted) == sent


def test_what_is_no_name_or_id_is_not_recorded_as_one() -> None:
    sender = Sender()
    sender.run(sender.message({"to": "ada@example.com", "templateName": "../x", "emailId": "a b"}, event_id="e"))
    sender.run(sender.message({"to": 5, "templateName": 5, "emailId": 5, "metadata": []}, event_id="f"))
    sender.run(sender.message("no object", event_id="g"))

    for event_id in ("e", "f", "g"):
        record = sender.tracking.records[f"email-{event_id}"]
        assert (record.template_name, record.metadata, record.status) == (None, None, Status.FAILED)


def test_a_subject_is_recorded_though_nothing_is_rendered() -> None:
    sender = Sender()
    sender.suppression.list_address("ada@example.com", SuppressionReason.MANUAL)

    assert sender.send(subject="Yours").subject == "Yours"


def test_the_addressee_is_no_copy_though_it_is_named_as_one() -> None:
    assert Sender().send(cc=["Ada@example.com"]).recipients == {}


@pytest.mark.parametrize(("milliseconds", "status"), [("000", "sent"), ("001", "failed")])
def test_an_entry_of_the_suppression_list_blocks_until_it_ends(milliseconds: str, status: str) -> None:
    sender = Sender()
    sender.suppression.entries["ada@example.com"] = Suppression(
        email="ada@example.com",
        suppression_type="bounce",
        reason=SuppressionReason.HARD_BOUNCE,
        added_to_suppression_date="2026-11-10T00:00:00.000Z",
        expires_at=f"2026-11-24T10:31:00.{milliseconds}Z",
        ttl=1,
    )

    assert sender.send().status == status


def test_a_redelivered_probe_keeps_its_place_though_there_is_no_room() -> None:
    for source in ("*", SOURCE):
        sender = Sender()
        probes = ["one", "b", "c", "d", "e"]
        sender.control.states[source] = SendingState(
            paused=True, paused_by="breaker", trip="bounce", opened_at=NOW - 4_000, probes=probes, probed_at=NOW
        )

        assert sender.send(emailId="one").status is Status.SENT
        assert sender.control.states[source].probes == probes


def test_two_producers_of_a_batch_are_held_by_their_own_caps() -> None:
    sender = Sender()
    messages = []
    for source in ("shop", "blog"):
        sender.control.policies[source] = ProducerPolicy(first_contacts_per_hour=1)
        for number in range(2):
            fields = request(emailId=f"{source}-{number}", to=f"{source}{number}@example.com")
            messages.append(sender.message(fields, source=source))

    sender.run(*messages)

    statuses = {email_id: record.status.value for email_id, record in sender.tracking.records.items()}
    assert statuses == {"shop-0": "sent", "shop-1": "deferred", "blog-0": "sent", "blog-1": "deferred"}


def test_a_producers_policy_is_cached_for_five_seconds_and_dropped_when_it_is_deleted() -> None:
    sender = Sender()
    sender.control.policies[SOURCE] = ProducerPolicy(enabled=False)
    warm = SendEmails(sender.ports(), sender.rules)

    def sent(email_id: str) -> Status:
        assert warm([sender.message(request(emailId=email_id))], sender.clock.now() + 30) == set()
        return sender.tracking.records[email_id].status

    assert sent("first") is Status.FAILED
    del sender.control.policies[SOURCE]

    sender.clock.sleep(4.9)
    assert sent("second") is Status.FAILED
    sender.clock.sleep(0.1)
    assert sent("third") is Status.SENT


def test_a_request_that_fails_while_its_id_is_being_sent_waits_for_the_end() -> None:
    sender = Sender()
    sender.send(emailId="one")
    existing = sender.tracking.records["one"]
    sender.tracking.records["one"] = msgspec.structs.replace(
        existing, status=Status.SENDING, lease_until=NOW + 20, history=existing.history[:1], fingerprint=""
    )

    sender.run(sender.message(request(emailId="one", templateName="none")))

    assert [delay for _, delay in sender.waiting.messages] == [20]
    assert sender.tracking.records["one"].status is Status.SENDING


class Losing:
    """Another writer is faster, so many times."""

    def __init__(self, sender: Sender, times: int) -> None:
        self.times = times
        self._replace = sender.tracking.replace
        sender.tracking.replace = self  # type: ignore[method-assign]

    def __call__(self, record: TrackingRecord) -> TrackingRecord | None:
        if self.times:
            self.times -= 1
            return record
        return self._replace(record)


def waiting(sender: Sender) -> Mapping[str, TrackingRecord]:
    sender.send(emailId="one", sendAt="2026-11-24T10:32:00Z")
    sender.waiting.take()
    sender.clock.sleep(60)
    return sender.tracking.records


def again(sender: Sender) -> None:
    sender.run(sender.message(request(emailId="one", sendAt="2026-11-24T10:32:00Z"), event_id="event-1"))


def test_a_worker_that_loses_the_race_for_a_claim_reads_again() -> None:
    sender = Sender()
    records = waiting(sender)
    Losing(sender, 7)
    again(sender)

    assert (records["one"].status, records["one"].attempt) == (Status.SENT, 1)
    assert records["one"].original_email_id is None
    assert [entry.key for entry in records["one"].history][:2] == ["mark/1/00001/deferred", "mark/1/00002/sending"]


def test_a_worker_that_loses_the_claim_eight_times_waits_a_second_unpublished() -> None:
    sender = Sender()
    records = waiting(sender)
    Losing(sender, 8)
    events = len(sender.bus.events)
    again(sender)

    assert records["one"].status is Status.DEFERRED
    assert [delay for _, delay in sender.waiting.messages] == [1]
    assert len(sender.bus.events) == events


def test_a_deferral_whose_event_is_refused_again_is_redelivered() -> None:
    sender = Sender()
    message = sender.message(request(emailId="one", sendAt="2026-11-24T12:00:00Z"))
    sender.run(message)
    sender.bus.refuse = lambda _event: True

    assert sender.waits_after(message)


def test_how_far_ahead_mail_is_scheduled_is_the_operators_to_say() -> None:
    assert Sender(max_schedule_days=1).send(sendAt="2026-11-25T10:31:01Z").error_type == "validation_error"
    assert Sender(max_schedule_days=1).send(sendAt="2026-11-25T10:31:00Z").status is Status.DEFERRED


def test_where_unknown_fields_are_rejected_they_are_named_and_cut() -> None:
    sender = Sender(refuse_unknown_fields=True)
    record = sender.send(**{"colour": "red", "z" * 70: 1})

    assert record.error_message == "Validation error: Unknown fields: ['colour', 'a name of 70 characters']"
    assert sender.log.lines[-1]["code"] == "VAL006"


def test_while_producers_cannot_be_looked_up_nothing_else_is_asked() -> None:
    sender = Sender()
    sender.control.error = TransientError("DynamoDB throttled", code="AWS006")
    message = sender.message(request(emailId="one"))

    assert sender.waits_after(message)
    assert sender.suppression.reads == 0


def test_an_invalid_address_of_a_template_is_reported_with_the_templates_name() -> None:
    sender = Sender()
    sender.templates.add("odd", "x", "x", {"subject": "s", "replyTo": "nobody"})

    assert sender.send(templateName="odd").error_message == (
        "Failed to render template 'odd': reply_to is not an email address: 'n***'"
    )
