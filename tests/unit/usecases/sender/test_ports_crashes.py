"""The sender killed at every one of its external calls: nothing is lost, nothing goes out twice."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, fold
from sesmail_layer.domain.request.email_request import Priority
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.batch import SendEmails
from tools.simulation.crashes import Killed, Killer, external_ports, mortal
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

SOURCE = "my.application"
VISIBILITY_SECONDS = 600.0


class World:
    """A sender with SQS's redelivery and SES's Send events around it."""

    def __init__(self, **rules: Any) -> None:
        self.sender = Sender(**rules)
        self._folded = 0

    def deliver(self, messages: list[QueueMessage], killer: Killer) -> bool:
        """One invocation; True where it was killed."""
        sender = self.sender
        try:
            ports = mortal(sender.ports(), killer)
            assert SendEmails(ports, sender.rules)(messages, sender.clock.now() + 30) == set()
        except Killed:
            return True
        return False

    def fold_send_events(self, times: int = 1) -> None:
        """The feedback processor folds SES's Send events in, as often as they come."""
        for mail in self.sender.mailer.accepted:
            for _ in range(times):
                self._fold(mail.message_id, mail.tags)

    def _fold(self, ses_message_id: str, tags: dict[str, str]) -> None:
        sender = self.sender
        email_id, attempt = decoded(tags["emailId"]), int(decoded(tags["attempt"]))
        entry = Entry(
            f"sent/{attempt}",
            utc_text(sender.clock.now()),
            attempt,
            Status.SENT,
            detail={"sesMessageId": ses_message_id},
        )
        folded, _ = fold(sender.tracking.records[email_id], [entry])
        if folded != sender.tracking.records[email_id]:
            assert sender.tracking.replace(folded) is None

    def settle(self) -> None:
        """Deliver what waits on the retry queue and the bulk queue until both are empty."""
        sender = self.sender
        for _ in range(100):
            if not any((sender.waiting.messages, sender.bulk_waiting.messages, sender.bulk_lane.messages)):
                return
            sender.run_waiting()
            for body, _ in sender.bulk_lane.take():
                assert sender.run(QueueMessage("bulk", body)) == set()
        raise AssertionError("the queues never ran empty")

    def check(self, ids: list[str]) -> None:
        assert sorted(self.mails()) == sorted(ids)
        assert self.statuses() == dict.fromkeys(ids, Status.SENT)

    def mails(self) -> list[str]:
        """The email ids of what SES accepted."""
        return [decoded(mail.tags["emailId"]) for mail in self.sender.mailer.accepted]

    def statuses(self) -> dict[str, Status]:
        return {email_id: record.status for email_id, record in self.sender.tracking.records.items()}


Scenario = Callable[[World], list[QueueMessage]]


def decoded(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def batch(world: World, size: int, **fields: Any) -> list[QueueMessage]:
    return [world.sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com", **fields)) for n in range(size)]


def calls_of_a_batch(size: int) -> int:
    world, counter = World(), Killer()
    assert not world.deliver(batch(world, size), counter)
    return len(counter.calls)


def ordinary(world: World) -> list[QueueMessage]:
    return batch(world, 1)


def made_bulk_by_policy(world: World) -> list[QueueMessage]:
    world.sender.control.policies[SOURCE] = ProducerPolicy(priority=Priority.BULK)
    return batch(world, 1)


def over_the_cap_of_today(world: World) -> list[QueueMessage]:
    world.sender.control.policies[SOURCE] = ProducerPolicy(emails_per_day=1)
    world.sender.control.take(f"day#{SOURCE}#{utc_text(world.sender.clock.now())[:10]}", 1, 1, 0)
    return batch(world, 1)


def first_contact(world: World) -> list[QueueMessage]:
    world.sender.control.policies[SOURCE] = ProducerPolicy(first_contacts_per_hour=1)
    return batch(world, 1)


def probe(world: World) -> list[QueueMessage]:
    opened_at = world.sender.clock.now() - 3600
    state = SendingState(paused=True, paused_by="breaker", trip="bounce", opened_at=opened_at)
    world.sender.control.states[SOURCE] = state
    return batch(world, 1)


def with_an_object_of_s3(world: World) -> list[QueueMessage]:
    world.sender.control.policies[SOURCE] = ProducerPolicy(attachment_prefixes=["s3://files/"])
    world.sender.attachments.objects["s3://files/a.pdf"] = b"content"
    return batch(world, 1, attachments=[{"filename": "a.pdf", "s3Uri": "s3://files/a.pdf"}])


def with_an_old_quota(world: World) -> list[QueueMessage]:
    world.sender.quota.value = msgspec.structs.replace(world.sender.quota.ask(), checked_at=0)
    return batch(world, 1)


def scheduled(world: World) -> list[QueueMessage]:
    return batch(world, 1, sendAt=utc_text(world.sender.clock.now() + 1800))


def scheduled_bulk(world: World) -> list[QueueMessage]:
    return batch(world, 1, sendAt=utc_text(world.sender.clock.now() + 1800), priority="bulk")


def after_an_unknown_outcome(world: World) -> list[QueueMessage]:
    world.sender.mailer.answers.append(OutcomeUnknownError("ReadTimeoutError"))
    world.deliver(batch(world, 1), Killer())
    world.sender.clock.sleep(VISIBILITY_SECONDS)
    [(body, _)] = world.sender.waiting.take()
    return [QueueMessage("again", body)]


def next_to_what_cannot_be_read(world: World) -> list[QueueMessage]:
    return [*batch(world, 1), QueueMessage("broken", "{")]


def rejected_by_ses(world: World) -> list[QueueMessage]:
    world.sender.mailer.answers += [PermanentError("ses_rejected", "Message rejected", code="SES001")] * 5
    return batch(world, 1)


def cancelled_by_id(world: World) -> list[QueueMessage]:
    return [world.sender.cancel({"emailId": "m-0"}), *batch(world, 1)]


def cancelled_by_tag(world: World) -> list[QueueMessage]:
    return [world.sender.cancel({"tag": "import"}), *batch(world, 1, tags=["import"])]


def unsubscribed(world: World) -> list[QueueMessage]:
    return [
        world.sender.unsubscribe({"email": "u0@example.com", "topic": "welcome"}),
        *batch(world, 1, priority="bulk"),
    ]


SENT_ONCE = [
    ordinary,
    made_bulk_by_policy,
    over_the_cap_of_today,
    first_contact,
    probe,
    with_an_object_of_s3,
    with_an_old_quota,
    scheduled,
    scheduled_bulk,
    after_an_unknown_outcome,
    next_to_what_cannot_be_read,
]
SCENARIOS = [*SENT_ONCE, rejected_by_ses, cancelled_by_id, cancelled_by_tag, unsubscribed]


def _letter(message: QueueMessage) -> tuple[QueueMessage, str]:
    why = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    return message, f"Not an EventBridge event: {why}"


def calls_of(scenario: Scenario) -> Killer:
    world, counter = World(), Killer()
    assert not world.deliver(scenario(world), counter)
    return counter


def test_every_external_port_is_killed_in_some_scenario() -> None:
    """A port that no scenario calls is never killed: a new one needs a scenario here."""
    killed = set().union(*(calls_of(scenario).ports for scenario in SCENARIOS))
    assert killed == set(external_ports(World().sender.ports()))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_wherever_it_is_killed_the_redelivered_email_ends_as_it_would_have(scenario: Scenario, after: bool) -> None:
    sent = scenario in SENT_ONCE
    for at, call in enumerate(calls_of(scenario).calls, 1):
        world = World()
        messages = scenario(world)
        assert world.deliver(messages, Killer(at, after=after)), f"{call} was not called"
        world.fold_send_events()
        world.sender.clock.sleep(VISIBILITY_SECONDS)
        world.deliver(messages, Killer())
        world.fold_send_events()
        world.settle()
        assert world.statuses() == {"m-0": Status.SENT if sent else Status.FAILED}, f"killed at {call}"
        assert world.mails() == (["m-0"] if sent else []), f"killed at {call}"
        broken = [message for message in messages if message.message_id == "broken"]
        assert all(letter in world.sender.dead_letters.messages for letter in map(_letter, broken)), f"killed at {call}"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_wherever_it_is_killed_an_unsubscription_is_published_under_one_id(after: bool) -> None:
    for at in range(1, len(calls_of(unsubscribed).calls) + 1):
        world = World()
        messages = unsubscribed(world)
        assert world.deliver(messages, Killer(at, after=after))
        world.sender.clock.sleep(VISIBILITY_SECONDS)
        world.deliver(messages, Killer())
        assert len({event.event_id for event in world.sender.bus.unsubscribed}) == 1, f"killed at call {at}"


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("events", ["in time", "late", "doubled"])
def test_wherever_it_is_killed_each_email_is_sent_once(size: int, after: bool, events: str) -> None:
    for at in range(1, calls_of_a_batch(size) + 1):
        world = World()
        messages = batch(world, size)
        assert world.deliver(messages, Killer(at, after=after)), f"call {at} never came"
        if events != "late":
            world.fold_send_events(times=2 if events == "doubled" else 1)
        world.sender.clock.sleep(VISIBILITY_SECONDS if events != "late" else 100)
        world.deliver(messages, Killer())
        world.fold_send_events()
        world.settle()
        world.check([f"m-{n}" for n in range(size)])


@pytest.mark.parametrize("after", [False, True])
def test_every_sent_email_is_published_wherever_the_sender_is_killed(after: bool) -> None:
    """The Send event's own publication is the feedback processor's; here none comes until all is done."""
    for at in range(1, calls_of_a_batch(1) + 1):
        world = World()
        messages = batch(world, 1)
        world.deliver(messages, Killer(at, after=after))
        accepted_but_unrecorded = bool(world.sender.mailer.accepted) and (
            world.sender.tracking.records["m-0"].status is not Status.SENT
        )
        world.sender.clock.sleep(100)
        world.deliver(messages, Killer())
        world.settle()
        if not accepted_but_unrecorded:
            assert world.sender.bus.statuses("m-0") == ["sent"], f"killed at call {at}"


def test_it_is_killed_again_and_again() -> None:
    world = World()
    messages = batch(world, 3)
    for at in [*range(1, 30), 0]:
        world.deliver(messages, Killer(at, after=at % 2 == 0))
        world.fold_send_events()
        world.sender.clock.sleep(VISIBILITY_SECONDS)
        while world.sender.waiting.messages:
            world.sender.run_waiting()
    world.check(["m-0", "m-1", "m-2"])


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("events", ["in time", "late", "doubled"])
def test_a_timeout_of_ses_ends_right(accepted: bool, events: str) -> None:
    world = World()
    lost = [OutcomeUnknownError("ReadTimeoutError")]
    (world.sender.mailer.late_answers if accepted else world.sender.mailer.answers).extend(lost)
    world.deliver(batch(world, 1), Killer())
    if events == "late":
        world.sender.run_waiting()
    world.fold_send_events(times=2 if events == "doubled" else 1)

    world.settle()

    world.check(["m-0"])


def test_without_send_events_an_unknown_outcome_is_folded_and_not_repeated() -> None:
    """What a stack without a configuration set does (`on_unknown_outcome = "fail"`)."""
    world = World(resend_unknown=False)
    world.sender.mailer.late_answers.append(OutcomeUnknownError("ReadTimeoutError"))
    world.deliver(batch(world, 1), Killer())

    world.settle()

    record = world.sender.tracking.records["m-0"]
    assert (record.status, record.error_type) == (Status.FAILED, "outcome_unknown")
    assert len(world.sender.mailer.accepted) == 1
    assert world.sender.bus.statuses("m-0") == ["failed"]
