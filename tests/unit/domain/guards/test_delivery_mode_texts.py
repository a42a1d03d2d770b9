"""What a restricted delivery mode writes: the headers of a redirected email, and what its configuration lacks."""

from __future__ import annotations

import re
from typing import Literal

import pytest

from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery


def test_a_redirected_email_names_its_recipients_in_headers_and_leaves_out_those_of_none() -> None:
    mode = RestrictedDelivery.of("redirect", "team@example.com", [])
    assert list(mode.redirection("a@example.com", ["c@example.com"], ["b@example.com"]).headers()) == [
        ("X-Original-To", ["a@example.com"]),
        ("X-Original-Cc", ["c@example.com"]),
        ("X-Original-Bcc", ["b@example.com"]),
    ]
    assert list(mode.redirection("a@example.com", [], []).headers()) == [("X-Original-To", ["a@example.com"])]


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("redirect", "delivery mode redirect needs one address in `to`"),
        ("allow", "delivery mode allow needs addresses or domains in `allow`"),
    ],
)
def test_a_mode_that_lacks_a_recipient_names_the_field_to_set(mode: Literal["redirect", "allow"], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(says)}$"):
        RestrictedDelivery.of(mode, "", [])


def test_an_at_sign_in_a_quoted_name_does_not_hide_the_domain() -> None:
    assert RestrictedDelivery.of("allow", "", ["example.com"]).allows('"ada@home"@example.com')
