"""The guards by themselves: which of them speaks first, what each of them holds or fails, whom they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.errors import HoldError, NotDueYet, Paused, PermanentError, QuotaUsed, RetryNotDueYet
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.request.envelopes import Hop
from sesmail_layer.usecases.sender.guards import Guards
from sesmail_layer.usecases.sender.job import Email, receive
from sesmail_layer.usecases.sender.pacing import QuotaReader
from sesmail_layer.usecases.sender.producer_guard import ProducerGuard
from tools.simulation.fakes import NOW, request
from tools.simulation.sender import Sender

ADA, CAROL, BOB = "ada@example.com", "carol@example.com", "bob@example.com"


class World:
    def __init__(self) -> None:
        self.sender = Sender()

    def guards(self) -> Guards:
        ports = self.sender.ports()
        producers = ProducerGuard(
            ports.producer_states,
            ports.cap_counters,
            ports.sending_counts,
            ports.tracking,
            ports.clock,
            ports.tombstones_of,
            cooldown_seconds=3600,
        )
        quota = QuotaReader(ports.quota_cache, ports.quota_api, ports.clock, ports.metrics, ports.log)
        return Guards(ports.suppression, producers, quota, ports.clock, daily_quota_reserve=0.1)

    def email(self, **fields: Any) -> Email:
        message = self.sender.message(request(**fields))
        job = receive(message, now=NOW, max_schedule_days=30, max_request_bytes=252 * 1024, refuse_unknown=False)
        assert isinstance(job, Email)
        return job

    def read(self, *emails: Email) -> Guards:
        guards = self.guards()
        guards.read_producers(emails)
        guards.read_suppressions(emails)
        return guards


def test_a_suppressed_copy_is_dropped_and_the_addressee_still_written_to() -> None:
    world = World()
    world.sender.suppression.list_address(CAROL, SuppressionReason.HARD_BOUNCE)
    email = world.email(cc=["Carol@example.com"], bcc=[BOB])

    world.read(email).check(email)

    assert email.recipients == [ADA, BOB]
    assert list(email.dropped) == [CAROL]


def test_a_suppressed_addressee_fails_the_email_with_the_reason() -> None:
    world = World()
    world.sender.suppression.list_address(ADA, SuppressionReason.SPAM_COMPLAINT)
    email = world.email()

    with pytest.raises(PermanentError) as caught:
        world.read(email).check(email)

    assert (caught.value.error_type, caught.value.code) == ("suppressed", "SUPP003")
    assert caught.value.message == "Email not sent: recipient is suppressed (spam-complaint)"


def test_emails_of_one_batch_are_left_out_of_each_others_suppressions() -> None:
    world = World()
    world.sender.suppression.list_address(CAROL, SuppressionReason.MANUAL)
    first, second = world.email(to=CAROL), world.email(cc=[BOB])

    world.read(first, second)

    assert (list(first.dropped), list(second.dropped)) == ([CAROL], [])
    assert world.sender.suppression.reads == 1


def test_no_request_means_no_read_of_the_suppression_list() -> None:
    world = World()
    world.read()
    assert world.sender.suppression.reads == 0


PAUSED = SendingState(paused=True, paused_by="operator")
LATER, EARLIER = "2026-11-24T12:00:00Z", "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    ("fields", "hop", "paused", "raised"),
    [
        ({}, Hop(not_before=NOW + 60), True, RetryNotDueYet),
        ({"expiresAt": EARLIER}, Hop(not_before=NOW + 60), False, RetryNotDueYet),
        ({"expiresAt": EARLIER}, Hop(), True, PermanentError),
        ({"sendAt": LATER}, Hop(), True, Paused),
        ({"expiresAt": EARLIER}, Hop(), False, PermanentError),
        ({"sendAt": LATER}, Hop(), False, NotDueYet),
        ({}, Hop(), False, QuotaUsed),
    ],
)
def test_a_retry_s_time_comes_before_the_expiry_before_a_pause_before_the_schedule_before_the_quota(
    fields: dict[str, Any], hop: Hop, paused: bool, raised: type[Exception]
) -> None:
    world = World()
    world.sender.quota.sent(100_000)
    if paused:
        world.sender.control.states["my.application"] = PAUSED
    email = world.email(**fields)
    email.hop = hop

    with pytest.raises(raised):
        world.read(email).check(email)


@pytest.mark.parametrize(("sent", "held"), [(90_000, True), (89_999, False)])
def test_the_last_tenth_of_the_quota_is_reserved_for_transactional_mail(sent: float, held: bool) -> None:
    world = World()
    world.sender.quota.sent(sent)
    bulk, transactional = world.email(priority="bulk"), world.email()
    guards = world.read(bulk, transactional)

    guards.check(transactional)
    if held:
        with pytest.raises(HoldError, match="daily_quota"):
            guards.check(bulk)
    else:
        guards.check(bulk)
