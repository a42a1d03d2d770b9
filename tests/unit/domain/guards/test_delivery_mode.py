"""Who may receive mail in the delivery modes redirect, allow and sink."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from sesmail_layer.domain.guards.delivery_mode import RestrictedDelivery


def delivery(mode: Literal["redirect", "allow", "sink"] = "allow", to: str = "", *allow: str) -> RestrictedDelivery:
    return RestrictedDelivery.of(mode, to, allow)


@pytest.mark.parametrize(
    ("entry", "allowed", "others"),
    [
        ("Ada@Example.com", ["ada@example.com", "ADA@example.COM"], ["ada+x@example.com", "xada@example.com"]),
        ("ada+x@example.com", ["Ada+X@example.com"], ["ada@example.com"]),
        (
            "example.com",
            ["ada@example.com", "b@EXAMPLE.com"],
            ["a@sub.example.com", "a@badexample.com", "a@example.co"],
        ),
        ("*.example.com", ["a@sub.example.com", "a@a.b.Example.com"], ["a@example.com", "a@subexample.com"]),
        ("xn--bcher-kva.example", ["a@xn--bcher-kva.example"], ["a@xn--bcher-kvb.example"]),
        ("com", [], ["ada@example.com"]),
    ],
)
def test_an_entry_allows_an_address_a_domain_or_its_subdomains(
    entry: str, allowed: list[str], others: list[str]
) -> None:
    rule = delivery("allow", "", "someone@else.example", entry)

    assert [one for one in [*allowed, *others] if rule.allows(one)] == allowed
    assert [one for one in [*allowed, *others] if rule.sinks(one)] == others


def test_an_address_with_a_domain_of_the_list_before_its_at_sign_is_not_allowed() -> None:
    assert not delivery("allow", "", "example.com").allows('"x@example.com"@evil.example')


def test_sink_sinks_everything_and_redirect_nothing() -> None:
    assert delivery("sink").sinks("ada@example.com")
    assert not delivery("redirect", "team@example.com").sinks("ada@example.com")


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "redirect", "to": "", "allow": []},
        {"mode": "redirect", "to": "team", "allow": []},
        {"mode": "redirect", "to": "a@example.com, b@example.com", "allow": []},
        {"mode": "allow", "to": "", "allow": ["", " "]},
    ],
)
def test_a_mode_that_does_not_say_who_receives_mail_stops_the_function(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="delivery mode"):
        RestrictedDelivery.of(**given)
