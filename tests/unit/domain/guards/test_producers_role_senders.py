"""The sender is compared with the role's list as IAM's StringLike compares: with case, `*` and `?` alone are wild."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import check_role_may_send
from sesmail_layer.domain.message import Identity


def rejection(sender: str, allowed: list[str], origin: str = "senderOverride.email") -> PermanentError | None:
    try:
        check_role_may_send(Identity(sender, "", [], origin), allowed)
    except PermanentError as err:
        return err
    return None


@pytest.mark.parametrize(
    ("pattern", "sender"),
    [
        ("shop@example.com", "shop@example.com"),
        ("*@example.com", "shop@example.com"),
        ("*@example.com", "Shop@example.com"),
        ("shop-?@example.com", "shop-1@example.com"),
        ("*@*.example.com", "a@b.c.example.com"),
        ("shop+*@example.com", "shop+[1]@example.com"),
        ("a[1]@example.com", "a[1]@example.com"),
        ("*", "shop@example.com"),
    ],
)
def test_a_sender_that_iam_allows_is_accepted(pattern: str, sender: str) -> None:
    assert rejection(sender, ["*@elsewhere.example.org", pattern]) is None


@pytest.mark.parametrize(
    ("pattern", "sender"),
    [
        ("shop@example.com", "Shop@example.com"),
        ("Shop@example.com", "shop@example.com"),
        ("*@Example.com", "shop@example.com"),
        ("*@example.com", "shop@example.com.evil.example"),
        ("*@example.com", "shop@sub.example.com"),
        ("*@example.com", "shop@exampleXcom"),
        ("shop-?@example.com", "shop-@example.com"),
        ("shop-?@example.com", "shop-12@example.com"),
        ("a[1]@example.com", "a1@example.com"),
        ("[a-z]@example.com", "a@example.com"),
    ],
)
def test_a_sender_that_iam_denies_is_rejected(pattern: str, sender: str) -> None:
    error = rejection(sender, [pattern])
    assert error is not None
    assert (error.error_type, error.code) == ("producer_denied", "SNDR002")


def test_the_message_names_the_field_the_masked_address_what_is_allowed_and_what_to_do() -> None:
    error = rejection("jane@evil.example", ["*@example.com"], "the template's senderEmail")
    assert error is not None
    assert error.message == (
        "The engine may not send from this address: the template's senderEmail: found 'j***@evil.example'; use an "
        "allowed sender, or add this one to allowed_sender_addresses in Terraform; allowed: ['*@example.com']"
    )


def test_a_sender_that_differs_in_case_only_is_rejected_with_that_reason() -> None:
    error = rejection("Shop@example.com", ["shop@example.com"])
    assert error is not None
    assert "found 'S***@example.com', which differs in case only;" in error.message
