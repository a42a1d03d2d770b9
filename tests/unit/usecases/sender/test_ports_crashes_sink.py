"""The sender killed at every external call of a sunk email: it ends delivered, is published, and SES gets nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery
from sesmail_layer.domain.queue_message import QueueMessage
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.times import utc_text
from tests.unit.usecases.sender.test_ports_crashes import VISIBILITY_SECONDS, World, batch
from tools.simulation.crashes import Killer

MODES = {
    "sink": RestrictedDelivery.of("sink", "", []),
    "allow": RestrictedDelivery.of("allow", "", ["someone@example.org"]),
}
REQUESTS: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "with a copy": {"cc": ["bea@example.com"]},
    "bulk": {"priority": "bulk"},
}


def calls(mode: str, size: int, **fields: Any) -> int:
    world, counter = World(delivery=MODES[mode]), Killer()
    assert not world.deliver(batch(world, size, **fields), counter)
    return len(counter.calls)


def redeliver(world: World, messages: list[QueueMessage]) -> None:
    world.sender.clock.sleep(VISIBILITY_SECONDS)
    world.deliver(messages, Killer())
    world.settle()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("fields", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("mode", MODES)
def test_wherever_it_is_killed_a_sunk_email_is_delivered_and_published(
    mode: str, fields: dict[str, Any], size: int, after: bool
) -> None:
    for at in range(1, calls(mode, size, **fields) + 1):
        world = World(delivery=MODES[mode])
        messages = batch(world, size, **fields)
        assert world.deliver(messages, Killer(at, after=after)), f"call {at} never came"
        redeliver(world, messages)

        assert not world.sender.mailer.accepted
        assert set(world.statuses().values()) == {Status.DELIVERED}, f"killed at call {at}"
        for email_id, record in world.sender.tracking.records.items():
            events = {one.event_id: one for one in world.sender.bus.events if one.email_id == email_id}
            own = [one.status for one in events.values() if one.recipient_type is None]
            assert own == ["sent", "delivered"], f"killed at call {at}"
            assert len(events) == 2 + len(record.recipients)
            assert all(one.sink for one in events.values())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_scheduled_email_is_sunk_once_wherever_the_sender_is_killed(after: bool) -> None:
    counting, counter = World(delivery=MODES["sink"]), Killer()
    later = {"sendAt": utc_text(counting.sender.clock.now() + 600)}
    assert not counting.deliver(batch(counting, 1, **later), counter)
    for at in range(1, len(counter.calls) + 1):
        world = World(delivery=MODES["sink"])
        messages = batch(world, 1, **later)
        world.deliver(messages, Killer(at, after=after))
        redeliver(world, messages)

        assert not world.sender.mailer.accepted
        assert world.statuses() == {"m-0": Status.DELIVERED}


def test_a_sunk_email_asks_nothing_of_ses_its_quota_or_its_pace() -> None:
    world, counter = World(delivery=MODES["sink"]), Killer()
    world.deliver(batch(world, 1), counter)

    assert not counter.ports & {"mailer", "rate_bucket", "quota_cache", "quota_api", "sending_counts", "pending"}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_wherever_it_is_killed_a_redirected_email_reaches_the_mailbox_once_and_nobody_else(after: bool) -> None:
    redirect = RestrictedDelivery.of("redirect", "team@example.org", [])
    counting, counter = World(delivery=redirect), Killer()
    assert not counting.deliver(batch(counting, 1, cc=["bea@example.com"]), counter)
    for at in range(1, len(counter.calls) + 1):
        world = World(delivery=redirect)
        messages = batch(world, 1, cc=["bea@example.com"])
        assert world.deliver(messages, Killer(at, after=after)), f"call {at} never came"
        world.fold_send_events()
        redeliver(world, messages)

        assert [mail.recipients for mail in world.sender.mailer.accepted] == [["team@example.org"]]
        assert world.sender.tracking.records["m-0"].redirected_to == "team@example.org"
