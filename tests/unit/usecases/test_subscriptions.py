"""Leaving a topic and coming back: the entry first, then the event, each as often as one likes."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import TransientError
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.usecases.subscriptions import Subscriptions
from tests.unit.domain.unsubscribe.records import ADDRESS, SHOP, record
from tools.simulation.fakes import FakeBus, FakeClock, FakeLog, FakeMetrics, FakeSuppressionTable

TOPIC = "weekly-digest"
KEY = f"{ADDRESS}#{TOPIC}"
OF_SHOP = f"{ADDRESS}#*{SHOP}"


class World:
    def __init__(self) -> None:
        self.suppression, self.bus, self.clock = FakeSuppressionTable(), FakeBus(), FakeClock()
        self.metrics, self.log = FakeMetrics(), FakeLog()
        parts = self.suppression, self.bus, self.clock, self.metrics, self.log
        self.subscriptions = Subscriptions(*parts)

    def leave(self, topic: str | None = TOPIC) -> None:
        self.subscriptions.leave(ADDRESS, topic, source=SHOP, by="page", record=record())

    @property
    def published(self) -> list[str]:
        return [event.detail_type for event in self.bus.unsubscribed]


def test_leaving_suppresses_the_topic_and_publishes() -> None:
    world = World()
    world.leave()

    [(key, entry)] = world.suppression.entries.items()
    assert (key, entry.email, entry.topic) == (KEY, KEY, TOPIC)
    assert (entry.suppression_type, entry.reason) == ("unsubscribe", SuppressionReason.UNSUBSCRIBE)
    assert (entry.source, entry.email_id, entry.expires_at) == (SHOP, "news-1", None)
    [event] = world.bus.unsubscribed
    assert (event.detail_type, event.to_email, event.topic, event.by) == ("Email Unsubscribed", ADDRESS, TOPIC, "page")
    assert world.metrics.counts["RecipientUnsubscribed"] == 1


def test_leaving_twice_keeps_the_first_entry_and_the_event_s_id() -> None:
    world = World()
    world.leave()
    first = dict(world.suppression.entries)
    world.clock.sleep(60)
    world.leave()

    assert world.suppression.entries == first
    assert len({event.event_id for event in world.bus.unsubscribed}) == 1


def test_what_a_failed_publication_leaves_is_completed_by_the_next_try() -> None:
    world = World()
    world.bus.refuse_announcements = True
    with pytest.raises(TransientError, match="Failed to publish 'Email Unsubscribed': InternalFailure"):
        world.leave()
    assert set(world.suppression.entries) == {KEY}

    world.bus.refuse_announcements = False
    world.leave()
    assert world.published == ["Email Unsubscribed"]


def test_without_the_table_nothing_is_published() -> None:
    world = World()
    world.suppression.error = TransientError("DynamoDB error", code="AWS001")
    with pytest.raises(TransientError):
        world.leave()
    assert world.published == []


def test_all_bulk_mail_is_an_entry_of_its_source() -> None:
    world = World()
    for _ in range(2):
        world.leave(topic=None)
        world.clock.sleep(60)

    [(key, entry)] = world.suppression.entries.items()
    assert (key, entry.email, entry.topic, entry.source) == (OF_SHOP, OF_SHOP, None, SHOP)
    assert (entry.suppression_type, entry.reason) == ("unsubscribe", SuppressionReason.UNSUBSCRIBE)
    assert len({event.event_id for event in world.bus.unsubscribed}) == 1


def test_leaving_all_bulk_mail_changes_no_entry_of_the_address() -> None:
    """Merged, a soft bounce would never expire, and receipts would be blocked for ever."""
    world = World()
    bounced = Suppression(
        email=ADDRESS,
        suppression_type="bounce",
        reason=SuppressionReason.CONSECUTIVE_SOFT_BOUNCES,
        added_to_suppression_date="2026-11-01T00:00:00.000Z",
        expires_at="2026-12-01T00:00:00.000Z",
        ttl=1_796_083_200,
    )
    world.suppression.entries[ADDRESS] = bounced
    world.leave(topic=None)

    assert world.suppression.entries[ADDRESS] == bounced
    assert world.published == ["Email Unsubscribed"]


def test_leaving_what_an_operator_blocked_has_one_event_id() -> None:
    world = World()
    world.suppression.list_address(KEY, SuppressionReason.MANUAL)
    world.leave()
    world.clock.sleep(60)
    world.leave()

    assert world.suppression.entries[KEY].reason is SuppressionReason.MANUAL
    assert len({event.event_id for event in world.bus.unsubscribed}) == 1


def test_coming_back_to_one_topic_keeps_the_source_s_others_left() -> None:
    world = World()
    world.leave(topic=None)
    world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record(), others=["events"])

    assert set(world.suppression.entries) == {f"{ADDRESS}#events"}
    assert world.published == ["Email Unsubscribed", "Email Resubscribed"]


def test_coming_back_removes_the_topic_s_entry_alone() -> None:
    world = World()
    world.leave()
    world.suppression.list_address(ADDRESS, SuppressionReason.UNSUBSCRIBE)
    world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())

    assert set(world.suppression.entries) == {ADDRESS}
    assert world.published == ["Email Unsubscribed", "Email Resubscribed"]


def test_coming_back_leaves_an_operator_s_entry() -> None:
    world = World()
    world.suppression.list_address(KEY, SuppressionReason.MANUAL)
    world.leave(topic=None)

    assert not world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record(), others=["events"])
    assert set(world.suppression.entries) == {KEY, OF_SHOP}
    assert world.published == ["Email Unsubscribed"]


def test_who_never_left_or_clicks_twice_comes_back_with_one_event_at_most() -> None:
    world = World()
    assert not world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())
    assert world.published == []

    world.leave()
    assert world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())
    assert not world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())
    assert world.published == ["Email Unsubscribed", "Email Resubscribed"]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_coming_back_that_failed_half_way_is_completed_under_the_same_event_id(
    fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.leave(topic=None)
    world.clock.sleep(60)
    world.leave()
    remove, removals = world.suppression.remove, []

    def failing(address: str, only: SuppressionReason | None = None) -> None:
        removals.append(address)
        if len(removals) == fails_at:
            raise TransientError("Failed to remove", code="AWS004")
        remove(address, only)

    monkeypatch.setattr(world.suppression, "remove", failing)
    with pytest.raises(TransientError):
        world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())
    world.clock.sleep(60)
    assert world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())

    assert world.suppression.entries == {}
    back = [event for event in world.bus.unsubscribed if event.detail_type == "Email Resubscribed"]
    assert [len(back), len({event.event_id for event in back})] == [2, 1]


def test_coming_back_that_cannot_be_published_changes_nothing() -> None:
    world = World()
    world.leave()
    world.bus.refuse_announcements = True
    with pytest.raises(TransientError, match="Failed to publish 'Email Resubscribed'"):
        world.subscriptions.come_back(ADDRESS, TOPIC, source=SHOP, record=record())

    assert set(world.suppression.entries) == {KEY}


def test_no_log_line_has_an_address() -> None:
    world = World()
    world.leave()
    assert ADDRESS not in repr(world.log.lines)
