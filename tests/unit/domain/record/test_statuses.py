"""The statuses are public interface: they are in records, status events and docs."""

from __future__ import annotations

import msgspec
import pytest

from sesmail_layer.domain.record.statuses import Status


def test_statuses_are_these_words_in_the_order_in_which_one_may_follow_another() -> None:
    assert " ".join(Status) == (
        "sending deferred sent delayed failed soft_bounced delivered opened clicked bounced complained"
    )


@pytest.mark.parametrize("status", Status)
def test_a_status_is_stored_as_its_word(status: Status) -> None:
    assert msgspec.json.encode(status) == f'"{status}"'.encode()
    assert msgspec.json.decode(f'"{status}"', type=Status) is status
