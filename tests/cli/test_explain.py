"""`sesmail explain` on moto: record, suppressions and pauses of one email."""

from __future__ import annotations

import time

import pytest

from sesmail_layer.domain.guards.suppression import SuppressionReason
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ADA, SOURCE, MotoEngine, ago, copies, sesmail, sesmail_json

SENDING = Entry("mark/1/00001/sending", "2026-11-24T10:31:01.000Z", 1, Status.SENDING)
SENT = Entry("sent/1", "2026-11-24T10:31:02.000Z", 1, Status.SENT, detail={"sesMessageId": "0100-1"})
DELIVERED = Entry("delivered/1", "2026-11-24T10:31:04.000Z", 1, Status.DELIVERED, recipient=ADA)
BOUNCED = Entry("bounce/1", "2026-11-24T10:31:05.000Z", 1, Status.BOUNCED, recipient=ADA, what="hard")


def deferred(reason: str, until: str) -> Entry:
    detail = {"reason": reason, "until": until}
    return Entry("mark/1/00001/deferred", "2026-11-24T10:31:01.000Z", 1, Status.DEFERRED, detail=detail)


def test_a_delivered_email_shows_its_statuses_in_order_and_needs_nothing(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, DELIVERED)

    result = sesmail("explain", "order-1")

    assert result.exit_code == 0
    assert [line.rpartition("→ ")[2] for line in result.stdout.splitlines() if "→" in line] == [
        "sending",
        "sent",
        "delivered",
    ]
    assert "Next: Nothing: it was delivered." in result.stdout
    assert result.stderr == ""


def test_an_email_is_found_by_its_ses_message_id_too(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT)

    assert sesmail_json("explain", "0100-1")["emailId"] == "order-1"


def test_a_bounce_that_suppressed_the_address_says_so(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, BOUNCED)
    engine.suppress(email_id="order-1", source=SOURCE)

    result = sesmail("explain", "order-1")

    assert result.exit_code == 1
    assert f"Suppressed: {ADA} (hard-bounce), by this email" in result.stdout


@pytest.mark.parametrize(
    ("what", "status"), [("sender_fault", Status.BOUNCED), ("sender_fault_soft", Status.SOFT_BOUNCED)]
)
def test_a_provider_that_rejects_the_sender_is_named_as_the_cause(
    engine: MotoEngine, what: str, status: Status
) -> None:
    engine.record(SENDING, SENT, Entry("bounce/1", "2026-11-24T10:31:05.000Z", 1, status, recipient=ADA, what=what))

    shown = " ".join(sesmail("explain", "order-1").stdout.split())
    assert "the recipient's provider rejects the sender, not the address" in shown
    assert "Next: The recipient's provider rejects the sender, not the address, which is not suppressed" in shown


def test_all_bulk_mail_that_the_recipient_left_is_named(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT)
    key = f"{ADA}#*{SOURCE}"
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email=key, source=SOURCE)

    assert [entry["email"] for entry in sesmail_json("explain", "order-1")["suppressions"]] == [key]


def test_a_suppression_names_the_email_that_caused_it(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, DELIVERED)
    engine.suppress(email_id="order-0", source=SOURCE)

    assert "by my.application after email order-0" in sesmail("explain", "order-1").stdout


def test_a_pause_that_holds_the_email_is_shown_with_its_command(engine: MotoEngine) -> None:
    engine.record(deferred("paused", ago(-3_600)))
    engine.list_producer()
    sesmail("pause", "--producer", SOURCE, "--reason", "moving house")

    result = sesmail("explain", "order-1")

    assert result.exit_code == 1
    assert "Waiting: an operator paused sending, until " in result.stdout
    assert "at the latest (in 59 min" in result.stdout or "at the latest (in 1 h)" in result.stdout
    assert f"Paused now: producer '{SOURCE}', by an operator" in result.stdout
    assert f"Run `sesmail resume --producer {SOURCE}` to release it." in result.stdout


def test_a_time_that_has_passed_is_not_shown(engine: MotoEngine) -> None:
    engine.record(deferred("daily_quota", ago(60)))

    waiting = sesmail_json("explain", "order-1")["waiting"]

    assert waiting["until"] is None
    assert waiting["reason"].startswith("SES's 24-hour quota is used up")


def soft(seconds_ago: float) -> Entry:
    return Entry("bounce/1", ago(seconds_ago), 1, Status.SOFT_BOUNCED, recipient=ADA, what="soft")


def test_a_soft_bounce_that_is_retried_needs_no_attention(engine: MotoEngine) -> None:
    engine.configure(SESMAIL_SOFT_BOUNCE_RETRY_DELAY_SECONDS="60")
    engine.record(SENDING, SENT, soft(30))

    found = sesmail_json("explain", "order-1")

    assert found["retryAt"][:16] in (ago(-30)[:16], ago(-29)[:16])
    assert found["nextSteps"][0].startswith(f"Nothing: the engine retries it at {found['retryAt']}")


def test_a_retry_that_is_overdue_is_not_announced(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, soft(3_600))

    assert sesmail_json("explain", "order-1", exit_code=1)["retryAt"] is None


def test_a_soft_bounce_that_suppressed_the_address_is_not_retried(engine: MotoEngine) -> None:
    engine.record(SENDING, SENT, soft(30))
    engine.suppress(SuppressionReason.CONSECUTIVE_SOFT_BOUNCES, email_id="order-1")

    assert sesmail_json("explain", "order-1", exit_code=1)["retryAt"] is None


def test_each_copy_is_shown_with_its_own_status_and_suppression(engine: MotoEngine) -> None:
    bounced = Entry(
        "bounce/1/c", "2026-11-24T10:31:06.000Z", 1, Status.BOUNCED, recipient="cc@example.com", what="hard"
    )
    engine.record(SENDING, SENT, DELIVERED, bounced, recipients=copies(cc="cc@example.com", bcc="bcc@example.com"))
    engine.suppress(email="cc@example.com", email_id="order-1")

    result = sesmail("explain", "order-1")

    assert "cc cc@example.com: bounced" in result.stdout
    assert "bcc bcc@example.com: sent" in result.stdout
    assert "Suppressed: cc@example.com" in result.stdout


def test_an_email_without_a_record_lists_the_queues_where_it_may_be(engine: MotoEngine) -> None:
    engine.put("EmailQueue", "{}")
    engine.put("EventBridgeDLQ", "{}")

    result = sesmail("explain", "order-404")

    assert result.exit_code == 1
    assert "There is no record of order-404." in result.stdout
    assert "It may be waiting in a queue (EmailQueue 1, EventBridgeDLQ 1)." in result.stdout
    assert sesmail_json("explain", "order-404", exit_code=1)["queues"] == {"EmailQueue": 1, "EventBridgeDLQ": 1}


def test_an_email_that_a_worker_is_sending_is_shown_as_such(engine: MotoEngine) -> None:
    engine.record(SENDING, lease_until=time.time() + 30)

    assert "a worker is sending it" in sesmail("explain", "order-1").stdout
