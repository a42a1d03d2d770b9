"""An email's story and the advice that goes with it: pure, and in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from sesmail_cli.operator.story import DEFER_REASONS, Step, story

from sesmail_cli.operator.advice import advise, retry_time
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState, TrackingRecord, fold
from sesmail_layer.domain.ses.bounces import BounceClass
from sesmail_layer.domain.times import utc_seconds

ADA = "ada@example.com"
T0 = "2026-11-24T10:31:00.000Z"
NOW = 1_795_516_260.0
PAUSED = SendingState(paused=True, paused_by="operator")


def at(second: int) -> str:
    return f"2026-11-24T10:31:{second:02d}.000Z"


def entry(status: Status | None, second: int = 1, attempt: int = 1, **given: Any) -> Entry:
    key = given.pop("key", f"{status}/{attempt}/{second}")
    return Entry(key=key, at=at(second), attempt=attempt, status=status, **given)


def record(*history: Entry, **given: Any) -> TrackingRecord:
    facts: dict[str, Any] = {
        "email_id": "order-1",
        "status": Status.SENDING,
        "attempt": 1,
        "timestamp": T0,
        "date_partition": T0[:10],
        "ttl": 1_800_000_000,
        "to_email": ADA,
        "template_name": "welcome",
        "original_source": "my.application",
    }
    folded, _ = fold(TrackingRecord(**facts | given), history)
    return folded


def last(*history: Entry, **given: Any) -> Step:
    return story(record(*history, **given))[-1]


def advice(*history: Entry, states: dict[str, SendingState] | None = None, **given: Any) -> str:
    found = advise(record(*history, **given), states or {}, retry_at=None, now=NOW)
    return " ".join(found.steps)


def test_the_story_begins_with_the_request_and_goes_by_the_clock() -> None:
    told = story(
        record(
            entry(Status.DELIVERED, 5, recipient=ADA, detail={"smtpResponse": "250 ok"}),
            entry(Status.SENT, 3, detail={"sesMessageId": "0100-1"}),
            entry(Status.SENDING, 2),
        )
    )

    assert [step.what.partition(" (came late")[0] for step in told] == [
        "my.application asked for it with template 'welcome'",
        "the sender took it in hand, to give it to SES",
        "SES accepted it, as 0100-1",
        "the recipient's mail server took it, saying “250 ok”",
    ]
    assert [step.at for step in told] == [T0, at(2), at(3), at(5)]


def test_what_came_late_is_told_with_the_status_that_stood() -> None:
    bounced, delivered = story(record(entry(Status.BOUNCED, 2, what="hard"), entry(Status.DELIVERED, 4)))[1:]

    assert bounced.status == "bounced"
    assert delivered.status is None
    assert delivered.what.endswith("(came late or again: the status stayed 'bounced')")


def test_a_copy_s_fate_names_the_copy() -> None:
    step = last(
        entry(Status.BOUNCED, recipient="cc@example.com", what="hard"),
        recipients={"cc@example.com": RecipientState(status=Status.SENDING, type="cc")},
    )

    assert step.recipient == "cc@example.com"
    assert last(entry(Status.BOUNCED, recipient=ADA)).recipient is None


@pytest.mark.parametrize("kind", [kind for kind in BounceClass if kind not in ("auto_reply", "unknown")])
def test_every_class_of_bounce_has_its_words(kind: BounceClass) -> None:
    status = Status.BOUNCED if kind in ("hard", "suppressed_by_ses", "not_attempted") else Status.SOFT_BOUNCED
    detail = {"bounceType": "Transient", "bounceSubType": "MailboxFull", "diagnosticCode": "452 4.2.2 full"}

    what = last(entry(status, what=kind, detail=detail)).what

    assert what.startswith("it bounced" if status is Status.BOUNCED else "it soft-bounced")
    assert "(Transient/MailboxFull): " in what
    assert what.endswith("; the other server said “452 4.2.2 full”")


@pytest.mark.parametrize("reason", DEFER_REASONS)
def test_a_wait_is_told_with_its_reason_and_end(reason: str) -> None:
    step = last(entry(Status.DEFERRED, detail={"reason": reason, "until": at(30)}))

    assert step.what == f"it has to wait: {DEFER_REASONS[reason]}; looked at again from {at(30)}"


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_told_even_when_nothing_else_is_known(status: Status) -> None:
    assert last(entry(status)).status == status
    assert last(entry(status)).what
    assert advice(entry(status))


@pytest.mark.parametrize(
    "what", ["auto_reply", "not_spam", "one_of_several_complained", "unsubscribed", "resubscribed", "unknown"]
)
def test_a_remark_changes_no_status_and_is_told(what: str) -> None:
    step = last(entry(None, what=what))

    assert step.status is None
    assert "of several recipients, SES does not say which:" not in step.what


def test_news_that_names_nobody_among_several_is_told_as_such() -> None:
    assert last(entry(None, key="bounce/1/x", what="hard")).what == (
        "news of one of several recipients, SES does not say which: hard"
    )
    assert last(entry(None, key="delivered/1/x")).what.endswith("which: delivered")


def test_machines_are_told_from_people() -> None:
    assert last(entry(Status.OPENED, detail={"machine": True})).machine
    assert "by itself" in last(entry(Status.OPENED, detail={"machine": True})).what
    assert last(entry(Status.CLICKED, detail={"link": "https://example.com"})).what == (
        "a link was followed: https://example.com"
    )


@pytest.mark.parametrize(
    "error_type",
    [
        "template_not_found",
        "template_render_error",
        "validation_error",
        "attachment_error",
        "producer_denied",
        "bounce_rate_exceeded",
        "quota_exceeded",
        "expired",
        "outcome_unknown",
    ],
)
def test_every_failure_has_its_own_advice(error_type: str) -> None:
    text = advice(entry(Status.FAILED, detail={"errorType": error_type, "errorMessage": "why"}))

    assert "Its error message says why" not in text


def test_a_failure_that_is_new_points_at_its_message() -> None:
    assert advice(entry(Status.FAILED, detail={"errorType": "brand_new"})).startswith("Its error message says why")


def test_a_suppressed_email_names_the_commands_for_its_address() -> None:
    text = advice(entry(Status.FAILED, detail={"errorType": "suppressed"}))

    assert f"`sesmail suppression show {ADA}`" in text
    assert f"`sesmail suppression remove {ADA}`" in text


def test_a_conflict_names_the_email_that_was_first() -> None:
    text = advice(entry(Status.FAILED, detail={"errorType": "duplicate_conflict"}), conflicts_with="order-0")

    assert "`sesmail explain order-0`" in text


@pytest.mark.parametrize(
    ("message", "advised"),
    [
        ("SES error (MailFromDomainNotVerified): no", "Verify the sender's domain in SES."),
        ("SES error (MessageRejected): no", "not verified"),
        ("SES error (Reject): Bad content", "SES found a virus in it."),
        ("SES error (Other): no", "its message says why"),
    ],
)
def test_what_ses_refused_is_advised_by_its_code(message: str, advised: str) -> None:
    detail = {"errorType": "ses_rejected", "errorMessage": message}

    assert advised in advice(entry(Status.FAILED, detail=detail))


def test_a_held_email_names_each_resume_that_it_waits_for() -> None:
    waits = entry(Status.DEFERRED, detail={"reason": "paused"})

    assert advice(waits, states={"*": PAUSED, "my.application": PAUSED}) == (
        "`sesmail resume` lets it go. `sesmail resume --producer my.application` lets it go."
    )
    assert advice(waits) == "Nothing: it goes out by itself."


def test_sending_is_told_by_its_claim() -> None:
    assert "in hand right now" in advice(entry(Status.SENDING), lease_until=NOW + 1)
    assert "settle time" in advice(entry(Status.SENDING), lease_until=NOW - 1)
    assert "sent next" in advice(entry(Status.SENDING))


def test_a_soft_bounce_that_is_tried_again_needs_nobody() -> None:
    soft = record(entry(Status.SOFT_BOUNCED, what="soft"))

    assert not advise(soft, {}, retry_at=at(59), now=NOW).needs_attention
    assert advise(soft, {}, retry_at=None, now=NOW).needs_attention


@pytest.mark.parametrize(
    ("what", "attempt", "retries", "minutes", "copies", "retried"),
    [
        ("soft", 1, 1, 0, False, True),
        ("soft", 1, 1, 29, False, True),
        ("soft", 1, 1, 31, False, False),
        ("soft", 1, 0, 0, False, False),
        ("soft", 2, 1, 0, False, False),
        ("soft", 1, 1, 0, True, False),
        ("message_fault", 1, 1, 0, False, False),
        ("soft_undetermined", 1, 1, 0, False, False),
    ],
)
def test_a_retry_is_expected_where_the_engine_makes_one(
    what: str, attempt: int, retries: int, minutes: int, copies: bool, retried: bool
) -> None:
    others = {"cc@example.com": RecipientState(status=Status.SENDING, type="cc")} if copies else {}
    soft = record(entry(Status.SOFT_BOUNCED, 1, attempt, what=what, recipient=ADA), attempt=attempt, recipients=others)

    found = retry_time(soft, retries=retries, delay_seconds=900, now=utc_seconds(at(1)) + 60 * minutes)

    assert found == ("2026-11-24T10:46:01.000Z" if retried else None)


@pytest.mark.parametrize(
    ("status", "detail", "attention"),
    [
        (Status.SENT, {}, False),
        (Status.DELIVERED, {}, False),
        (Status.DEFERRED, {"reason": "scheduled"}, False),
        (Status.DEFERRED, {"reason": "daily_quota"}, False),
        (Status.DEFERRED, {"reason": "paused"}, True),
        (Status.DEFERRED, {"reason": "breaker"}, True),
        (Status.FAILED, {"errorType": "expired"}, True),
        (Status.BOUNCED, {}, True),
        (Status.COMPLAINED, {}, True),
    ],
)
def test_only_what_somebody_must_act_on_needs_attention(
    status: Status, detail: dict[str, str], attention: bool
) -> None:
    found = advise(record(entry(status, detail=detail)), {}, retry_at=None, now=NOW)

    assert found.needs_attention is attention


def test_every_defer_reason_of_the_engine_has_its_words() -> None:
    promised = "paused breaker daily_quota producer_cap first_contacts scheduled sending_paused soft_bounce_retry"

    assert set(DEFER_REASONS) == set(promised.split())
