"""The story of one email in the README is what `sesmail explain` prints."""

from __future__ import annotations

from localcloud.paths import REPOSITORY
from localcloud.snippets import snippet
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.record.tracking import Entry
from tests.cli.conftest import ADA, MotoEngine, sesmail

README = REPOSITORY / "README.md"
EMAIL_ID, SOURCE = "order-4711-confirmation", "shop.orders"
BOUNCE = {"bounceType": "Permanent", "bounceSubType": "General", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
SES_ID = {"sesMessageId": "0100019356f3a1c2-8e1d2c5f-000000"}


def test_the_story_in_the_readme_is_what_explain_prints(engine: MotoEngine) -> None:
    engine.record(
        Entry("mark/1/00001/sending", "2026-11-24T10:31:00.210Z", 1, Status.SENDING),
        Entry("sent/1", "2026-11-24T10:31:00.390Z", 1, Status.SENT, detail=SES_ID),
        Entry("bounce/1", "2026-11-24T10:31:02.000Z", 1, Status.BOUNCED, recipient=ADA, what="hard", detail=BOUNCE),
        email_id=EMAIL_ID,
        template_name="purchase-confirmation",
        subject="Your order 4711",
        original_source=SOURCE,
    )
    engine.suppress(email_id=EMAIL_ID, source=SOURCE)

    [command, shown] = [snippet(README, language, EMAIL_ID) for language in ("bash", "text")]

    assert sesmail(*command.split()[1:]).stdout.strip() == shown.strip()
