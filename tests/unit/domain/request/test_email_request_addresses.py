"""Why an address is rejected: in the library's words, without those that quote the address."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.request.email_request import parse_request
from sesmail_layer.domain.request.refusals import Refusal

NOW = 1_795_516_260.0


def refused(address: str) -> str:
    with pytest.raises(Refusal) as caught:
        parse_request({"to": address, "templateName": "welcome"}, now=NOW)
    assert caught.value.code == "VAL003"
    return caught.value.message.partition("'. ")[2]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("john.smith", "An email address must have an @-sign."),
        ("john@exa mple.com", "The part after the @-sign contains invalid characters."),
        ("john@localhost", "The part after the @-sign is not valid. It should have a period."),
        ("john@-example.com", "An email address cannot have a hyphen immediately after the @-sign."),
        ("no@exa mple.com", "The part after the @-sign contains invalid characters."),
        ("john@example..com", "An email address cannot have two periods in a row."),
    ],
)
def test_the_message_has_the_librarys_reason(address: str, reason: str) -> None:
    assert refused(address) == reason


@pytest.mark.parametrize(
    "address", ["sign@exa mple.com", "part@localhost", "the smith@example.com", "have@example..com"]
)
def test_a_reason_with_three_letters_of_the_address_in_a_row_is_replaced(address: str) -> None:
    assert refused(address) == "It is not a valid address."
