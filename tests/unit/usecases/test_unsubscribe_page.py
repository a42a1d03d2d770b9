"""The page behind a link: GET shows, POST changes, and a link is its recipient's alone."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.guards.producers import ProducerPolicy, Producers
from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.unsubscribe.links import sign
from sesmail_layer.domain.unsubscribe.view import Problem, View
from sesmail_layer.usecases.subscriptions import Subscriptions
from sesmail_layer.usecases.unsubscribe_page import UnsubscribePage
from tests.unit.domain.unsubscribe.records import ADDRESS, SHOP, record
from tools.simulation.fakes import FakeBus, FakeClock, FakeLog, FakeMetrics, FakeSuppressionTable, FakeTrackingTable

KEY = b"key"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
WEEKLY = f"{ADDRESS}#weekly"


class World:
    def __init__(self, **fields: Any) -> None:
        self.tracking, self.suppression, self.bus = FakeTrackingTable(), FakeSuppressionTable(), FakeBus()
        self.metrics = FakeMetrics()
        self.policies = {SHOP: ProducerPolicy(topics={"weekly": "Weekly digest", "events": "Events near you"})}
        self.record = record(**{"topic": "weekly", **fields})
        self.tracking.records[self.record.email_id] = self.record
        clock = FakeClock()
        self.page = UnsubscribePage(
            self.tracking,
            self.suppression,
            lambda _sources: Producers(self.policies, {}),
            Subscriptions(self.suppression, self.bus, clock, self.metrics, FakeLog()),
            lambda: [KEY],
            clock,
            self.metrics,
        )

    def token(self, **given: str) -> str:
        facts = {"record_id": "news-1", "source": SHOP, "address": ADDRESS}
        return sign(KEY, **{**facts, **given})

    def show(self) -> View:
        found = self.page.show(self.token())
        assert isinstance(found, View)
        return found

    def change(self, **form: str) -> View:
        found = self.page.change(self.token(), form)
        assert isinstance(found, View)
        return found


def states(view: View) -> dict[str, bool]:
    return {choice.label: choice.left for choice in view.choices}


def test_looking_changes_nothing_and_lists_what_the_producer_sends() -> None:
    world = World()
    view = world.show()

    assert states(view) == {"Weekly digest": False, "Events near you": False}
    assert (view.address, view.changed, view.no_bulk_mail) == ("a***@example.com", None, False)
    assert world.suppression.entries == {}
    assert world.bus.unsubscribed == []


def test_one_click_leaves_the_link_s_topic() -> None:
    world = World()
    view = world.page.change(world.token(), ONE_CLICK)

    assert isinstance(view, View)
    assert view.topic.left
    assert set(world.suppression.entries) == {WEEKLY}
    assert [event.by for event in world.bus.unsubscribed] == ["one-click"]


def test_replaying_a_click_changes_nothing_more() -> None:
    world = World()
    for _ in range(3):
        world.page.change(world.token(), ONE_CLICK)

    assert set(world.suppression.entries) == {WEEKLY}
    assert len({event.event_id for event in world.bus.unsubscribed}) == 1


def test_the_page_s_buttons_leave_and_come_back() -> None:
    world = World()
    assert states(world.change(unsubscribe="events")) == {"Weekly digest": False, "Events near you": True}
    assert states(world.show()) == {"Weekly digest": False, "Events near you": True}

    view = world.change(resubscribe="events")
    assert view.changed is not None
    assert (view.changed.name, view.changed.left) == ("events", False)
    assert world.suppression.entries == {}
    assert [event.detail_type for event in world.bus.unsubscribed] == ["Email Unsubscribed", "Email Resubscribed"]
    assert {event.by for event in world.bus.unsubscribed} == {"page"}


@pytest.mark.parametrize(
    "form", [{}, {"unsubscribe": "other"}, {"unsubscribe": ""}, {"List-Unsubscribe": "no"}, {"resubscribe": "a#b"}]
)
def test_a_form_that_asks_for_nothing_the_page_offers_changes_nothing(form: dict[str, str]) -> None:
    world = World()
    assert world.page.change(world.token(), form) is Problem.FORM
    assert world.suppression.entries == {}


def test_a_forged_link_is_none_and_reads_no_record() -> None:
    world = World()
    token = world.token()
    world.tracking.get_many = pytest.fail  # type: ignore[assignment, method-assign]

    for forged in ("", "x", token[:-1], token[::-1], sign(b"other", record_id="news-1", source=SHOP, address=ADDRESS)):
        assert world.page.show(forged) is Problem.LINK
        assert world.page.change(forged, ONE_CLICK) is Problem.LINK
    assert world.metrics.counts["UnsubscribeLinkRejected"] == 10


@pytest.mark.parametrize(
    "fields", [{"to_email": "bob@example.com"}, {"original_source": "blog"}, {"to_email": None}, {"email_id": "news-2"}]
)
def test_a_link_whose_email_belongs_to_somebody_else_by_now_changes_nothing(fields: dict[str, Any]) -> None:
    world = World(**fields)
    assert world.page.change(world.token(), ONE_CLICK) is Problem.LINK
    assert world.suppression.entries == {}


def test_a_source_s_own_record_is_found_where_another_source_used_the_id_first() -> None:
    world = World(original_source="blog", to_email="bob@example.com")
    own = record(email_id=key_of_source("news-1", SHOP), topic="weekly", requested_email_id="news-1")
    world.tracking.records[own.email_id] = own

    assert world.change(**ONE_CLICK).topic.left
    assert [(event.to_email, event.email_id) for event in world.bus.unsubscribed] == [(ADDRESS, "news-1")]


def test_without_a_topic_the_template_s_name_is_what_one_leaves() -> None:
    world = World(topic=None, template_name="product-news")
    world.policies.clear()
    view = world.change(**ONE_CLICK)

    assert states(view) == {"Product news": True}
    assert set(world.suppression.entries) == {f"{ADDRESS}#product-news"}


def test_the_mailbox_of_a_redirected_email_leaves_for_itself_alone() -> None:
    world = World(redirected_to="Staging@example.com")
    world.page.change(world.token(), ONE_CLICK)

    assert set(world.suppression.entries) == {"staging@example.com#weekly"}


def test_the_page_says_where_no_choice_brings_bulk_mail_back() -> None:
    world = World()
    world.suppression.list_address(ADDRESS, SuppressionReason.SPAM_COMPLAINT)
    assert world.show().no_bulk_mail


def test_who_left_all_bulk_mail_of_the_producer_sees_all_topics_left_and_comes_back_to_one() -> None:
    world = World()
    world.suppression.list_address(f"{ADDRESS}#*{SHOP}", SuppressionReason.UNSUBSCRIBE)
    assert states(world.show()) == {"Weekly digest": True, "Events near you": True}

    world.change(resubscribe="events")
    assert states(world.show()) == {"Weekly digest": True, "Events near you": False}
    assert set(world.suppression.entries) == {WEEKLY}


def test_coming_back_to_what_was_never_left_says_no_change() -> None:
    view = World().change(resubscribe="events")
    assert (states(view), view.changed) == ({"Weekly digest": False, "Events near you": False}, None)


def test_coming_back_to_what_an_operator_blocks_shows_that_it_stays_left() -> None:
    world = World()
    world.suppression.list_address(WEEKLY, SuppressionReason.MANUAL)
    view = world.change(resubscribe="weekly")

    assert (view.topic.left, view.changed) == (True, None)
    assert world.bus.unsubscribed == []
