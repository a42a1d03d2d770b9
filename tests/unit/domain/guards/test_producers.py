"""The rules of a producer's policy, one by one, and the message of a broken one."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import ProducerPolicy


def denied(policy: ProducerPolicy, template: str = "welcome", *recipients: str) -> tuple[str, str]:
    with pytest.raises(PermanentError) as caught:
        policy.check_request("shop", template, recipients)
    assert caught.value.error_type == "producer_denied"
    return caught.value.code, caught.value.message.removeprefix("Producer 'shop' may not send this email: ")


@pytest.mark.parametrize(
    ("allowed", "recipient", "passes"),
    [
        ("example.com", "ada@example.com", True),
        ("example.com", "ada@EXAMPLE.com", True),
        ("example.com", "ada@mail.example.com", False),
        ("example.com", "ada@badexample.com", False),
        ("*.example.com", "ada@mail.example.com", True),
        ("*.example.com", "ada@a.mail.example.com", True),
        ("*.example.com", "ada@example.com", False),
        ("*.example.com", "ada@badexample.com", False),
    ],
)
def test_a_domain_is_itself_and_a_starred_one_is_its_subdomains(allowed: str, recipient: str, passes: bool) -> None:
    policy = ProducerPolicy(recipient_domains=[allowed])

    if passes:
        policy.check_request("shop", "welcome", [recipient])
    else:
        assert denied(policy, "welcome", recipient)[0] == "PROD003"


def test_one_of_several_domains_is_enough_and_every_recipient_needs_one() -> None:
    policy = ProducerPolicy(recipient_domains=["example.com", "example.org"])

    policy.check_request("shop", "welcome", ["ada@example.com", "eve@example.org"])
    assert denied(policy, "welcome", "ada@example.com", "eve@example.net") == (
        "PROD003",
        "recipient domain 'example.net' is not among ['example.com', 'example.org']",
    )


def test_a_broken_rule_is_named_with_what_is_allowed() -> None:
    assert denied(ProducerPolicy(enabled=False)) == ("PROD001", "it is not enabled")
    assert denied(ProducerPolicy(templates=["order-*"])) == (
        "PROD002",
        "templateName 'welcome' is not among ['order-*']",
    )


def test_a_sender_that_is_none_of_the_producers_is_named_without_its_address() -> None:
    policy = ProducerPolicy(senders=["*@shop.example.com"])
    policy.check_sender("shop", "News@Shop.example.com")

    with pytest.raises(PermanentError) as caught:
        policy.check_sender("shop", "news@example.com")

    assert (caught.value.error_type, caught.value.code) == ("producer_denied", "PROD004")
    assert caught.value.message == (
        "Producer 'shop' may not send this email: the sender is not among ['*@shop.example.com']"
    )


def test_objects_are_read_under_the_producers_prefixes_and_nowhere_else() -> None:
    policy = ProducerPolicy(attachment_prefixes=["s3://invoices/shop/"])

    assert policy.may_read("s3://invoices/shop/1.pdf")
    assert not policy.may_read("s3://invoices/other/1.pdf")
    assert not ProducerPolicy().may_read("s3://invoices/shop/1.pdf")


@pytest.mark.parametrize("prefix", ["s3://invoices/shop/", "s3://invoices/shop"])
def test_a_prefix_is_a_folder(prefix: str) -> None:
    policy = ProducerPolicy(attachment_prefixes=[prefix])

    assert policy.may_read("s3://invoices/shop/1.pdf")
    assert not policy.may_read("s3://invoices/shop-secret/1.pdf")
    assert not ProducerPolicy(attachment_prefixes=["s3://invoices"]).may_read("s3://invoices-secret/1.pdf")


def test_a_prefix_ends_with_its_last_letter_whatever_that_is() -> None:
    policy = ProducerPolicy(attachment_prefixes=["s3://invoices/BOX"])

    assert policy.may_read("s3://invoices/BOX/1.pdf")
    assert not policy.may_read("s3://invoices/BO/1.pdf")
