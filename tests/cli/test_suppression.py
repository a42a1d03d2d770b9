"""`sesmail suppression …` on moto, with SES's own list beside it."""

from __future__ import annotations

import time

import pytest

from sesmail_cli.operator.command import Operator
from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, SOURCE, Engine, ago, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

BOB = "bob@example.com"


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Operator, "interactive", True)


def emails(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [entry["email"] for entry in found["suppressions"]]


class TestList:
    def test_it_is_newest_first_over_all_types(self, engine: Engine) -> None:
        engine.suppress(email="a@example.com", added_to_suppression_date=ago(300))
        engine.suppress(SuppressionReason.MANUAL, email="b@example.com", added_to_suppression_date=ago(100))
        engine.suppress(SuppressionReason.SPAM_COMPLAINT, email="c@example.com", added_to_suppression_date=ago(200))

        assert emails(sesmail_json("suppression", "list")) == ["b@example.com", "c@example.com", "a@example.com"]

    def test_a_type_shows_its_own_alone(self, engine: Engine) -> None:
        engine.suppress(SuppressionReason.CONSECUTIVE_SOFT_BOUNCES, email="a@example.com")
        engine.suppress(SuppressionReason.UNSUBSCRIBE, email="b@example.com")

        assert emails(sesmail_json("suppression", "list", "--type", "bounce")) == ["a@example.com"]

    @pytest.mark.parametrize("since", ["2d", "48h", "2880m"])
    def test_since_takes_a_span(self, engine: Engine, since: str) -> None:
        engine.suppress(email="old@example.com", added_to_suppression_date=ago(3 * 86_400))
        engine.suppress(email="new@example.com", added_to_suppression_date=ago(86_400))

        assert emails(sesmail_json("suppression", "list", "--since", since)) == ["new@example.com"]

    @pytest.mark.parametrize("since", ["2026-11-24", "2026-11-24T00:00:00Z", "2026-11-24T01:00:00+01:00"])
    def test_since_takes_a_date_and_a_time(self, engine: Engine, since: str) -> None:
        engine.suppress(email="old@example.com", added_to_suppression_date="2026-11-23T23:59:59.999Z")
        engine.suppress(email="new@example.com", added_to_suppression_date="2026-11-24T00:00:00.000Z")

        assert emails(sesmail_json("suppression", "list", "--since", since)) == ["new@example.com"]

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-11-24T10:00:00", "7w"])
    def test_a_time_that_is_none_is_refused_with_examples(self, engine: Engine, since: str) -> None:
        result = sesmail("suppression", "list", "--since", since)

        assert result.exit_code == 2
        assert "give a date (2026-11-24)" in result.stderr

    def test_expired_entries_are_left_out(self, engine: Engine) -> None:
        engine.suppress(expires_at=ago(1))

        assert emails(sesmail_json("suppression", "list")) == []

    def test_a_limit_is_told(self, engine: Engine) -> None:
        for number in range(3):
            engine.suppress(email=f"a{number}@example.com", added_to_suppression_date=ago(number))

        result = sesmail("suppression", "list", "--limit", "2")

        assert "a1@example.com" in result.stdout
        assert "a2@example.com" not in result.stdout
        assert "The newest 2" in result.stderr


class TestShow:
    def test_a_suppressed_address_tells_why_and_from_where(self, engine: Engine) -> None:
        engine.suppress(email_id="order-1", source=SOURCE, diagnostic_code="550 5.1.1 no such user")

        result = sesmail("suppression", "show", "Ada@Example.com")

        assert result.exit_code == 1
        assert f"Suppressed: {ADA} (hard-bounce): an email to it bounced for good" in result.stdout
        assert "by my.application after email order-1" in result.stdout
        assert "550 5.1.1 no such user" in result.stdout
        assert "`sesmail explain order-1`" in result.stdout

    @pytest.mark.parametrize("reason", list(SuppressionReason))
    def test_every_reason_has_its_words(self, engine: Engine, reason: SuppressionReason) -> None:
        engine.suppress(reason)

        assert f"({reason}): " in sesmail("suppression", "show", ADA).stdout

    def test_an_address_that_is_free_is_told_as_such(self, engine: Engine) -> None:
        result = sesmail("suppression", "show", ADA)

        assert result.exit_code == 0
        assert "Not suppressed" in result.stdout

    def test_ses_s_own_list_counts_as_well(self, engine: Engine, ses_v2: SesV2) -> None:
        ses_v2.suppressed[ADA] = "COMPLAINT"

        assert sesmail_json("suppression", "show", ADA, exit_code=1) == {
            "email": ADA,
            "suppression": None,
            "sesSuppression": "COMPLAINT",
        }

    def test_a_list_of_ses_that_cannot_be_read_is_a_note(self, engine: Engine, ses_v2: SesV2) -> None:
        ses_v2.refuses = (403, "AccessDeniedException")

        result = sesmail("suppression", "show", ADA)

        assert result.exit_code == 0
        assert "SES's own list could not be read: AWS denied GetSuppressedDestination" in result.stderr


class TestAdd:
    def test_an_operator_s_entry_is_manual_and_for_ever(self, engine: Engine) -> None:
        assert sesmail("suppression", "add", "Ada@Example.COM").exit_code == 0

        item = engine.item("Suppression", ADA)
        assert item["reason"]["S"] == "manual"
        assert item["suppressionType"]["S"] == "manual"
        assert item["source"]["S"] == "sesmail.cli"
        assert "expiresAt" not in item

    def test_it_can_be_for_some_days_and_for_bulk_only(self, engine: Engine) -> None:
        answer = sesmail_json("suppression", "add", ADA, "--reason", "unsubscribe", "--days", "2")

        item = engine.item("Suppression", ADA)
        assert item["suppressionType"]["S"] == "unsubscribe"
        assert item["expiresAt"]["S"] == answer["suppression"]["expiresAt"]
        assert abs(int(item["ttl"]["N"]) - (time.time() + 2 * 86_400)) < 10

    def test_a_stronger_reason_stays(self, engine: Engine) -> None:
        engine.suppress(SuppressionReason.SPAM_COMPLAINT)

        answer = sesmail_json("suppression", "add", ADA, "--reason", "unsubscribe")

        assert answer["suppression"]["reason"] == "spam-complaint"

    @pytest.mark.parametrize("text", ["ada", "ada@", "ada@example", "a b@example.com"])
    def test_what_is_no_address_is_refused(self, engine: Engine, text: str) -> None:
        result = sesmail("suppression", "add", text)

        assert result.exit_code == 2
        assert f"'{text}' is no email address" in result.stderr
        assert engine.items("Suppression") == []

    def test_a_reason_that_is_none_is_refused(self, engine: Engine) -> None:
        assert sesmail("suppression", "add", ADA, "--reason", "dislike").exit_code == 2


class TestRemove:
    def test_an_entry_goes_and_its_reason_is_told(self, engine: Engine) -> None:
        engine.suppress(email_id="order-1")

        result = sesmail("suppression", "remove", "ADA@example.com")

        assert result.exit_code == 0
        assert f"Removed: {ADA} was suppressed (hard-bounce)" in result.stdout
        assert engine.items("Suppression") == []

    def test_an_entry_from_before_today_s_rules_can_be_removed(self, engine: Engine) -> None:
        engine.suppress(email="ada..l@example.com")

        assert sesmail("suppression", "remove", "ada..l@example.com").exit_code == 0
        assert engine.items("Suppression") == []

    def test_what_is_not_listed_is_nothing_to_do(self, engine: Engine) -> None:
        result = sesmail("suppression", "remove", ADA)

        assert result.exit_code == 0
        assert "was not on the list" in result.stdout

    def test_ses_s_own_entry_is_pointed_out_to_a_script(self, engine: Engine, ses_v2: SesV2) -> None:
        engine.suppress()
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA)

        assert result.exit_code == 1
        assert "It is still on SES's own list (BOUNCE)" in result.stderr
        assert ses_v2.suppressed == {ADA: "BOUNCE"}

    def test_ses_s_own_entry_goes_where_that_was_asked_for(self, engine: Engine, ses_v2: SesV2) -> None:
        ses_v2.suppressed = {ADA: "BOUNCE", BOB: "BOUNCE"}

        answer = sesmail_json("suppression", "remove", ADA, "--ses")

        assert answer["removedFromSes"] is True
        assert ses_v2.suppressed == {BOB: "BOUNCE"}

    def test_no_ses_leaves_it_without_a_word(self, engine: Engine, ses_v2: SesV2) -> None:
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA, "--no-ses")

        assert (result.exit_code, result.stderr) == (0, "")
        assert ADA in ses_v2.suppressed

    @pytest.mark.usefixtures("on_a_terminal")
    @pytest.mark.parametrize(("answer", "left"), [("y\n", {}), ("n\n", {ADA: "BOUNCE"})])
    def test_on_a_terminal_it_asks(self, engine: Engine, ses_v2: SesV2, answer: str, left: dict[str, str]) -> None:
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA, answer=answer)

        assert "Take it off there too?" in result.stderr
        assert ses_v2.suppressed == left
