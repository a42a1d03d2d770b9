"""What is left of SES's quota, and when a bucket of recipients has room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.guards.pacing import BURST_SECONDS, Quota, first_chunk, floor_of, grants, seconds_in_bucket


@pytest.mark.parametrize(
    ("sent", "of", "left"),
    [(0, 200, 1.0), (50, 200, 0.75), (200, 200, 0.0), (230, 200, 0.0), (1_000_000, -1, 1.0), (0, 0, 0.0)],
)
def test_the_share_left_is_what_ses_would_still_accept(sent: float, of: float, left: float) -> None:
    quota = Quota(max_send_rate=14, max_24_hour_send=of, sent_last_24_hours=sent, checked_at=0)
    assert quota.share_left == pytest.approx(left)


def test_grants_follow_each_other_at_the_rate() -> None:
    assert grants(100.0, [1, 1, 2], rate=4.0) == [100.25, 100.5, 101.0]


def test_a_message_of_more_recipients_than_a_burst_waits_for_a_full_bucket_and_leaves_a_debt() -> None:
    assert grants(100.0, [50, 1], rate=10.0) == [100.0 + BURST_SECONDS, 105.1]


def test_a_bucket_holds_one_burst_and_no_more() -> None:
    """An idle bucket counts as empty one burst ago: as many recipients may be sent at once."""
    now = 1_000.0
    times = grants(floor_of(now), [1] * 15, rate=10.0)
    assert sum(at <= now + 1e-9 for at in times) == 10


@given(
    st.lists(st.integers(1, 50), max_size=20),
    st.floats(min_value=0.5, max_value=500),
)
def test_within_any_second_no_more_than_rate_and_burst_are_granted(recipients: list[int], rate: float) -> None:
    times = grants(0.0, recipients, rate)
    assert times == sorted(times)
    assert len(times) == len(recipients)
    for index, at in enumerate(times):
        assert at >= min(sum(recipients[: index + 1]) / rate, BURST_SECONDS) - 1e-9


def test_a_bucket_fills_for_a_burst_at_most() -> None:
    assert seconds_in_bucket(5, rate=10.0) == 0.5
    assert seconds_in_bucket(50, rate=10.0) == BURST_SECONDS


@pytest.mark.parametrize(
    ("recipients", "rate", "count"),
    [
        ([1] * 10, 20.0, 10),
        ([1] * 10, 19.9, 9),
        ([1] * 10, 1.0, 1),
        ([3, 3], 12.0, 2),
        ([50, 1], 14.0, 1),
        ([1, 50], 14.0, 1),
    ],
)
def test_half_a_second_s_rate_is_sent_together_but_one_message_always(
    recipients: list[int], rate: float, count: int
) -> None:
    assert first_chunk(recipients, rate) == recipients[:count]
