"""A bug at any external call of a batch: SES accepts each email once, whatever is handled again in the invocation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sesmail_layer.domain.errors import OutcomeUnknownError, TransientError
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.usecases.sender.batch import SendEmails
from tests.unit.usecases.sender.test_ports_crashes import VISIBILITY_SECONDS, World, batch
from tools.simulation.crashes import Killer, mortal
from tools.simulation.fakes import NOW

SIZE = 3


class Bug(Exception):
    """What no port should raise."""


def run(world: World, messages: list[QueueMessage], bug: Killer) -> None:
    """Run one invocation; SQS redelivers what it reports as failed after the visibility time-out."""
    ports = mortal(world.sender.ports(), bug)
    failed = SendEmails(ports, world.sender.rules)(messages, world.sender.clock.now() + 30)
    assert set(failed) <= {message.message_id for message in messages}
    # What waits for seconds is handled while the claims' outcomes are open; SES's events take longer.
    world.sender.run_waiting()
    assert world.sender.clock.now() < NOW + world.sender.rules.claim_settle_seconds
    world.fold_send_events()
    world.sender.clock.sleep(VISIBILITY_SECONDS)
    world.deliver([message for message in messages if message.message_id in failed], Killer())
    world.fold_send_events()
    world.settle()


def answer_of_first_is_lost(world: World) -> None:
    world.sender.mailer.late_answers.append(OutcomeUnknownError("ReadTimeoutError"))


def first_cannot_be_sent_yet(world: World) -> None:
    world.sender.mailer.answers.append(TransientError("SES error (connection)", code="SES009"))


def all_is_well(_world: World) -> None:
    pass


Circumstance = Callable[[World], None]
CIRCUMSTANCES: list[Circumstance] = [all_is_well, answer_of_first_is_lost, first_cannot_be_sent_yet]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("circumstance", CIRCUMSTANCES, ids=lambda each: each.__name__)
def test_whichever_call_meets_a_bug_ses_accepts_each_email_once(circumstance: Circumstance, after: bool) -> None:
    counting, counter = World(), Killer()
    circumstance(counting)
    run(counting, batch(counting, SIZE), counter)
    assert len(counter.calls) > 4 * SIZE
    for at, call in enumerate(counter.calls, 1):
        world = World()
        circumstance(world)
        run(world, batch(world, SIZE), Killer(at, after=after, error=Bug))
        assert sorted(world.mails()) == [f"m-{n}" for n in range(SIZE)], f"{call}, call {at}"
        assert set(world.statuses().values()) == {Status.SENT}, f"{call}, call {at}"
