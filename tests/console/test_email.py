"""One email's page on moto: timeline, next step, facts; hostile text; how often it asks AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ADA, SOURCE, T0, MotoEngine, ago, copies
from tests.console.conftest import Visitor

HOSTILE = "\x1b[2J\u202e\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}`" + "x" * 10_000


def entry(status: Status, second: int = 5, **detail: Any) -> Entry:
    at = f"2026-11-24T10:31:{second:02d}.000Z"
    return Entry(key=f"{status}/1", at=at, attempt=1, status=status, what=detail.pop("what", None), detail=detail)


def test_the_page_tells_the_story_and_the_next_step_in_three_requests(
    visitor: Visitor, engine: MotoEngine, requests_counted: Callable[[], Any]
) -> None:
    engine.record(
        entry(Status.SENT, 2, sesMessageId="ses-1"),
        entry(Status.BOUNCED, 9, what="hard", bounceType="Permanent", diagnosticCode="550 user unknown"),
        topic="orders",
        tags=["winter", "sale"],
        recipients=copies(cc="boss@example.com"),
    )
    engine.suppress(email_id="order-1")
    with requests_counted() as asked:
        page = visitor.text("emails/order-1")

    assert len(asked) <= 3
    for text in (
        "Accepted by SES as ses-1",
        "the other server answered “550 user unknown”",
        "Correct the address at its source.",
        "7 s later",
        f"Suppressed: {ADA} (hard-bounce), by this email.",
        "cc boss@example.com: ",
        "sesmail explain order-1",
        "winter",
        "orders",
    ):
        assert text in page, text


def test_what_a_held_email_waits_for_is_said(visitor: Visitor, engine: MotoEngine) -> None:
    engine.put_state(SOURCE, paused=True, paused_by="operator", paused_at=T0)
    engine.record(entry(Status.DEFERRED, reason="paused"))
    page = visitor.text("emails/order-1")
    assert "It waits: <bdi>an operator paused sending</bdi>" in page
    assert f"Paused now: producer &#39;{SOURCE}&#39;, by an operator since 24 Nov 2026" in page
    assert f"Run <code>sesmail resume --producer {SOURCE}</code> to release it." in page


def test_a_record_that_is_gone_is_a_page_of_its_own(visitor: Visitor) -> None:
    answer = visitor.get("emails/order-9")
    assert answer.status == 404
    assert "There is no record of this email" in str(answer.content)


def test_text_of_strangers_changes_nothing_on_the_page(visitor: Visitor, engine: MotoEngine) -> None:
    details = "bounceType bounceSubType diagnosticCode reason sesMessageId smtpResponse link errorType errorMessage"
    detail: Any = dict.fromkeys(details.split(), HOSTILE[:600])
    history = [Entry(key=f"{n}", at=T0, attempt=1, status=one, detail=detail) for n, one in enumerate(Status)]
    strange = HOSTILE[:600]
    engine.record(
        *history,
        email_id=strange,
        timestamp=ago(60),
        date_partition=ago(60)[:10],
        subject=HOSTILE,
        template_name=HOSTILE,
        original_source=strange,
        to_email=strange,
        tags=[HOSTILE],
        unknown_fields=[HOSTILE],
        conflicts_with=HOSTILE,
    )
    engine.put_state(strange, paused=True, paused_by=HOSTILE, paused_reason=HOSTILE)

    for path in (f"emails/{strange}", "emails", ""):
        page = visitor.text(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "49" not in page.split("7 * 7", 1)[-1][:4]
    assert quote(strange, safe="") in visitor.text("emails", "since=30d")
