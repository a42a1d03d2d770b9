"""What a search says of a cursor that it cannot go on from, and how far back a page has searched."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from sesmail_layer.domain.record.statuses import Status
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


def test_a_search_has_the_first_and_the_last_moment_of_its_period() -> None:
    search = fifty()
    one = search.records["email-7"]
    for about in ({"ses_id": "ses-7"}, {"to": one.to_email}, {}):
        criteria = Criteria(since=one.timestamp, until=one.timestamp, **about)
        assert "email-7" in {record.email_id for record in find(search, search, criteria, limit=1_000).records}


def test_a_page_may_have_one_email() -> None:
    search = fifty()
    assert len(find(search, search, ALL, limit=1).records) == 1


def test_a_cursor_belongs_to_the_statuses_that_were_asked_for() -> None:
    search = fifty()
    sent = Criteria(since=FIRST, until=LAST, statuses=(Status.SENT,))
    cursor = find(search, search, ALL, limit=5).cursor
    with pytest.raises(CursorError, match="another search"):
        find(search, search, sent, limit=5, cursor=cursor)


def test_each_filter_leaves_what_it_names() -> None:
    search = fifty()

    def found(**about: Any) -> set[Any]:
        [name] = about
        criteria = Criteria(since=FIRST, until=LAST, **about)
        names = {"statuses": "status", "producer": "original_source", "template": "template_name", "to": "to_email"}
        return {getattr(record, names[name]) for record in find(search, search, criteria, limit=1_000).records}

    assert found(statuses=(Status.SENT, Status.FAILED)) == {Status.SENT, Status.FAILED}
    assert found(producer="shop") == {"shop"}
    assert found(template="welcome") == {"welcome"}
    to = search.records["email-7"].to_email
    assert found(to=to) == {to}
