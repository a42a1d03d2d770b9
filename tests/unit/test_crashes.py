"""The sender killed at every one of its external calls: nothing is lost, nothing goes out twice."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from typing import Any

import msgspec
import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, fold
from sesmail_layer.domain.times import utc_text
from sesmail_layer.usecases.sender.batch import SendEmails
from sesmail_layer.usecases.sender.ports import SendingPorts
from tools.simulation.fakes import request
from tools.simulation.sender import Sender

VISIBILITY_SECONDS = 600.0
_CALLS = {
    "tracking": ("create", "replace", "get_many"),
    "suppression": ("get_many",),
    "templates": ("load",),
    "mailer": ("send",),
    "bus": ("publish",),
    "waiting": ("put",),
    "quota": ("quota",),
    "kept": ("keep", "forget"),
}


class Killed(BaseException):
    """The process is gone: nothing of the code under test may run after it."""


class Killer:
    """Ends the process at the nth external call: before it, or after it took effect but before the answer is used."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.calls = 0
        self._at = at
        self._after = after

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            mine = self.calls == self._at
            if mine and not self._after:
                raise Killed
            answer = call(*args, **kwargs)
            if mine:
                raise Killed
            return answer

        return wrapped


class _Wrapped:
    def __init__(self, inner: Any, killer: Killer, names: Collection[str]) -> None:
        self._inner = inner
        for name in names:
            setattr(self, name, killer.wrap(getattr(inner, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def mortal(ports: SendingPorts, killer: Killer) -> SendingPorts:
    wrapped = {port: _Wrapped(getattr(ports, port), killer, names) for port, names in _CALLS.items()}
    return msgspec.structs.replace(ports, **wrapped)


class World:
    """A sender with SQS's redelivery and SES's Send events around it."""

    def __init__(self, **rules: Any) -> None:
        self.sender = Sender(**rules)
        self._told = 0

    def deliver(self, messages: list[QueueMessage], killer: Killer) -> bool:
        """One invocation; True where it was killed."""
        sender = self.sender
        try:
            ports = mortal(sender.ports(), killer)
            assert SendEmails(ports, sender.rules)(messages, sender.clock.now() + 30) == set()
        except Killed:
            return True
        return False

    def tell_of_acceptance(self, times: int = 1) -> None:
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
        for _ in range(60):
            if not self.sender.waiting.messages:
                return
            self.sender.run_waiting()
        raise AssertionError("the retry queue never ran empty")

    def check(self, ids: list[str]) -> None:
        mails = [decoded(mail.tags["emailId"]) for mail in self.sender.mailer.accepted]
        assert sorted(mails) == sorted(ids)
        assert {key: record.status for key, record in self.sender.tracking.records.items()} == dict.fromkeys(
            ids, Status.SENT
        )


def decoded(value: str) -> str:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()


def calls_of_a_batch(size: int) -> int:
    world = World()
    counter = Killer(0, after=False)
    assert not world.deliver(batch(world, size), counter)
    return counter.calls


def batch(world: World, size: int) -> list[QueueMessage]:
    return [world.sender.message(request(emailId=f"m-{n}", to=f"u{n}@example.com")) for n in range(size)]


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("news", ["in time", "late", "doubled"])
def test_wherever_it_is_killed_each_email_is_sent_once(size: int, after: bool, news: str) -> None:
    total = calls_of_a_batch(size)
    assert total >= 4 + 3 * size

    for at in range(1, total + 1):
        world = World()
        messages = batch(world, size)
        assert world.deliver(messages, Killer(at, after=after)), f"call {at} never came"
        if news != "late":
            world.tell_of_acceptance(times=2 if news == "doubled" else 1)
        world.sender.clock.sleep(VISIBILITY_SECONDS if news != "late" else 100)
        world.deliver(messages, Killer(0, after=False))
        world.tell_of_acceptance()
        world.settle()
        world.check([f"m-{n}" for n in range(size)])


@pytest.mark.parametrize("after", [False, True])
def test_every_sent_email_is_told_of_wherever_the_sender_is_killed(after: bool) -> None:
    """The Send event's own publication is the feedback processor's; here none comes until all is done."""
    for at in range(1, calls_of_a_batch(1) + 1):
        world = World()
        messages = batch(world, 1)
        world.deliver(messages, Killer(at, after=after))
        accepted_but_unrecorded = bool(world.sender.mailer.accepted) and (
            world.sender.tracking.records["m-0"].status is not Status.SENT
        )
        world.sender.clock.sleep(100)
        world.deliver(messages, Killer(0, after=False))
        world.settle()
        if not accepted_but_unrecorded:
            assert world.sender.bus.statuses("m-0") == ["sent"], f"killed at call {at}"


def test_it_is_killed_again_and_again() -> None:
    world = World()
    messages = batch(world, 3)
    for at in [*range(1, 25), 0]:
        world.deliver(messages, Killer(at, after=at % 2 == 0))
        world.tell_of_acceptance()
        world.sender.clock.sleep(VISIBILITY_SECONDS)
        while world.sender.waiting.messages:
            world.sender.run_waiting()
    world.check(["m-0", "m-1", "m-2"])


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("news", ["in time", "late", "doubled"])
def test_a_timeout_of_ses_ends_right(accepted: bool, news: str) -> None:
    world = World()
    lost = [OutcomeUnknownError("ReadTimeoutError")]
    (world.sender.mailer.late_answers if accepted else world.sender.mailer.answers).extend(lost)
    world.deliver(batch(world, 1), Killer(0, after=False))
    if news == "late":
        world.sender.run_waiting()
    world.tell_of_acceptance(times=2 if news == "doubled" else 1)

    world.settle()

    world.check(["m-0"])


def test_without_send_events_an_unknown_outcome_is_told_and_not_repeated() -> None:
    """What a stack without a configuration set does (`on_unknown_outcome = "fail"`)."""
    world = World(resend_unknown=False)
    world.sender.mailer.late_answers.append(OutcomeUnknownError("ReadTimeoutError"))
    world.deliver(batch(world, 1), Killer(0, after=False))

    world.settle()

    record = world.sender.tracking.records["m-0"]
    assert (record.status, record.error_type) == (Status.FAILED, "outcome_unknown")
    assert len(world.sender.mailer.accepted) == 1
    assert world.sender.bus.statuses("m-0") == ["failed"]
