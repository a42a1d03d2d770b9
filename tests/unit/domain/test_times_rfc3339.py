"""Times: RFC 3339 and nothing else of ISO 8601."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.times import rfc3339_seconds, utc_seconds, utc_text

MOMENT = 1_795_516_260.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-24T10:31:00Z", MOMENT),
        ("2026-11-24t10:31:00z", MOMENT),
        ("2026-11-24 10:31:00Z", MOMENT),
        ("2026-11-24T10:31:00.25Z", MOMENT + 0.25),
        ("2026-11-24T11:31:00+01:00", MOMENT),
        ("2026-11-24T02:01:00-08:30", MOMENT),
        ("2026-11-24T10:31:00-00:00", MOMENT),
        ("1970-01-01T00:00:00Z", 0),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2016-11-30T23:59:60Z", 1_480_550_400),
        ("2016-12-31T15:59:60.5-08:00", 1_483_228_800.5),
        ("2017-01-01T00:59:60+01:00", 1_483_228_800),
    ],
)
def test_a_time_of_rfc_3339_is_read(text: str, seconds: float) -> None:
    assert rfc3339_seconds(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-24", "2026-11-24T10:31:00", "2026-11-24T10:31Z", "2026-11-24T10Z", "20261124T103100Z",
        "2026-W48-2T10:31:00Z", "2026-328T10:31:00Z", "2026-11-24T10:31:00,5Z", "2026-11-24T10:31:00.Z",
        "2026-11-24T10:31:00+01", "2026-11-24T10:31:00+0100", "2026-11-24T10:31:00+24:00", "2026-11-24T10:31:00+01:60",
        "2026-11-24T24:00:00Z", "2026-11-24T10:60:00Z", "2026-11-24T10:31:61Z", "2026-02-29T10:31:00Z",
        "2026-13-01T10:31:00Z", "2026-11-31T10:31:00Z", "0000-01-01T00:00:00Z", "2026-1-24T10:31:00Z",
        "2026-11-24T10:31:60Z", "2016-12-31T23:58:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+01:00",
        " 2026-11-24T10:31:00Z", "2026-11-24T10:31:00Z\n", "2026-11-24_10:31:00Z", "2026-11-24  10:31:00Z",
        "2026-11-24T10:31:00+01:00:30", "٢٠٢٦-11-24T10:31:00Z", "-2026-11-24T10:31:00Z",
    ],
)  # fmt: skip
def test_any_other_text_is_no_time(text: str) -> None:
    with pytest.raises(ValueError):
        rfc3339_seconds(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-24", "not an RFC 3339 time"),
        ("2026-11-24T10:31:60Z", "second 60 is the last of a month in UTC"),
        ("2016-12-31T24:00:00Z", "hour must be in 0..23"),
        ("2016-12-31T23:59:61Z", "second must be in 0..59"),
    ],
)
def test_an_error_says_what_is_wrong_with_a_time(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}"):
        rfc3339_seconds(text)


@given(
    st.integers(-2_000_000_000, 7_000_000_000),
    st.integers(-1439, 1439),
    st.sampled_from("Tt "),
)
def test_any_moment_with_any_offset_is_read_as_it_is(moment: int, minutes: int, separator: str) -> None:
    there = datetime.fromtimestamp(moment, timezone(timedelta(minutes=minutes)))
    assert rfc3339_seconds(there.isoformat(separator)) == moment


@given(st.text(st.sampled_from("0123456789-:.TZtz+ "), max_size=30))
def test_what_is_read_can_be_written_and_read_again(text: str) -> None:
    try:
        seconds = rfc3339_seconds(text)
    except ValueError:
        return
    assert utc_seconds(utc_text(seconds)) == pytest.approx(seconds, abs=0.002)
