"""The timeline of an email: every status, bounce class and reason in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_cli.operator.timeline import DEFER_REASONS, Step, timeline
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState
from sesmail_layer.domain.ses.bounces import BounceClass
from tests.cli.records import ADA, T0, at, entry, record


def last(*history: Entry, **given: Any) -> Step:
    return timeline(record(*history, **given))[-1]


def test_the_timeline_begins_with_the_request_and_is_in_order_of_time() -> None:
    steps = timeline(
        record(
            entry(Status.DELIVERED, 5, recipient=ADA, detail={"smtpResponse": "250 ok"}),
            entry(Status.SENT, 3, detail={"sesMessageId": "0100-1"}),
            entry(Status.SENDING, 2),
        )
    )

    assert [step.what for step in steps] == [
        "Requested by my.application with template 'welcome'",
        "Claimed for sending (late or repeated: the status stayed 'delivered')",
        "Accepted by SES as 0100-1 (late or repeated: the status stayed 'delivered')",
        "Delivered to the mail server, which answered “250 ok”",
    ]
    assert [step.at for step in steps] == [T0, at(2), at(3), at(5)]


def test_a_late_event_names_the_status_that_stayed() -> None:
    bounced, delivered = timeline(record(entry(Status.BOUNCED, 2, what="hard"), entry(Status.DELIVERED, 4)))[1:]

    assert bounced.status == "bounced"
    assert delivered.status is None
    assert delivered.what.endswith("(late or repeated: the status stayed 'bounced')")


def test_a_step_about_a_copy_names_its_address() -> None:
    step = last(
        entry(Status.BOUNCED, recipient="cc@example.com", what="hard"),
        recipients={"cc@example.com": RecipientState(status=Status.SENDING, type="cc")},
    )

    assert step.recipient == "cc@example.com"
    assert last(entry(Status.BOUNCED, recipient=ADA)).recipient is None


@pytest.mark.parametrize("kind", [kind for kind in BounceClass if kind not in ("auto_reply", "unknown")])
def test_every_bounce_class_has_its_description(kind: BounceClass) -> None:
    status = Status.BOUNCED if kind in ("hard", "suppressed_by_ses", "not_attempted") else Status.SOFT_BOUNCED
    detail = {"bounceType": "Transient", "bounceSubType": "MailboxFull", "diagnosticCode": "452 4.2.2 full"}

    what = last(entry(status, what=kind, detail=detail)).what

    assert what.startswith("Bounced" if status is Status.BOUNCED else "Soft-bounced")
    assert "(Transient/MailboxFull): " in what
    assert what.endswith("; the other server answered “452 4.2.2 full”")


@pytest.mark.parametrize("reason", DEFER_REASONS)
def test_a_deferral_has_its_reason_and_its_next_check(reason: str) -> None:
    step = last(entry(Status.DEFERRED, detail={"reason": reason, "until": at(30)}))

    assert step.what == f"Deferred: {DEFER_REASONS[reason]}; until {at(30)} at the latest"


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_described_even_without_details(status: Status) -> None:
    assert last(entry(status)).status == status
    assert last(entry(status)).what


@pytest.mark.parametrize(
    "what", ["auto_reply", "not_spam", "one_of_several_complained", "unsubscribed", "resubscribed", "unknown"]
)
def test_a_remark_is_described_and_sets_no_status(what: str) -> None:
    step = last(entry(None, what=what))

    assert step.status is None
    assert not step.what.startswith("Event for one of several recipients")


def test_an_event_for_one_of_several_recipients_is_described_as_such() -> None:
    assert last(entry(None, key="bounce/1/x", what="hard")).what == (
        "Event for one of several recipients, SES does not say which: hard"
    )
    assert last(entry(None, key="delivered/1/x")).what.endswith("which: delivered")


def test_opens_and_clicks_by_machines_are_marked() -> None:
    assert last(entry(Status.OPENED, detail={"machine": True})).machine
    assert "not by a person" in last(entry(Status.OPENED, detail={"machine": True})).what
    assert last(entry(Status.CLICKED, detail={"link": "https://example.com"})).what == (
        "Link clicked: https://example.com"
    )


def test_every_defer_reason_of_the_engine_has_its_description() -> None:
    reasons = (
        "paused breaker daily_quota producer_cap first_contacts scheduled sending_paused access_denied "
        "soft_bounce_retry"
    )

    assert set(DEFER_REASONS) == set(reasons.split())


def test_a_cancellation_names_who_cancelled() -> None:
    mark = entry(None, 3, key="cancelled", what="cancelled", detail={"by": "its producer"})

    assert last(entry(Status.SENDING, 2), mark).what == "Cancelled by its producer: it is not sent any more"
