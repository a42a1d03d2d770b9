"""What a search says of a cursor that it cannot go on from, and how far back a page has searched."""

from __future__ import annotations

import re
from random import Random

import pytest

from sesmail_layer.usecases.find import Criteria, CursorError, find
from tests.unit.usecases.test_find import FIRST, LAST, FakeIndexes, a_record

ALL = Criteria(since=FIRST, until=LAST)


def fifty() -> FakeIndexes:
    random = Random(5)
    return FakeIndexes([a_record(number, random) for number in range(50)])


def test_a_cursor_that_cannot_be_used_says_why_and_what_to_give_instead() -> None:
    search = fifty()
    cursor = find(search, search, ALL, limit=5).cursor or ""
    for bad, criteria, says in (
        (f"AAAA{cursor[4:]}", ALL, "the cursor is damaged: give it as the last page printed it"),
        ("ö", ALL, "the cursor cannot be read: give it as the last page printed it"),
        (
            cursor,
            Criteria(since=FIRST, until=LAST, producer="shop"),
            "the cursor belongs to another search: give the same filters as for the first page",
        ),
    ):
        with pytest.raises(CursorError, match=f"^{re.escape(says)}$"):
            find(search, search, criteria, limit=5, cursor=bad)


def test_a_page_says_how_far_back_it_has_searched() -> None:
    search = fifty()
    page = find(search, search, ALL, limit=5)
    assert page.searched_back_to == page.records[-1].timestamp
    assert find(search, search, ALL, limit=1_000).searched_back_to == FIRST

    by_ses_id = find(search, search, Criteria(since=FIRST, until=LAST, ses_id="ses-7"), limit=5)
    assert [record.email_id for record in by_ses_id.records] == ["email-7"]
    assert by_ses_id.searched_back_to == FIRST


def test_an_unknown_id_of_ses_reads_no_record() -> None:
    search = fifty()
    assert find(search, search, Criteria(since=FIRST, until=LAST, ses_id="ses-none"), limit=5).records == []
    assert search.reads == 0
