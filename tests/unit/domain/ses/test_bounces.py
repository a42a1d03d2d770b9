"""The bounce table: statuses, missing evidence, effects."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.ses import bounces


def test_only_an_entry_about_a_known_recipient_suppresses() -> None:
    for kind, effect in bounces.EFFECTS.items():
        assert effect.suppress is None or effect.status == "bounced", kind


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("smtp; 550 5.1.1 user unknown", {"5.1.1"}),
        ("smtp; 554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 no>", {"4.4.7", "4.4.0"}),
        ("connect to 5.1.1.25: refused", set()),
        ("from 205.1.1.7", set()),
        ("version 15.1.1", set()),
        ("", set()),
    ],
)
def test_a_diagnostics_statuses_are_found_and_its_ip_addresses_are_not(text: str, found: set[str]) -> None:
    assert bounces.Evidence(diagnostic=text).statuses() == found


@pytest.mark.parametrize(
    ("evidence", "missing"),
    [
        (bounces.Evidence(), True),
        (bounces.Evidence(status="5.0.0"), False),
        (bounces.Evidence(diagnostic="no"), False),
        (bounces.Evidence(status="5.0.0", diagnostic="no"), False),
    ],
)
def test_evidence_is_missing_without_status_and_diagnostic(evidence: bounces.Evidence, missing: bool) -> None:
    assert evidence.is_missing() is missing


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("5.1.1", bounces.BounceClass.HARD),
        ("5.1.10", bounces.BounceClass.HARD),
        ("5.1.100", bounces.BounceClass.SOFT),
        ("5.7.26", bounces.BounceClass.SENDER_FAULT_SOFT),
        ("5.70.1", bounces.BounceClass.SOFT),
    ],
)
def test_a_whole_status_matches_exactly_and_a_prefix_its_class(status: str, kind: bounces.BounceClass) -> None:
    assert bounces.classify(bounces.Evidence(type="Transient", sub_type="General", status=status)) is kind
