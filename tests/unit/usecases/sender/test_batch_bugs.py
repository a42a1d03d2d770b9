"""A bug that one message brings out ends the batch: each message is then handled alone, once."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.fakes import NOW, request
from tools.simulation.poison import POISON, Poisoned
from tools.simulation.sender import Sender


@pytest.mark.parametrize("others", [0, 1, 2])
def test_only_the_message_with_the_bug_is_left_to_sqs(others: int) -> None:
    sender = Sender()
    good = [f"email-{number}" for number in range(others)]
    guilty, *rest = [sender.message(request(emailId=one, to=f"{one}@example.com")) for one in (POISON, *good)]
    ports = sender.ports()
    poisoned = msgspec.structs.replace(ports, suppression=Poisoned(ports.suppression, RuntimeError))

    failed = SendEmails(poisoned, sender.rules)([guilty, *rest], sender.clock.now() + 30)

    assert set(failed) == {guilty.message_id}
    assert [mail.recipients for mail in sender.mailer.accepted] == [[f"{one}@example.com"] for one in good]
    [line] = [line for line in sender.log.lines if line["event"] == "request.failed"]
    assert (type(line["exc_info"]), line["sqs_message_id"]) == (RuntimeError, [guilty.message_id])
    assert sender.metrics.counts["RecordFailed"] == 1


def test_an_email_is_sent_though_its_request_cannot_be_kept_and_the_log_says_so() -> None:
    sender = Sender()
    sender.pending.error = TransientError("DynamoDB throttled", code="AWS006")
    sender.send(emailId="one")

    assert len(sender.mailer.accepted) == 1
    [line] = [line for line in sender.log.lines if line["event"] == "request.not_kept"]
    assert (line["message"], line["code"], line["email_id"]) == ("DynamoDB throttled", "AWS006", "one")


@pytest.mark.parametrize(("most", "seconds"), [(None, 1 / 10), (2, 1 / 2)])
def test_an_email_takes_its_share_of_the_operators_rate_or_of_ses_s(most: float | None, seconds: float) -> None:
    sender = Sender(max_send_rate=most, rate_utilisation=1)
    sender.quota.value = sender.quota.value and msgspec.structs.replace(sender.quota.value, max_send_rate=10)
    sender.bucket.empty_at["pacer#all"] = NOW
    sender.send()

    assert sender.bucket.empty_at["pacer#all"] == pytest.approx(NOW + seconds)
