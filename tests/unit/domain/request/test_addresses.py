"""Addresses: what is taken, in which form, and what is shown of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from sesmail_layer.domain.request.addresses import _ORDINARY, AddressError, address_key, masked, parse_address


@pytest.mark.parametrize(
    ("written", "sent_to"),
    [
        ("john@example.com", "john@example.com"),
        ("John.Doe+Tag@EXAMPLE.COM", "John.Doe+Tag@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("john@bücher.example.de", "john@xn--bcher-kva.example.de"),
        ("john@BÜCHER.de", "john@xn--bcher-kva.de"),
        ("john@xn--bcher-kva.de", "john@xn--bcher-kva.de"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ("success@simulator.amazonses.com", "success@simulator.amazonses.com"),
    ],
)
def test_an_address_is_sent_with_its_domain_in_lower_case_ascii(written: str, sent_to: str) -> None:
    assert parse_address(written) == sent_to


@pytest.mark.parametrize(
    "written",
    [
        "",
        "john",
        "john@",
        "@example.com",
        "john@@example.com",
        "john@example",
        "john@localhost",
        "john@example.invalid",
        "john@example..com",
        ".john@example.com",
        "john.@example.com",
        "jo hn@example.com",
        " john@example.com",
        "john@example.com ",
        "john@[127.0.0.1]",
        '"john doe"@example.com',
        "John <john@example.com>",
        "john@example.com,jane@example.com",
        "jörg@example.com",
        "john@exa_mple.com",
        "a" * 65 + "@example.com",
        "john@" + "a" * 64 + ".com",
        "john@example.com\nBcc: jane@example.com",
        "john\r@example.com",
        "john\x00@example.com",
        "john\u202e@example.com",
        "john@example.com\u2028",
    ],
)
def test_an_address_that_ses_does_not_deliver_to_is_rejected(written: str) -> None:
    with pytest.raises(AddressError):
        parse_address(written)


# Parts that are joined to addresses, most of them nearly ordinary.
_PARTS = st.lists(
    st.sampled_from(
        [
            *"aZ0_+-.@=?~'",
            "xn--",
            "--",
            "..",
            "bcher-kva",
            "example",
            "com",
            "9",
            "a" * 63,
            "a" * 60,
            "b.",
            "ü",
            "\n",
            " ",
        ]
        + [f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES]
    ),
    max_size=9,
).map("".join)


@given(st.builds("{}@{}".format, _PARTS, _PARTS) | st.from_regex(_ORDINARY, fullmatch=True))
def test_an_address_is_accepted_and_written_as_email_validator_does(written: str) -> None:
    try:
        whole = validate_email(written, check_deliverability=False, allow_smtputf8=False, strict=True)
        expected = whole.ascii_email if "=?" not in whole.local_part else None
    except EmailNotValidError:
        expected = None
    try:
        assert parse_address(written) == expected
    except AddressError:
        assert expected is None


@pytest.mark.parametrize("domain", SPECIAL_USE_DOMAIN_NAMES)
def test_a_reserved_domain_is_rejected_below_any_name(domain: str) -> None:
    for address in (f"john@example.{domain}", f"john@a.b.{domain}", f"john@{domain}"):
        with pytest.raises(AddressError):
            parse_address(address)


@pytest.mark.parametrize("address", ["john@example.com", "john.doe+tag@mail.example.co", "a_b-c@x-1.example.org"])
def test_an_ordinary_address_needs_no_tables_of_unicode(address: str) -> None:
    code = (
        "import sys; from sesmail_layer.domain.request.addresses import parse_address;"
        f"assert parse_address({address!r}) == {address!r}; assert 'email_validator' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "python"})


@given(st.text(max_size=80) | st.builds("{}@{}".format, st.text(min_size=1, max_size=20), st.text(max_size=30)))
def test_whatever_is_accepted_fits_into_a_header(written: str) -> None:
    try:
        address = parse_address(written)
    except AddressError:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' ,;:<>()[]"\\')
    assert parse_address(address) == address


def test_an_address_is_counted_and_suppressed_whatever_its_case() -> None:
    assert address_key("John.Doe@Example.com") == address_key("john.DOE@example.com") == "john.doe@example.com"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("john@example.com", "j***@example.com"),
        ("john smith", "j***"),
        ("", "***"),
        ("john@smith@example.com", "j***@example.com"),
        ("john@example.com\r\nBcc: x", "j***@***"),
        ("\u202ejohn@example.com", "***@example.com"),
        ("john@" + "a" * 500, "j***@***"),
    ],
)
def test_of_an_address_only_the_first_letter_and_the_domain_are_shown(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text(max_size=80))
def test_what_is_shown_is_one_printable_line(text: str) -> None:
    assert masked(text).isprintable()
    assert len(masked(text)) <= 69


@pytest.mark.parametrize("local", ["=?utf-8?q?john?=", "=?utf-8?b?am9obg==?=", "a=?iso-8859-1?Q?x?=b", "=?"])
def test_an_encoded_word_is_no_part_of_an_address(local: str) -> None:
    with pytest.raises(AddressError, match="Encoded words"):
        parse_address(f"{local}@example.com")


def test_a_local_part_may_have_an_equals_sign_or_a_question_mark() -> None:
    assert parse_address("prvs=1234=john?=@example.com") == "prvs=1234=john?=@example.com"


@given(st.text(min_size=1, max_size=20), st.sampled_from(["example.com", "nowhere", "exa mple.com", "", "ü"]))
def test_the_reason_spells_nothing_of_an_address(local: str, domain: str) -> None:
    try:
        parse_address(f"{local}@{domain}")
    except AddressError as err:
        reason = str(err)
    else:
        reason = ""
    # Ellipses and all: what the reason has of its own.
    own = "Encoded words (=?…?=) are not allowed before the @-sign."
    assert reason in (own, "") or reason.isascii()
    assert not set("'\":") & set(reason)


def test_a_domain_is_shown_up_to_64_characters() -> None:
    shown, hidden = ("d" * (length - 4) + ".com" for length in (64, 65))

    assert masked(f"john@{shown}") == f"j***@{shown}"
    assert masked(f"john@{hidden}") == "j***@***"
