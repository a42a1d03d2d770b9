"""What the page shows."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.unsubscribe.view import TopicChoice, View, label_of


@pytest.mark.parametrize(
    ("topic", "label"),
    [
        ("weekly-digest", "Weekly digest"),
        ("NEWS_2026", "NEWS 2026"),
        ("a", "A"),
        ("x--y", "X y"),
        ("iOS-tips", "iOS tips"),
    ],
)
def test_a_topic_without_a_label_is_shown_as_words(topic: str, label: str) -> None:
    assert label_of(topic) == label


def test_the_link_s_own_topic_comes_first() -> None:
    own, other = (TopicChoice(name=name, label=name, left=False) for name in ("own", "other"))
    assert View(address="a***@example.com", topic=own, others=[other]).choices == (own, other)
