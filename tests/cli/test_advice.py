"""The next steps for an email: every status and error type has its own."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_cli.operator.advice import advise, retry_time
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.guards.producers import check_role_may_send
from sesmail_layer.domain.guards.sending_state import SendingState
from sesmail_layer.domain.message import Identity
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry, RecipientState
from sesmail_layer.domain.times import utc_seconds
from tests.cli.records import ADA, at, entry, record

NOW = 1_795_516_260.0
PAUSED = SendingState(paused=True, paused_by="operator")


def advice(*history: Entry, states: dict[str, SendingState] | None = None, **given: Any) -> str:
    found = advise(record(*history, **given), states or {}, retry_at=None, now=NOW)
    return " ".join(found.steps)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_next_step(status: Status) -> None:
    assert advice(entry(status))


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

    assert not text.startswith("See its error message")


def test_an_unknown_error_type_refers_to_its_message() -> None:
    assert advice(entry(Status.FAILED, detail={"errorType": "brand_new"})).startswith("See its error message")


def test_a_suppressed_email_names_the_commands_for_its_address() -> None:
    text = advice(entry(Status.FAILED, detail={"errorType": "suppressed"}))

    assert f"`sesmail suppression show {ADA}`" in text
    assert f"`sesmail suppression remove {ADA}`" in text


def test_a_conflict_names_the_email_that_has_the_id() -> None:
    text = advice(entry(Status.FAILED, detail={"errorType": "duplicate_conflict"}), conflicts_with="order-0")

    assert "`sesmail explain order-0`" in text


@pytest.mark.parametrize(
    ("message", "advised"),
    [
        ("SES error (MailFromDomainNotVerified): no", "Verify the sender's domain in SES."),
        ("SES error (MessageRejected): no", "not verified"),
        ("SES error (Reject): Bad content", "SES found a virus in it."),
        ("SES error (Other): no", "see its error message"),
    ],
)
def test_an_ses_rejection_is_advised_by_its_code(message: str, advised: str) -> None:
    detail = {"errorType": "ses_rejected", "errorMessage": message}

    assert advised in advice(entry(Status.FAILED, detail=detail))


def test_a_held_email_names_each_resume_command_that_it_needs() -> None:
    held = entry(Status.DEFERRED, detail={"reason": "paused"})

    assert advice(held, states={"*": PAUSED, "my.application": PAUSED}) == (
        "Run `sesmail resume --all` to release it. Run `sesmail resume --producer my.application` to release it."
    )
    assert advice(held) == "Nothing: it is sent automatically."


def test_the_cause_of_a_pause_comes_before_the_command_that_ends_it() -> None:
    breaker = SendingState(paused=True, paused_by="breaker", trip="bounce")
    by_breaker = advice(entry(Status.DEFERRED, detail={"reason": "breaker"}), states={"my.application": breaker})
    by_ses = advice(entry(Status.DEFERRED, detail={"reason": "sending_paused"}), states={"*": PAUSED})

    assert "sesmail find --producer my.application --status bounced" in by_breaker
    assert "`sesmail find --status bounced" in advice(
        entry(Status.DEFERRED, detail={"reason": "breaker"}), states={"*": breaker}
    )
    assert by_breaker.index("First stop what causes") < by_breaker.index("sesmail resume")
    assert by_ses.index("SES paused the account") < by_ses.index("sesmail resume")


def test_the_advice_for_sending_depends_on_the_claim() -> None:
    assert "a worker is sending it" in advice(entry(Status.SENDING), lease_until=NOW + 1)
    assert "settle time" in advice(entry(Status.SENDING), lease_until=NOW - 1)
    assert "sent next" in advice(entry(Status.SENDING))


def test_a_soft_bounce_that_is_retried_needs_no_attention() -> None:
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
def test_a_retry_is_expected_only_if_the_engine_makes_one(
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
def test_only_what_an_operator_must_act_on_needs_attention(
    status: Status, detail: dict[str, str], attention: bool
) -> None:
    found = advise(record(entry(status, detail=detail)), {}, retry_at=None, now=NOW)

    assert found.needs_attention is attention


def test_a_sender_that_the_role_may_not_use_names_the_terraform_variable() -> None:
    with pytest.raises(PermanentError) as caught:
        check_role_may_send(Identity("shop@evil.example", "", [], "senderOverride.email"), ["*@example.com"])
    detail = {"errorType": "producer_denied", "errorMessage": caught.value.message}

    text = advice(entry(Status.FAILED, detail=detail))

    assert text.startswith("The engine's role may not send from this address: use an allowed sender, or add it to ")
    assert "allowed_sender_addresses in Terraform" in text


def test_an_email_that_iam_denies_needs_an_operator() -> None:
    denied = entry(Status.DEFERRED, detail={"reason": "access_denied", "until": at(60)})

    assert "`terraform apply`" in advice(denied)
    assert advise(record(denied), {}, retry_at=None, now=NOW).needs_attention
