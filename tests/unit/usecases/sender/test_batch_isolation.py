"""One message never costs another its fate: whatever a port raises about one email, the others are sent."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.crashes import external_ports
from tools.simulation.fakes import request
from tools.simulation.poison import POISON, Poisoned
from tools.simulation.sender import Sender


@pytest.mark.parametrize("error", [RuntimeError, TypeError, KeyError])
@pytest.mark.parametrize("port", external_ports(Sender().ports()))
def test_nine_of_ten_emails_are_sent_once_whichever_port_fails_for_the_tenth(port: str, error: type[Exception]) -> None:
    sender = Sender()
    good = [f"email-{number}" for number in range(9)]
    sender.control.policies[POISON] = ProducerPolicy(emails_per_day=7, attachment_prefixes=["s3://poison/"])
    messages = [
        sender.message(request(emailId=email_id, to=f"{email_id}@example.com"), source=source)
        for email_id, source in [
            *((one, "shop") for one in good[:4]),
            (POISON, POISON),
            *((one, "shop") for one in good[4:]),
        ]
    ]
    ports = sender.ports()
    poisoned = msgspec.structs.replace(ports, **{port: Poisoned(getattr(ports, port), error)})

    failed = SendEmails(poisoned, sender.rules)(messages, sender.clock.now() + 30)

    assert set(failed) <= {messages[4].message_id}
    sent = [mail.recipients[0].partition("@")[0] for mail in sender.mailer.accepted]
    assert sorted(set(sent) - {POISON}) == sorted(good)
    assert len(sent) == len(set(sent))
    assert {sender.tracking.records[email_id].status for email_id in good} == {Status.SENT}
    assert set(good) <= {event.email_id for event in sender.bus.events if event.status == "sent"}


def test_a_message_that_cannot_be_handled_alone_is_left_to_sqs() -> None:
    sender = Sender()
    message = sender.message(request(emailId=POISON))
    ports = sender.ports()
    poisoned = msgspec.structs.replace(ports, suppression=Poisoned(ports.suppression, RuntimeError))

    assert set(SendEmails(poisoned, sender.rules)([message], sender.clock.now() + 30)) <= {message.message_id}
