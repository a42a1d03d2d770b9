"""`Email Unsubscribed`: what a producer learns, under an id that stays the same."""

from __future__ import annotations

import json
from typing import Any

from sesmail_layer.domain.unsubscribe.events import RESUBSCRIBED, UNSUBSCRIBED, UnsubscribeEvent, unsubscribe_event
from tests.unit.domain.unsubscribe.records import record


def event(detail_type: str = UNSUBSCRIBED, **given: Any) -> UnsubscribeEvent:
    facts: dict[str, Any] = {
        "address": "ada@example.com",
        "topic": "weekly-digest",
        "source": "shop.news",
        "by": "page",
        "at": "2026-11-24T10:31:00.000Z",
        "record": record(metadata={"customer": 7}, requested_email_id="news-1", email_id="news-1#ab"),
    }
    return unsubscribe_event(detail_type, **{**facts, **given})


def test_the_event_names_the_email_the_topic_and_the_way() -> None:
    found = json.loads(event().detail)

    assert len(found.pop("eventId")) == 36
    assert found == {
        "toEmail": "ada@example.com",
        "topic": "weekly-digest",
        "originalSource": "shop.news",
        "by": "page",
        "timestamp": "2026-11-24T10:31:00.000Z",
        "emailId": "news-1",
        "recordId": "news-1#ab",
        "metadata": {"customer": 7},
    }


def test_without_an_email_and_a_topic_their_fields_are_absent() -> None:
    found = json.loads(event(record=None, topic=None, by="producer").detail)
    assert set(found) == {"toEmail", "originalSource", "by", "timestamp", "eventId"}


def test_the_id_is_the_change_s_own() -> None:
    assert event().event_id == event(by="one-click").event_id
    others = [
        event(RESUBSCRIBED),
        event(topic="other"),
        event(topic=None),
        event(source="blog"),
        event(address="bob@example.com"),
        event(at="2026-11-25T10:31:00.000Z"),
    ]
    assert len({event().event_id, *(other.event_id for other in others)}) == 7
