"""`sesmail suppression remove` on moto: one address or many, here and on SES's own list, with a log of what is gone."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from sesmail_cli.operator.command import CommandContext
from sesmail_cli.operator.removal_log import log_folder
from sesmail_layer.aws.dynamodb_items import read_items
from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, NAME, MotoEngine, ago, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

BOB = "bob@example.com"
EVE = "eve@other.example"


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CommandContext, "interactive", True)


def suppressed(engine: MotoEngine) -> set[str]:
    return {item["email"]["S"] for item in engine.items("Suppression")}


def logged() -> list[dict[str, Any]]:
    return [json.loads(line) for log in logs() for line in log.read_text().splitlines()]


def logs() -> list[Path]:
    """The files of the runs, the first one first."""
    return sorted(log_folder().glob("removed-suppressions-*.jsonl"))


class TestOneAddress:
    def test_an_entry_is_shown_and_removed(self, engine: MotoEngine) -> None:
        engine.suppress(email_id="order-1")

        result = sesmail("suppression", "remove", "ADA@example.com", "--yes")

        assert result.exit_code == 0
        assert f"Suppressed: {ADA} (hard-bounce)" in result.stdout
        assert "Removed 1." in result.stdout
        assert engine.items("Suppression") == []

    @pytest.mark.parametrize("options", [(), ("--dry-run",), ("--dry-run", "--yes")], ids=" ".join)
    def test_nothing_is_removed_without_consent(self, engine: MotoEngine, options: tuple[str, ...]) -> None:
        engine.suppress()

        result = sesmail("suppression", "remove", ADA, *options)

        assert result.exit_code == 1
        assert suppressed(engine) == {ADA}
        assert not logs()
        if options:
            assert f"Would remove {ADA} from the suppression list. Nothing was changed." in result.stderr

    @pytest.mark.usefixtures("on_a_terminal")
    @pytest.mark.parametrize(("answer", "left"), [("y\n", set()), ("n\n", {ADA})])
    def test_on_a_terminal_it_asks(self, engine: MotoEngine, answer: str, left: set[str]) -> None:
        engine.suppress()

        result = sesmail("suppression", "remove", ADA, answer=answer)

        assert f"Remove {ADA} from the suppression list?" in result.stderr
        assert suppressed(engine) == left

    def test_an_entry_from_before_the_current_rules_can_be_removed(self, engine: MotoEngine) -> None:
        engine.suppress(email="ada..l@example.com")

        assert sesmail("suppression", "remove", "ada..l@example.com", "--yes").exit_code == 0
        assert engine.items("Suppression") == []

    def test_an_address_that_is_not_suppressed_needs_nothing(self, engine: MotoEngine) -> None:
        result = sesmail("suppression", "remove", ADA)

        assert result.exit_code == 0
        assert "was not suppressed" in result.stdout

    def test_an_entry_that_became_stronger_meanwhile_stays(
        self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.suppress()

        def then_a_complaint(*given: Any) -> Any:
            found = list(read_items(*given))
            engine.suppress(SuppressionReason.SPAM_COMPLAINT)
            return iter(found)

        monkeypatch.setattr("sesmail_cli.operator.suppressing.read_items", then_a_complaint)

        result = sesmail("suppression", "remove", ADA, "--yes")

        assert "1 changed meanwhile and stay" in result.stderr
        assert engine.item("Suppression", ADA)["reason"]["S"] == "spam-complaint"


class TestListOfSes:
    def test_an_entry_is_noted_without_a_terminal(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        engine.suppress()
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA, "--yes")

        assert result.exit_code == 1
        assert "It is still on SES's own list (BOUNCE)" in result.stderr
        assert ses_v2.suppressed == {ADA: "BOUNCE"}

    def test_an_entry_is_removed_with_the_option(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        ses_v2.suppressed = {ADA: "BOUNCE", BOB: "BOUNCE"}

        answer = sesmail_json("suppression", "remove", ADA, "--ses", "--yes")

        assert answer["removedFromSes"] is True
        assert ses_v2.suppressed == {BOB: "BOUNCE"}

    def test_no_ses_leaves_it_without_a_note(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA, "--no-ses")

        assert (result.exit_code, result.stderr) == (0, "")
        assert ADA in ses_v2.suppressed

    @pytest.mark.usefixtures("on_a_terminal")
    @pytest.mark.parametrize(("answer", "left"), [("y\n", {}), ("n\n", {ADA: "BOUNCE"})])
    def test_on_a_terminal_it_asks(self, engine: MotoEngine, ses_v2: SesV2, answer: str, left: dict[str, str]) -> None:
        ses_v2.suppressed[ADA] = "BOUNCE"

        result = sesmail("suppression", "remove", ADA, answer=answer)

        assert "Remove it there too?" in result.stderr
        assert ses_v2.suppressed == left


class TestMany:
    def suppress(self, engine: MotoEngine) -> None:
        engine.suppress(email=ADA, added_to_suppression_date=ago(100), diagnostic_code="550 Blocked by Policy")
        engine.suppress(email=BOB, added_to_suppression_date=ago(3 * 86_400))
        engine.suppress(SuppressionReason.SPAM_COMPLAINT, email=EVE, added_to_suppression_date=ago(50))

    @pytest.mark.parametrize(
        ("where", "left"),
        [
            (["domain=Example.com"], {EVE}),
            (["domain=example.com", "since=1d"], {BOB, EVE}),
            (["until=1d"], {ADA, EVE}),
            (["reason=spam-complaint"], {ADA, BOB}),
            (["type=bounce"], {EVE}),
            (["diagnostic=blocked by"], {BOB, EVE}),
            (["note=nothing"], {ADA, BOB, EVE}),
        ],
        ids=str,
    )
    def test_what_matches_all_conditions_is_removed(self, engine: MotoEngine, where: list[str], left: set[str]) -> None:
        self.suppress(engine)
        conditions = [part for condition in where for part in ("--where", condition)]

        assert sesmail("suppression", "remove", *conditions, "--yes").exit_code == 0
        assert suppressed(engine) == left

    def test_a_dry_run_counts_by_reason_and_changes_nothing(self, engine: MotoEngine) -> None:
        self.suppress(engine)

        result = sesmail("suppression", "remove", "--where", "since=9d", "--dry-run")

        assert result.exit_code == 1
        assert "2 hard-bounce" in result.stdout
        assert "Would remove 3 entries. Nothing was changed." in result.stderr
        assert len(suppressed(engine)) == 3

    def test_rows_of_other_programs_are_removed_too(self, engine: MotoEngine) -> None:
        row = {"email": {"S": ADA}, "suppressionType": {"S": "bounce"}, "reason": {"S": "mailbox gone"}}
        engine.dynamodb.put_item(TableName=f"{NAME}-Suppression", Item=row)

        assert sesmail_json("suppression", "remove", "--where", "type=bounce", "--yes")["result"]["removed"] == 1
        assert suppressed(engine) == set()

    def test_more_than_one_batch_is_removed_here_and_from_the_list_of_ses(
        self, engine: MotoEngine, ses_v2: SesV2
    ) -> None:
        for number in range(103):
            engine.suppress(email=f"a{number}@example.com")
            ses_v2.suppressed[f"a{number}@example.com"] = "BOUNCE"
        ses_v2.suppressed[EVE] = "COMPLAINT"

        answer = sesmail_json("suppression", "remove", "--where", "domain=example.com", "--ses", "--yes")

        assert (answer["result"]["removed"], answer["result"]["removedFromSes"]) == (103, 103)
        assert ses_v2.suppressed == {EVE: "COMPLAINT"}
        assert len(logged()) == 103

    @pytest.mark.usefixtures("on_a_terminal")
    def test_only_what_was_shown_and_is_unchanged_is_removed(
        self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.suppress(email=ADA)
        engine.suppress(email=BOB)

        def meanwhile(*_: Any, **__: Any) -> bool:
            engine.suppress(SuppressionReason.SPAM_COMPLAINT, email=ADA)
            engine.suppress(email="late@example.com")
            return True

        monkeypatch.setattr(CommandContext, "confirm", meanwhile)

        result = sesmail("suppression", "remove", "--where", "domain=example.com")

        assert result.exit_code == 1
        assert "1 changed meanwhile" in result.stderr
        assert suppressed(engine) == {ADA, "late@example.com"}
        assert [line["email"] for line in logged()] == [BOB]

    @pytest.mark.parametrize(
        ("where", "error"),
        [
            ("domain", "'domain' is no condition: give domain=…"),
            ("colour=red", "'colour=red' is no condition"),
            ("reason=dislike", "'dislike' is no reason: allowed are hard-bounce"),
            ("since=yesterday", "'yesterday' is no time"),
        ],
    )
    def test_a_wrong_condition_removes_nothing_and_names_what_is_allowed(
        self, engine: MotoEngine, where: str, error: str
    ) -> None:
        self.suppress(engine)

        result = sesmail("suppression", "remove", "--where", where, "--yes")

        assert result.exit_code == 2
        assert error in result.stderr
        assert len(suppressed(engine)) == 3

    @pytest.mark.parametrize("given", [(), (ADA, "--where", "since=1d")], ids=str)
    def test_an_address_or_conditions_are_needed_and_not_both(self, engine: MotoEngine, given: tuple[str, ...]) -> None:
        assert sesmail("suppression", "remove", *given, "--yes").exit_code == 2


class TestLog:
    def test_what_was_removed_is_in_a_file_of_its_owner_alone_and_can_be_imported_again(
        self, engine: MotoEngine
    ) -> None:
        engine.suppress(email_id="order-1", source="shop", diagnostic_code="550 no such user", note="ticket 7")
        before = engine.items("Suppression")

        for _ in range(2):
            sesmail("suppression", "remove", ADA, "--yes")
            assert sesmail("suppression", "import", str(logs()[-1]), "--from", "csv").exit_code == 0
            assert engine.items("Suppression") == before

        assert [line["engine"] for line in logged()] == [NAME, NAME]
        assert [stat.S_IMODE(log.stat().st_mode) for log in logs()] == [0o600, 0o600]
        assert all(log.name.startswith(f"removed-suppressions-{NAME}-20") for log in logs())

    def test_nothing_is_removed_where_the_log_cannot_be_written(
        self, engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        engine.suppress()
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("SESMAIL_LOG_DIR", str(tmp_path / "file"))

        result = sesmail("suppression", "remove", ADA, "--yes")

        assert result.exit_code == 2
        assert "Set SESMAIL_LOG_DIR to another folder" in result.stderr
        assert suppressed(engine) == {ADA}
