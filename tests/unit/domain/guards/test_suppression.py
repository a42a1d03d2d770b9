"""Suppression entries: what they block, and what becomes of two for one address."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.guards.suppression import (
    SUPPRESSION_TYPES,
    Suppression,
    SuppressionReason,
    source_key,
    split_source_key,
    topic_key,
)

NOW = "2026-11-24T10:31:00.000Z"


def listed(reason: SuppressionReason, added: str = NOW, expires_at: str | None = None, **origin: str) -> Suppression:
    ttl = None if expires_at is None else 1
    return Suppression(
        email="john@example.com",
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date=added,
        expires_at=expires_at,
        ttl=ttl,
        **origin,
    )


@pytest.mark.parametrize("reason", SuppressionReason)
def test_only_unsubscribe_lets_transactional_mail_through(reason: SuppressionReason) -> None:
    entry = listed(reason)

    assert entry.blocks(bulk=True, now_text=NOW)
    assert entry.blocks(bulk=False, now_text=NOW) is (reason is not SuppressionReason.UNSUBSCRIBE)


def test_an_entry_blocks_until_the_moment_it_expires() -> None:
    entry = listed(SuppressionReason.HARD_BOUNCE, expires_at=NOW)

    assert not entry.blocks(bulk=True, now_text=NOW)
    assert entry.blocks(bulk=True, now_text="2026-11-24T10:30:59.999Z")


def test_two_weeks_for_a_bounce_do_not_end_an_unsubscription_for_ever() -> None:
    forever, fortnight = (
        listed(SuppressionReason.UNSUBSCRIBE),
        listed(SuppressionReason.HARD_BOUNCE, expires_at="2026-12-08"),
    )

    for joined in (forever.joined(fortnight), fortnight.joined(forever)):
        assert (joined.reason, joined.expires_at, joined.ttl) == (SuppressionReason.HARD_BOUNCE, None, None)


def test_the_stronger_reason_keeps_where_it_came_from() -> None:
    complaint = listed(SuppressionReason.SPAM_COMPLAINT, email_id="email-2")
    bounce = listed(SuppressionReason.HARD_BOUNCE, email_id="email-1")

    assert bounce.joined(complaint) == complaint


times = st.sampled_from(["2026-11-01", "2026-11-02", "2026-11-03"])
suppressions = st.builds(
    lambda reason, added, expires_at, email_id: listed(reason, added, expires_at, email_id=email_id),
    st.sampled_from(SuppressionReason),
    times,
    st.none() | times,
    st.sampled_from(["email-1", "email-2"]),
)


@given(st.lists(suppressions, min_size=1, max_size=6), st.data())
def test_entries_for_one_address_join_to_the_same_in_any_order_and_repeated(
    entries: list[Suppression], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(entries + entries[:3]))

    assert functools.reduce(Suppression.joined, shuffled) == functools.reduce(Suppression.joined, entries)


def test_of_two_entries_that_expire_the_later_end_is_kept_whichever_came_first() -> None:
    early = listed(SuppressionReason.HARD_BOUNCE, expires_at="2026-12-01", email_id="email-1")
    late = listed(SuppressionReason.UNSUBSCRIBE, expires_at="2026-12-24", email_id="email-2")

    assert early.joined(late) == late.joined(early)
    assert (early.joined(late).expires_at, early.joined(late).email_id) == ("2026-12-24", "email-1")


def test_of_two_equal_entries_the_same_one_is_kept_whichever_came_first() -> None:
    one = listed(SuppressionReason.HARD_BOUNCE, email_id="email-1")
    other = listed(SuppressionReason.HARD_BOUNCE, email_id="email-2")

    assert one.joined(other) == other.joined(one)


@pytest.mark.parametrize("address", ["ada@example.com", "a#*b@example.com", "a#b@example.com"])
@pytest.mark.parametrize("source", ["shop.news", "a#*b", "team@example", "line\nbreak"])
def test_the_key_of_a_source_is_split_into_what_it_was_made_of(address: str, source: str) -> None:
    assert split_source_key(source_key(address, source)) == (address, source)


@pytest.mark.parametrize("key", ["ada@example.com", "a#*b@example.com", topic_key("ada@example.com", "weekly"), "#*"])
def test_other_keys_are_none_of_a_source(key: str) -> None:
    assert split_source_key(key) is None
