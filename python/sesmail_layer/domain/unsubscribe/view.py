"""What the unsubscribe page shows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class Problem(StrEnum):
    """Why a page is not what was asked for."""

    LINK = "link"
    """Forged, cut off, or older than its key or its email's record."""
    FORM = "form"
    """A POST that asks for nothing that the page offers."""
    LATER = "later"
    """AWS does not answer."""


class TopicChoice(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of bulk mail and whether its recipient has left it."""

    name: str
    label: str
    """What recipients read."""
    left: bool


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The state behind a valid link."""

    address: str
    """Masked: readers of a forwarded email must not learn the address."""
    topic: TopicChoice
    """The link's own."""
    others: Sequence[TopicChoice] = ()
    """What else its producer sends."""
    changed: TopicChoice | None = None
    """What this request has changed."""
    no_bulk_mail: bool = False
    """True: the address is suppressed for all bulk mail, whatever its topics."""

    @property
    def choices(self) -> Sequence[TopicChoice]:
        return (self.topic, *self.others)


def label_of(topic: str) -> str:
    """Return a topic's name as words: `weekly-digest` is `Weekly digest`."""
    first, *others = topic.replace("_", " ").replace("-", " ").split() or [topic]
    return " ".join([first.capitalize() if first.islower() else first, *others])
