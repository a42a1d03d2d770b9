"""Times are stored and compared as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.times import utc_seconds, utc_text

# From 2001 to 2286: Unix times of ten digits.
seconds = st.floats(min_value=1e9, max_value=9_999_999_999)


@given(seconds, seconds)
def test_of_two_times_the_earlier_one_sorts_first_as_text(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    assert utc_text(earlier) <= utc_text(later)
    assert len(utc_text(earlier)) == len(utc_text(later)) == 24


@given(seconds)
def test_a_time_is_kept_to_the_millisecond(at: float) -> None:
    assert at - 0.001_001 < utc_seconds(utc_text(at)) <= at + 0.000_001


def test_milliseconds_have_three_digits_and_are_cut_off() -> None:
    assert utc_text(1_795_516_260) == "2026-11-24T10:31:00.000Z"
    assert utc_text(1_795_516_260.0079) == "2026-11-24T10:31:00.007Z"


@pytest.mark.parametrize("text", ["2026-11-24T10:31:00Z", "2026-11-24T10:31:00.000+00:00", "2026-11-24T11:31:00+01:00"])
def test_a_time_is_read_in_every_way_that_ses_and_producers_write_it(text: str) -> None:
    assert utc_seconds(text) == 1_795_516_260


@pytest.mark.parametrize("text", ["2026-11-24T10:31:00", "2026-11-24"])
def test_a_time_without_its_offset_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a time needs its offset from UTC, such as Z$"):
        utc_seconds(text)


@pytest.mark.parametrize("text", ["", "now"])
def test_a_text_that_is_no_time_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}'"):
        utc_seconds(text)
