"""Signed links: only the recipient that a link was made for, and no address in it."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.record.claims import key_of_source
from sesmail_layer.domain.unsubscribe.links import Link, read, reader_of, sign
from tests.unit.domain.unsubscribe.records import ADDRESS, SHOP, record

KEY, OTHER_KEY = b"key", b"another key"


def link(key: bytes = KEY, record_id: str = "news-1", source: str = SHOP, address: str = ADDRESS) -> str:
    return sign(key, record_id=record_id, source=source, address=address)


def opened(token: str) -> Link:
    found = read(token, [KEY])
    assert found is not None
    return found


def test_a_link_leads_to_its_email_and_its_recipient() -> None:
    found = opened(link())

    assert found.record_ids == ("news-1", key_of_source("news-1", SHOP))
    assert found.belongs_to(record())


@pytest.mark.parametrize("other", [{"to_email": "bob@example.com"}, {"original_source": "blog"}, {"to_email": None}])
def test_a_link_is_not_for_another_recipient_or_source_under_the_same_id(other: dict[str, object]) -> None:
    assert not opened(link()).belongs_to(record(**other))


def test_the_key_of_a_source_s_own_record_makes_the_same_link() -> None:
    assert link(record_id=key_of_source("news-1", SHOP)) == link()


def test_a_token_shows_neither_address_nor_domain() -> None:
    raw = base64.urlsafe_b64decode(link() + "==")
    assert not any(part in raw for part in (b"ada", b"example"))
    assert "@" not in link()


def test_a_link_of_the_key_before_is_good_and_of_another_key_is_not() -> None:
    assert read(link(OTHER_KEY), [KEY, OTHER_KEY]) is not None
    assert read(link(OTHER_KEY), [KEY]) is None


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_no_link(position: int, flip: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(link() + "=" * (-len(link()) % 4)))
    raw[position % len(raw)] ^= flip
    assert read(base64.urlsafe_b64encode(raw).decode().rstrip("="), [KEY]) is None


@given(st.text(max_size=400))
def test_whatever_is_in_the_url_is_read_or_is_no_link(token: str) -> None:
    assert read(token, [KEY]) is None


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_a_link_that_was_cut_off_is_no_link(cut: int) -> None:
    assert read(link()[:-cut], [KEY]) is None


def test_the_longest_email_id_makes_a_link_that_fits_into_a_header() -> None:
    token = link(record_id="x" * 128)
    assert opened(token).email_id == "x" * 128
    assert len(token) == 219


def test_the_reader_of_a_redirected_email_is_its_mailbox() -> None:
    assert reader_of(record()) == ADDRESS
    assert reader_of(record(redirected_to="Staging@example.com")) == "staging@example.com"


def test_a_link_is_a_value() -> None:
    assert msgspec.structs.replace(opened(link())) == opened(link())
