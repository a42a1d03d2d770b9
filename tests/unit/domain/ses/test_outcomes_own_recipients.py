"""Only the record's own recipients are affected by an event: the addresses that it names are the remote side's text."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_layer.domain.ses.outcomes import Outcome, outcomes
from sesmail_layer.domain.ses.ses_events import read_event
from tools.simulation.feedback import JANE, JOHN, bounced, complained, delivered, event

THIRD = "third@elsewhere.example"


def meant(document: object, *own: str) -> list[Outcome]:
    return [found for found in outcomes(read_event(document), 1, own) if not found.entry.key.startswith("sent/")]


def bounce_of(*named: str, to: tuple[str, ...] = (JOHN,), status: str = "5.1.1") -> dict[str, Any]:
    listed = [{"emailAddress": one, "status": status, "diagnosticCode": "smtp; 550 no"} for one in named]
    payload = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": listed}
    return event("Bounce", "bounce", payload, to=to)


def test_a_single_recipient_stands_for_whatever_address_a_bounce_names() -> None:
    named = [f"victim-{number}@elsewhere.example" for number in range(248)]
    [outcome] = meant(bounce_of(*named), JOHN)

    assert (outcome.entry.recipient, outcome.suppress) == (JOHN, "hard-bounce")


def test_a_third_address_among_several_recipients_is_history_only() -> None:
    [outcome] = meant(bounce_of(THIRD, to=(JOHN, JANE)), JOHN, JANE)

    assert (outcome.entry.recipient, outcome.entry.status, outcome.entry.what) == (None, None, "hard")
    assert (outcome.suppress, outcome.counts, outcome.counts_towards_soft_bounce_limit, outcome.retried) == (
        None,
        False,
        False,
        False,
    )
    assert THIRD not in outcome.entry.key


def test_own_recipients_and_third_addresses_in_one_event_are_separated() -> None:
    found = meant(bounce_of(THIRD, JANE, "fourth@elsewhere.example"), JOHN, JANE)

    assert [(one.entry.recipient, one.suppress) for one in found] == [(None, None), (JANE, "hard-bounce")]


def test_the_record_decides_not_the_events_own_destinations() -> None:
    assert [one.entry.recipient for one in meant(bounce_of(THIRD, to=(THIRD,)), JOHN, JANE)] == [None]
    assert [one.entry.recipient for one in meant(bounce_of(THIRD, to=(THIRD, JANE)), JOHN)] == [JOHN]


@pytest.mark.parametrize("to", [(), (THIRD,)])
def test_an_event_that_lists_no_recipient_is_about_the_records_only_one(to: tuple[str, ...]) -> None:
    for document in (bounce_of(to=to), event("Complaint", "complaint", {}, to=to)):
        assert [one.entry.recipient for one in meant(document, JOHN)] == [JOHN]
        assert [(one.entry.recipient, one.suppress) for one in meant(document, JOHN, JANE)] == [(None, None)]


def test_without_a_record_only_recipients_of_the_ses_envelope_are_affected() -> None:
    found = [outcomes(read_event(bounce_of(THIRD, to=to)), 1)[-1] for to in ((), (JOHN,), (JOHN, JANE), (JOHN, THIRD))]

    assert [one.entry.recipient for one in found] == [None, JOHN, None, THIRD]
    assert [one.suppress for one in found] == [None, "hard-bounce", None, "hard-bounce"]


def test_of_several_answers_for_one_recipient_the_gravest_counts() -> None:
    listed = [
        {"emailAddress": "a@elsewhere.example", "status": "4.2.2"},
        {"emailAddress": "b@elsewhere.example", "status": "5.1.1"},
        {"emailAddress": JOHN, "status": "4.4.1"},
    ]
    payload = {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": listed}
    [outcome] = meant(event("Bounce", "bounce", payload), JOHN)

    assert (outcome.entry.recipient, outcome.entry.what, outcome.suppress) == (JOHN, "hard", "hard-bounce")


@pytest.mark.parametrize("named", ["undisclosed", "", None, 7])
def test_the_evidence_of_a_recipient_without_an_address_is_the_single_recipients(named: object) -> None:
    listed = [{"emailAddress": named, "status": "5.1.1", "diagnosticCode": "smtp; 550 user unknown"}]
    document = event(
        "Bounce", "bounce", {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": listed}
    )

    assert [(one.entry.recipient, one.suppress) for one in meant(document, JOHN)] == [(JOHN, "hard-bounce")]
    assert [(one.entry.recipient, one.suppress) for one in meant(document, JOHN, JANE)] == [(None, None)]


def test_what_is_no_recipient_among_recipients_is_no_evidence() -> None:
    listed = [
        {"emailAddress": JOHN, "status": "5.2.2", "diagnosticCode": "smtp; 552 full"},
        "junk",
        {"status": "5.1.1"},
    ]
    document = event("Bounce", "bounce", {"bounceType": "Permanent", "bouncedRecipients": listed})

    assert [(one.entry.what, one.suppress) for one in meant(document, JOHN)] == [("soft", None)]


def test_a_complaint_that_names_a_third_address_is_about_a_single_recipient_or_none() -> None:
    named = {"complainedRecipients": [{"emailAddress": THIRD}], "complaintFeedbackType": "abuse"}
    document = event("Complaint", "complaint", named)

    assert [(one.entry.recipient, one.suppress) for one in meant(document, JOHN)] == [(JOHN, "spam-complaint")]
    assert [(one.entry.recipient, one.suppress) for one in meant(document, JOHN, JANE)] == [(None, None)]


def test_a_complaint_that_names_an_own_recipient_and_a_third_address_is_history_only() -> None:
    named = {"complainedRecipients": [{"emailAddress": THIRD}, {"emailAddress": JANE}]}

    assert [
        (one.entry.recipient, one.suppress) for one in meant(event("Complaint", "complaint", named), JOHN, JANE)
    ] == [(None, None)]


def test_not_spam_and_not_attempted_are_about_own_recipients_only() -> None:
    taken_back = {"complainedRecipients": [{"emailAddress": THIRD}], "complaintFeedbackType": "not-spam"}
    not_sent = {"complainedRecipients": [{"emailAddress": THIRD}], "complaintSubType": " OnAccountSuppressionList\t"}

    assert [one.not_spam for one in meant(event("Complaint", "complaint", taken_back), JOHN, JANE)] == [False]
    assert [one.suppress for one in meant(event("Complaint", "complaint", not_sent), JOHN, JANE)] == [None]
    assert [one.suppress for one in meant(event("Complaint", "complaint", not_sent), JOHN)] == ["ses-suppressed"]


def test_a_delivery_to_a_third_address_changes_no_status_among_several_recipients() -> None:
    [outcome] = meant(delivered(THIRD), JOHN, JANE)

    assert (outcome.entry.recipient, outcome.entry.status) == (None, None)


def test_addresses_are_compared_whatever_their_case() -> None:
    [outcome] = meant(bounced(who="JOHN@Example.COM"), JOHN, JANE)

    assert (outcome.entry.recipient, outcome.suppress) == (JOHN, "hard-bounce")


def test_a_complaint_by_one_of_two_own_recipients_is_about_that_one() -> None:
    [outcome] = meant(complained(), JOHN, JANE)

    assert (outcome.entry.recipient, outcome.suppress) == (JOHN, "spam-complaint")


def test_an_event_about_an_email_without_recipients_affects_no_address() -> None:
    assert [(one.entry.recipient, one.suppress) for one in meant(bounced())] == [(None, None)]


HARD, SENDER_FAULT = {"status": "5.1.1"}, {"status": "5.7.515"}
SOFT, LIMITED = {"status": "4.2.2"}, {"status": "4.7.650"}
AUTO_REPLY: dict[str, str] = {}


@pytest.mark.parametrize(
    ("kind", "grave", "less"),
    [
        ("Permanent", HARD, SENDER_FAULT),
        ("Transient", HARD, SOFT),
        ("Transient", SOFT, LIMITED),
        ("Transient", LIMITED, AUTO_REPLY),
    ],
)
def test_of_two_bounces_of_one_recipient_the_graver_counts(
    kind: str, grave: dict[str, str], less: dict[str, str]
) -> None:
    for given in ((grave, less), (less, grave)):
        listed = [{"emailAddress": f"{number}@elsewhere.example", **one} for number, one in enumerate(given)]
        payload = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": listed}
        [outcome] = meant(event("Bounce", "bounce", payload, to=(JOHN,)), JOHN)
        alone = {**payload, "bouncedRecipients": [{"emailAddress": JOHN, **grave}]}
        assert [outcome] == meant(event("Bounce", "bounce", alone, to=(JOHN,)), JOHN)


def test_of_two_equal_bounces_of_one_recipient_the_first_is_recorded() -> None:
    listed = [{"emailAddress": "a@elsewhere.example", "diagnosticCode": f"smtp; 550 5.1.1 {word}"} for word in "ab"]
    payload = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": listed}
    [outcome] = meant(event("Bounce", "bounce", payload, to=(JOHN,)), JOHN)

    assert outcome.entry.detail["diagnosticCode"] == "smtp; 550 5.1.1 a"


def test_a_complaint_that_was_none_separates_own_recipients_and_third_addresses() -> None:
    listed = [{"emailAddress": one} for one in (THIRD, JANE, JOHN)]
    payload = {"complainedRecipients": listed, "complaintSubType": "OnAccountSuppressionList"}
    found = meant(event("Complaint", "complaint", payload), JOHN, JANE)

    assert [(one.entry.recipient, one.suppress) for one in found] == [
        (None, None),
        (JANE, "ses-suppressed"),
        (JOHN, "ses-suppressed"),
    ]
