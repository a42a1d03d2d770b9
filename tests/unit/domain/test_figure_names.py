"""A day's names: each gets one number, pages have an end, and every container finds the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.figure_names import PAGE_NUMBERS, PAGES, TOTAL, DayNames, name_of, text_of
from sesmail_layer.domain.figures import MOST_NAMES, OTHER, Kind, Name


def tags(count: int, length: int = 1) -> list[Name]:
    return [Name(Kind.TAG, f"{number:04}".ljust(length, "x")) for number in range(count)]


def listed(names: list[Name]) -> DayNames:
    """List all names that the day takes, page by page."""
    day = DayNames("2026-11-24")
    while new := [name for name in names if day.takes(name)]:
        page = day.last_page
        day.learn(page, [*day.pages[page], *day.texts_that_fit(new)])
    return day


def test_the_total_and_others_have_numbers_of_their_own() -> None:
    day = DayNames("2026-11-24")
    assert day.number_of(None) == TOTAL
    others = {day.number_of(Name(kind, OTHER)) for kind in Kind}
    assert len(others) == len(Kind)
    assert TOTAL not in others
    assert day.number_of(Name(Kind.TAG, "new")) == day.number_of(Name(Kind.TAG, OTHER))


def test_each_kind_takes_its_first_200_names() -> None:
    day = listed(tags(MOST_NAMES + 10))
    assert not day.takes(Name(Kind.TAG, "one more"))
    assert day.takes(Name(Kind.TOPIC, "one more"))
    assert sum(name.kind is Kind.TAG for name in day.numbers) == MOST_NAMES + 1, "and *other*"
    assert len(set(day.numbers.values())) == len(day.numbers)


def test_a_name_that_is_too_long_gets_no_number() -> None:
    day = DayNames("2026-11-24")
    assert day.takes(Name(Kind.PRODUCER, "x" * 256))
    assert not day.takes(Name(Kind.PRODUCER, "x" * 257))
    assert not day.takes(Name(Kind.PRODUCER, "é" * 129))


def test_what_somebody_else_wrote_takes_a_place_and_no_name() -> None:
    day = DayNames("2026-11-24")
    day.learn(0, ["t:welcome", "odd", "t:welcome", "o:news"])
    assert day.number_of(Name(Kind.TOPIC, "news")) == day.number_of(Name(Kind.TEMPLATE, "welcome")) + 3
    assert name_of("odd") is None


@given(st.lists(st.integers(1, 256), min_size=1, max_size=900), st.integers(0, 3))
def test_pages_are_bounded_and_read_back_as_they_were_written(lengths: list[int], seed: int) -> None:
    kinds = list(Kind)
    names = [Name(kinds[(number + seed) % 4], f"{number}".ljust(length, "x")) for number, length in enumerate(lengths)]
    day = listed([name for name in names if len(name.name) <= 256])
    assert len(day.pages) <= PAGES + 1
    for texts in day.pages:
        assert len(texts) <= PAGE_NUMBERS
        assert sum(len(text.encode()) for text in texts) <= 1_800
    again = DayNames("2026-11-24")
    for page, texts in enumerate(day.pages):
        again.learn(page, texts)
    assert again.numbers == day.numbers
    assert max(again.numbers.values()) < PAGES * PAGE_NUMBERS


def test_a_name_is_read_as_it_was_written() -> None:
    for kind in Kind:
        assert name_of(text_of(Name(kind, "a:b"))) == Name(kind, "a:b")
