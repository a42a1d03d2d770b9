"""A history that is read has the fields that it was stored with, and no other."""

from __future__ import annotations

import msgspec

from sesmail_layer.domain.record.compact import expanded
from tests.unit.domain.record.test_compact import DELIVERED, SENDING, SENT, life, stored


def test_what_an_event_followed_is_a_transition_and_no_field_of_its_entry() -> None:
    record = life(SENDING, DELIVERED, SENT)
    plain = stored(record)

    assert [entry.get("previous") for entry in plain["history"]] == [None, "-", None]
    assert expanded(plain)["history"] == msgspec.to_builtins(record)["history"]
