"""What is read out of a bounce before the table decides."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses.bounces import EFFECTS, BounceClass, Evidence, classify


@pytest.mark.parametrize(
    ("diagnostic", "replies"),
    [
        ("smtp; 550 5.1.1 user unknown", [("550", "5")]),
        ("smtp;550-5.1.1 user unknown", [("550", "5")]),
        ("550 user unknown", [("550", "")]),
        ("554 4.4.7 Message expired: unable to deliver.<421 4.4.0 no DNS>", [("554", "4"), ("421", "4")]),
        ("5.1.0 - Unknown address error 550-'no such user'", [("550", "")]),
        ("host mx.example.com[192.0.2.1] said: 452 #4.2.2 full", [("452", "4")]),
        ("Remote_host_said:_550_5.1.1_unknown", [("550", "5")]),
        ("554.30 disabled", []),
        ("Out of office: call extension 450 or room 551", []),
        ("smtp; <user@550.example>: closed", []),
        ("smtp; 650 odd; 560 odd", []),
        ("", []),
    ],
)
def test_reply_codes_are_found_where_a_server_speaks(diagnostic: str, replies: list[tuple[str, str]]) -> None:
    assert Evidence(diagnostic=diagnostic).replies() == replies
    assert Evidence(diagnostic=diagnostic).no_reply_code() is (not replies)


@pytest.mark.parametrize(
    ("status", "diagnostic", "permanent"),
    [
        ("5.7.1", "", True),
        ("4.7.1", "", False),
        ("5.0.0", "421 4.7.0 later", False),
        ("5.0.0", "450 later", False),
        ("4.0.0", "550 5.1.0 no", True),
        ("4.0.0", "", False),
        ("5.0.0", "", True),
        ("", "450 later", False),
        ("", "550 never", True),
        ("", "", True),
        ("4.4.7", "550 5.7.1 never", True),
    ],
)
def test_the_more_precise_evidence_says_whether_it_is_permanent(status: str, diagnostic: str, permanent: bool) -> None:
    assert Evidence(status=status, diagnostic=diagnostic).permanent() is permanent


@pytest.mark.parametrize(
    "diagnostic",
    ["see https://x.example/5.7.1", "<5.7.1@example.com>", "help.example.com/5.7.1/why", "mx.5.7.1.example.com"],
)
def test_a_status_in_a_link_or_an_address_is_none(diagnostic: str) -> None:
    assert Evidence(diagnostic=diagnostic).statuses() == set()


def test_names_match_whatever_their_case_and_the_white_space_around_them() -> None:
    assert classify(Evidence(type=" permanent\t", sub_type="GENERAL ")) is BounceClass.HARD
    assert classify(Evidence(type="Permanent", sub_type="\tOnAccountSuppressionList ")) is BounceClass.NOT_ATTEMPTED


@pytest.mark.parametrize("kind", ["Permanent", "Transient", "Undetermined", "Novelty"])
@pytest.mark.parametrize(
    ("sub_type", "found"),
    [
        ("Suppressed", BounceClass.SUPPRESSED_BY_SES),
        ("OnAccountSuppressionList", BounceClass.NOT_ATTEMPTED),
        ("OnTenantSuppressionList", BounceClass.NOT_ATTEMPTED),
        ("EmailValidationSuppressed", BounceClass.NOT_ATTEMPTED),
        ("UnsubscribedRecipient", BounceClass.NOT_ATTEMPTED),
    ],
)
def test_a_named_subtype_wins_over_everything(kind: str, sub_type: str, found: BounceClass) -> None:
    for status, diagnostic in (
        ("5.7.1", "550 5.7.1 blocklist"),
        ("4.2.2", "mailbox full"),
        ("4.7.0", "421 greylisted"),
    ):
        assert classify(Evidence(type=kind, sub_type=sub_type, status=status, diagnostic=diagnostic)) is found


@pytest.mark.parametrize("kind", ["Permanent", "Transient", "Undetermined", "Novelty"])
@pytest.mark.parametrize("status", ["5.1.7", "5.1.8", "5.7.0", "5.7.1", "5.7.26", "5.7.515", "5.7.649"])
def test_a_status_about_the_sender_suppresses_no_address_whatever_the_type(kind: str, status: str) -> None:
    effect = EFFECTS[classify(Evidence(type=kind, sub_type="General", status=status, diagnostic="550 user unknown"))]

    assert (effect.suppress, effect.counts_towards_soft_bounce_limit, effect.retried, effect.sender_refused) == (
        None,
        False,
        False,
        True,
    )
    assert (effect.status, effect.counts) == (("bounced", True) if kind == "Permanent" else ("soft_bounced", False))


@pytest.mark.parametrize("kind", ["Permanent", "Transient", "Undetermined", "Novelty"])
@pytest.mark.parametrize("status", ["4.7.0", "4.7.1", "4.7.28", "4.7.650", "4.3.2", "4.1.7", "4.1.8"])
def test_a_temporary_status_about_the_sender_is_retried_and_says_nothing_of_the_address(kind: str, status: str) -> None:
    effect = EFFECTS[classify(Evidence(type=kind, sub_type="General", status=status))]

    assert (effect.status, effect.retried, effect.counts_towards_soft_bounce_limit, effect.counts) == (
        "soft_bounced",
        True,
        False,
        False,
    )


@pytest.mark.parametrize("kind", ["Permanent", "Transient", "Undetermined", "Novelty"])
@pytest.mark.parametrize(("sub_type", "status"), [("MailboxFull", "5.1.1"), ("General", "5.2.2"), ("General", "4.2.2")])
def test_a_full_mailbox_is_soft_whatever_the_type(kind: str, sub_type: str, status: str) -> None:
    assert classify(Evidence(type=kind, sub_type=sub_type, status=status)) is BounceClass.SOFT
