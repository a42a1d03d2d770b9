"""`sesmail suppression …` on moto, with SES's own list."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, NAME, SOURCE, MotoEngine, ago, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2


@pytest.fixture
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: object, **_options: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Scan")

    monkeypatch.setattr("sesmail_cli.operator.suppressing.outside_index", denied)


def emails(found: dict[str, list[dict[str, str]]]) -> list[str]:
    return [entry["email"] for entry in found["suppressions"]]


class TestList:
    def test_it_is_newest_first_over_all_types(self, engine: MotoEngine) -> None:
        engine.suppress(email="a@example.com", added_to_suppression_date=ago(300))
        engine.suppress(SuppressionReason.MANUAL, email="b@example.com", added_to_suppression_date=ago(100))
        engine.suppress(SuppressionReason.SPAM_COMPLAINT, email="c@example.com", added_to_suppression_date=ago(200))

        assert emails(sesmail_json("suppression", "list")) == ["b@example.com", "c@example.com", "a@example.com"]

    def test_a_type_lists_only_its_own_entries(self, engine: MotoEngine) -> None:
        engine.suppress(SuppressionReason.CONSECUTIVE_SOFT_BOUNCES, email="a@example.com")
        engine.suppress(SuppressionReason.UNSUBSCRIBE, email="b@example.com")

        assert emails(sesmail_json("suppression", "list", "--type", "bounce")) == ["a@example.com"]

    @pytest.mark.parametrize("since", ["2d", "48h", "2880m"])
    def test_since_takes_a_span(self, engine: MotoEngine, since: str) -> None:
        engine.suppress(email="old@example.com", added_to_suppression_date=ago(3 * 86_400))
        engine.suppress(email="new@example.com", added_to_suppression_date=ago(86_400))

        assert emails(sesmail_json("suppression", "list", "--since", since)) == ["new@example.com"]

    @pytest.mark.parametrize("since", ["2026-11-24", "2026-11-24T00:00:00Z", "2026-11-24T01:00:00+01:00"])
    def test_since_takes_a_date_and_a_time(self, engine: MotoEngine, since: str) -> None:
        engine.suppress(email="old@example.com", added_to_suppression_date="2026-11-23T23:59:59.999Z")
        engine.suppress(email="new@example.com", added_to_suppression_date="2026-11-24T00:00:00.000Z")

        assert emails(sesmail_json("suppression", "list", "--since", since)) == ["new@example.com"]

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-11-24T10:00:00", "7w"])
    def test_an_invalid_time_is_rejected_with_examples(self, engine: MotoEngine, since: str) -> None:
        result = sesmail("suppression", "list", "--since", since)

        assert result.exit_code == 2
        assert "give a date (2026-11-24)" in result.stderr

    def test_expired_entries_are_left_out(self, engine: MotoEngine) -> None:
        engine.suppress(expires_at=ago(1))

        assert emails(sesmail_json("suppression", "list")) == []

    def test_off_a_terminal_each_line_is_whole_and_separated_by_tabs(
        self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        address = f"{'a' * 60}@{'b' * 60}.example.com"
        engine.suppress(email=address, source=SOURCE, email_id="order-1")

        [line] = sesmail("suppression", "list").stdout.splitlines()

        assert line.split("\t") == [address, "hard-bounce", "2026-11-24T10:31:00.000Z", "never", SOURCE, "order-1", "-"]

    def test_a_list_that_ends_at_the_limit_is_not_noted_as_cut(self, engine: MotoEngine) -> None:
        engine.suppress()

        assert sesmail("suppression", "list", "--limit", "1").stderr == ""

    def test_a_limit_that_was_reached_is_noted(self, engine: MotoEngine) -> None:
        for number in range(3):
            engine.suppress(email=f"a{number}@example.com", added_to_suppression_date=ago(number))

        result = sesmail("suppression", "list", "--limit", "2")

        assert "a1@example.com" in result.stdout
        assert "a2@example.com" not in result.stdout
        assert "Only the newest 2 are shown" in result.stderr


def write_row(engine: MotoEngine, email: str, **attributes: str) -> None:
    """Put a row as another program would."""
    values = {name: {"S": value} for name, value in {"email": email, **attributes}.items()}
    engine.dynamodb.put_item(TableName=f"{NAME}-Suppression", Item=values)


class TestListOfForeignRows:
    """Rows without a type, a date or a known type are in no index, and block their address all the same."""

    def test_they_are_listed_after_all_others(self, engine: MotoEngine) -> None:
        write_row(engine, "bare@example.com")
        write_row(engine, "dated@example.com", addedToSuppressionDate=ago(200))
        write_row(engine, "typed@example.com", suppressionType="bounce", reason="mailbox gone")
        write_row(engine, "other@example.com", suppressionType="legal", addedToSuppressionDate=ago(100))
        engine.suppress(email="own@example.com", added_to_suppression_date=ago(150))

        found = emails(sesmail_json("suppression", "list"))

        assert found[:3] == ["other@example.com", "own@example.com", "dated@example.com"]
        assert sorted(found[3:]) == ["bare@example.com", "typed@example.com"]

    def test_an_entry_of_the_index_is_listed_once(self, engine: MotoEngine) -> None:
        write_row(engine, "one@example.com", suppressionType="manual", addedToSuppressionDate=ago(1), reason="by hand")

        assert emails(sesmail_json("suppression", "list")) == ["one@example.com"]

    def test_type_and_since_apply_to_them_too(self, engine: MotoEngine) -> None:
        write_row(engine, "bare@example.com")
        write_row(engine, "typed@example.com", suppressionType="bounce")
        write_row(engine, "dated@example.com", addedToSuppressionDate=ago(200))

        assert emails(sesmail_json("suppression", "list", "--type", "bounce")) == ["typed@example.com"]
        assert emails(sesmail_json("suppression", "list", "--since", "1d")) == ["dated@example.com"]

    def test_the_search_is_bounded_and_says_so(self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sesmail_cli.operator.suppression_list._PAGE_SIZE", 1)
        monkeypatch.setattr("sesmail_cli.operator.suppression_list._SEARCHED_PAGES", 2)
        for number in range(4):
            write_row(engine, f"bare{number}@example.com")

        result = sesmail("suppression", "list")

        assert result.stdout.count("@example.com") == 2
        assert "only part of the table was searched for rows that other programs wrote" in result.stderr.lower()
        assert sesmail("suppression", "list", "--all").stdout.count("@example.com") == 4

    def test_without_the_right_to_scan_the_index_is_listed(self, engine: MotoEngine, no_scan: None) -> None:
        engine.suppress(email="own@example.com")

        result = sesmail("suppression", "list")

        assert "own@example.com" in result.stdout
        assert "Rows that other programs wrote could not be searched: AWS denied Scan" in result.stderr


class TestShow:
    def test_a_suppressed_address_is_shown_with_its_reason_and_origin(self, engine: MotoEngine) -> None:
        engine.suppress(email_id="order-1", source=SOURCE, diagnostic_code="550 5.1.1 no such user")

        result = sesmail("suppression", "show", "Ada@Example.com")

        assert result.exit_code == 1
        assert f"Suppressed: {ADA} (hard-bounce): an email to it hard-bounced" in result.stdout
        assert "by my.application after email order-1" in result.stdout
        assert "550 5.1.1 no such user" in result.stdout
        assert "`sesmail explain order-1`" in result.stdout

    @pytest.mark.parametrize("reason", list(SuppressionReason))
    def test_every_reason_is_shown(self, engine: MotoEngine, reason: SuppressionReason) -> None:
        engine.suppress(reason)

        assert f"({reason}): " in sesmail("suppression", "show", ADA).stdout

    def test_an_address_that_is_not_suppressed_is_shown_as_such(self, engine: MotoEngine) -> None:
        result = sesmail("suppression", "show", ADA)

        assert result.exit_code == 0
        assert "Not suppressed" in result.stdout

    def test_an_address_on_the_list_of_ses_needs_attention_too(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        ses_v2.suppressed[ADA] = "COMPLAINT"

        assert sesmail_json("suppression", "show", ADA, exit_code=1) == {
            "email": ADA,
            "suppression": None,
            "topics": [],
            "topicsComplete": True,
            "sesSuppression": "COMPLAINT",
            "withCapitals": None,
        }

    def test_the_topics_that_an_address_left_are_shown_and_removed_one_by_one(self, engine: MotoEngine) -> None:
        for key in (f"{ADA}#weekly-Digest", f"{ADA}#events", "bob@example.com#events"):
            engine.suppress(SuppressionReason.UNSUBSCRIBE, email=key)

        shown = sesmail_json("suppression", "show", ADA)
        assert {entry["email"] for entry in shown["topics"]} == {f"{ADA}#weekly-Digest", f"{ADA}#events"}
        result = sesmail("suppression", "remove", "ADA@example.com#weekly-Digest", "--yes")
        assert result.exit_code == 0
        assert "SES" not in result.stdout + result.stderr
        log = result.stdout.split("Kept in ")[1].split()[0]
        left = sesmail_json("suppression", "show", ADA)["topics"]
        assert [entry["email"] for entry in left] == [f"{ADA}#events"]

        assert sesmail("suppression", "import", log, "--from", "csv").exit_code == 0
        restored = engine.item("Suppression", f"{ADA}#weekly-Digest")
        assert (restored["reason"]["S"], restored["topic"]["S"]) == ("unsubscribe", "weekly-Digest")

    def test_all_bulk_mail_of_a_source_is_shown_removed_and_restored(self, engine: MotoEngine) -> None:
        engine.suppress(SuppressionReason.UNSUBSCRIBE, email=f"{ADA}#*Shop.news")

        assert f"No bulk mail of a source: {ADA}#*Shop.news, since " in sesmail("suppression", "show", ADA).stdout
        result = sesmail("suppression", "remove", "ADA@example.com#*Shop.news", "--yes")
        log = result.stdout.split("Kept in ")[1].split()[0]
        assert engine.items("Suppression") == []

        assert sesmail("suppression", "import", log, "--from", "csv").exit_code == 0
        restored = engine.item("Suppression", f"{ADA}#*Shop.news")
        assert (restored["reason"]["S"], restored.get("topic")) == ("unsubscribe", None)

    def test_topics_are_searched_among_the_newest_unsubscriptions_alone(
        self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sesmail_cli.operator.suppression_list._PAGE_SIZE", 1)
        monkeypatch.setattr("sesmail_cli.operator.suppression_list._SEARCHED_PAGES", 2)
        for age, key in enumerate((f"{ADA}#events", "bob@example.com#events", "eve@example.com#events", f"{ADA}#old")):
            engine.suppress(SuppressionReason.UNSUBSCRIBE, email=key, added_to_suppression_date=ago(age + 1))

        result = sesmail("suppression", "show", ADA)
        assert f"{ADA}#events" in result.stdout
        assert f"{ADA}#old" not in result.stdout
        assert "Only the newest 50,000 unsubscriptions were searched" in result.stderr
        assert sesmail_json("suppression", "show", ADA)["topicsComplete"] is False
        whole = sesmail_json("suppression", "show", ADA, "--all")
        assert [entry["email"] for entry in whole["topics"]] == [f"{ADA}#events", f"{ADA}#old"]
        assert whole["topicsComplete"] is True
        assert "newest 50,000" not in sesmail("suppression", "show", f"{ADA}#old").stderr
        erased = sesmail_json("erase", ADA, "--dry-run", exit_code=1)["known"]["topics"]
        assert [entry["email"] for entry in erased] == [f"{ADA}#events", f"{ADA}#old"]

    def test_an_unreadable_list_of_ses_is_noted(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        ses_v2.rejects = (403, "AccessDeniedException")

        result = sesmail("suppression", "show", ADA)

        assert result.exit_code == 0
        assert "SES's own list could not be read: AWS denied GetSuppressedDestination" in result.stderr


class TestAdd:
    def test_an_entry_is_manual_and_does_not_expire_by_default(self, engine: MotoEngine) -> None:
        assert sesmail("suppression", "add", "Ada@Example.COM").exit_code == 0

        item = engine.item("Suppression", ADA)
        assert item["reason"]["S"] == "manual"
        assert item["suppressionType"]["S"] == "manual"
        assert item["source"]["S"] == "sesmail.cli"
        assert "expiresAt" not in item

    def test_an_entry_can_expire_and_block_bulk_mail_only(self, engine: MotoEngine) -> None:
        answer = sesmail_json("suppression", "add", ADA, "--reason", "unsubscribe", "--days", "2")

        item = engine.item("Suppression", ADA)
        assert item["suppressionType"]["S"] == "unsubscribe"
        assert item["expiresAt"]["S"] == answer["suppression"]["expiresAt"]
        assert abs(int(item["ttl"]["N"]) - (time.time() + 2 * 86_400)) < 10

    def test_a_stronger_reason_stays(self, engine: MotoEngine) -> None:
        engine.suppress(SuppressionReason.SPAM_COMPLAINT)

        answer = sesmail_json("suppression", "add", ADA, "--reason", "unsubscribe")

        assert answer["suppression"]["reason"] == "spam-complaint"

    @pytest.mark.parametrize("text", ["ada", "ada@", "ada@example", "a b@example.com"])
    def test_an_invalid_address_is_rejected(self, engine: MotoEngine, text: str) -> None:
        result = sesmail("suppression", "add", text)

        assert result.exit_code == 2
        assert f"'{text}' is no email address" in result.stderr
        assert engine.items("Suppression") == []

    def test_a_note_is_stored_and_shown(self, engine: MotoEngine) -> None:
        sesmail("suppression", "add", ADA, "--note", "asked by phone,\nticket 4711")

        assert engine.item("Suppression", ADA)["note"]["S"] == "asked by phone, ticket 4711"
        assert "Note: asked by phone, ticket 4711" in sesmail("suppression", "show", ADA).stdout
        assert "ticket 4711" in sesmail("suppression", "list").stdout

    def test_a_note_on_an_address_that_is_suppressed_more_strongly_is_reported_as_not_stored(
        self, engine: MotoEngine
    ) -> None:
        engine.suppress(SuppressionReason.MANUAL)

        result = sesmail("suppression", "add", ADA, "--note", "again")

        assert "Your note was not stored" in result.stderr
        assert "note" not in engine.item("Suppression", ADA)

    def test_a_note_that_is_too_long_is_rejected(self, engine: MotoEngine) -> None:
        result = sesmail("suppression", "add", ADA, "--note", "x" * 501)

        assert (result.exit_code, engine.items("Suppression")) == (2, [])
        assert "501 characters; allowed: 500" in result.stderr

    def test_an_unknown_reason_is_rejected(self, engine: MotoEngine) -> None:
        assert sesmail("suppression", "add", ADA, "--reason", "dislike").exit_code == 2


# --- rows of other programs with capitals -----------------------------------------------------------------------------

CAPITALS = "Ada@Example.com"


def test_a_row_with_capitals_is_shown_with_what_it_lacks(engine: MotoEngine) -> None:
    engine.suppress(email=CAPITALS)

    result = sesmail("suppression", "show", CAPITALS)

    assert result.exit_code == 1
    assert "Not suppressed: ada@example.com" in result.stdout
    assert f"Suppressed: {CAPITALS} (hard-bounce)" in result.stdout
    assert "the row blocks nothing: `sesmail suppression add ada@example.com` suppresses the address" in result.stdout
    assert sesmail_json("suppression", "show", CAPITALS, exit_code=1)["withCapitals"]["email"] == CAPITALS
    assert sesmail_json("suppression", "show", ADA)["withCapitals"] is None


def test_such_a_row_is_removed_as_it_was_typed_together_with_the_folded_one(engine: MotoEngine) -> None:
    engine.suppress(email=CAPITALS)
    engine.suppress(email=ADA)
    engine.suppress(email="ADA@example.com")

    assert sesmail("suppression", "remove", CAPITALS, "--yes", "--no-ses").exit_code == 0

    assert [item["email"]["S"] for item in engine.items("Suppression")] == ["ADA@example.com"]
