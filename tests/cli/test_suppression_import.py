"""`sesmail suppression import` on moto: files as spreadsheets leave them, refused rows, and entries that exist."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sesmail_cli.operator.suppression_import import _Staged
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from tests.cli.conftest import ADA, MotoEngine, sesmail
from tests.cli.lists import reasons, run_import, write

BOB = "bob@example.com"
EVE = "eve@example.com"

SENDGRID_UNSUBSCRIBES = f"email,created\n{ADA},1449953655\n"


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            f"{ADA}\n{BOB}\n",
            f"Email\r\n{ADA}\r\n{BOB}\r\n",
            f"\ufeffemail,reason\n{ADA.upper()},manual\n  {BOB}  ,\n",
            f'sep=;\r\n"E-Mail Address";Why\r\n"{ADA}";x\r\n{BOB};y\r\n'.replace("E-Mail Address", "Email Address"),
            f"id;email\n1;{ADA}\n\n2;{BOB}\n;;\n",
            f"email\tdate\n{ADA}\t\n{BOB}\t\n",
            f"email\r{ADA}\r{BOB}\r",
            json.dumps([{"email": ADA}, {"email": BOB}]),
            "\n".join(json.dumps({"email": email}) for email in (ADA, BOB)),
        ],
    )
    def test_files_are_read_as_spreadsheets_write_them(self, engine: MotoEngine, tmp_path: Path, content: str) -> None:
        assert run_import(write(tmp_path, "list.csv", content), "csv")["added"] == 2

        assert reasons(engine) == {ADA: "manual", BOB: "manual"}

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("content", [f"email;x\r\n{ADA};ü\r\n", json.dumps([{"email": ADA, "x": "ü"}])])
    def test_files_are_read_in_excels_encodings(
        self, engine: MotoEngine, tmp_path: Path, content: str, encoding: str
    ) -> None:
        assert run_import(write(tmp_path, "list.csv", content.encode(encoding)), "csv")["added"] == 1

    def test_an_address_in_another_encoding_is_refused(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "x.csv", "email\nada@bücher.example\n".encode("cp1252"))

        [row] = run_import(path, "csv", exit_code=1)["refusedRows"]

        assert row["problem"] == "the address is not UTF-8: save the file as UTF-8"

    def test_columns_and_the_reason_can_be_named(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "crm.csv", f"id,Contact,Left on\n1,{ADA},2024-02-03 04:05:06\n")

        run_import(path, "csv", "--column", "email=Contact", "--column", "date=Left on", "--reason", "unsubscribe")

        item = engine.item("Suppression", ADA)
        assert (item["reason"]["S"], item["suppressionType"]["S"]) == ("unsubscribe", "unsubscribe")
        assert item["addedToSuppressionDate"]["S"] == "2024-02-03T04:05:06.000Z"

    def test_columns_without_a_header_are_numbers(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "crm.csv", f"7,{ADA},complaint\n")

        run_import(path, "csv", "--column", "email=2", "--column", "reason=3")

        assert reasons(engine) == {ADA: "spam-complaint"}

    @pytest.mark.parametrize(
        ("content", "options", "message"),
        [
            ("id,name\n1,Ada\n", (), "no column of addresses"),
            (f"email\n{ADA}\n", ("--column", "date=Left"), "no column 'Left'"),
            (f"email\n{ADA}\n", ("--column", "mail=email"), "is no column: give email=NAME"),
            ("", (), "has no rows"),
            ('{"email": "a@example.com"', (), "no valid JSON"),
            (f'email,why\n{ADA},"' + "x" * 200_000, (), "quotation mark left open"),
        ],
    )
    def test_a_file_that_cannot_be_read_changes_nothing(
        self, engine: MotoEngine, tmp_path: Path, content: str, options: tuple[str, ...], message: str
    ) -> None:
        result = sesmail("suppression", "import", write(tmp_path, "x.csv", content), "--from", "csv", *options)

        assert result.exit_code == 2
        assert message in result.stderr
        assert reasons(engine) == {}

    def test_an_internationalised_domain_is_listed_as_it_is_sent(self, engine: MotoEngine, tmp_path: Path) -> None:
        run_import(write(tmp_path, "x.csv", "email\nada@bücher.example\n"), "csv")

        assert reasons(engine) == {"ada@xn--bcher-kva.example": "manual"}

    def test_a_date_that_cannot_be_read_counts_from_now_and_is_noted(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "x.csv", f"email,date\n{ADA},soon\n{BOB},2999-01-01\n{EVE},\n")

        assert run_import(path, "csv")["unreadableDates"] == 2
        assert engine.item("Suppression", ADA)["addedToSuppressionDate"]["S"] > "2026"


class TestRefusedRows:
    CONTENT = (
        f"email,reason\n{ADA},bounce\nnot an address,bounce\n{BOB},dislike\n\x1b[31mred@exa mple.com,spam\n,spam\n"
    )

    def test_they_are_listed_by_line_with_masked_addresses_and_the_exit_code_is_1(
        self, engine: MotoEngine, tmp_path: Path
    ) -> None:
        path = write(tmp_path, "x.csv", self.CONTENT)

        counts = run_import(path, "csv", exit_code=1)

        assert (counts["read"], counts["added"], counts["refused"]) == (5, 1, 4)
        assert [row["line"] for row in counts["refusedRows"]] == [3, 4, 5, 6]
        assert counts["refusedRows"][1]["address"] == "b***@example.com"
        assert "'dislike': allowed are hard-bounce" in counts["refusedRows"][1]["problem"]
        result = sesmail("suppression", "import", path, "--from", "csv")
        assert "Line 4: unknown reason 'dislike'" in result.stderr
        assert "\x1b" not in result.output
        assert BOB not in result.output

    def test_they_are_written_as_they_are_for_the_operator_alone(self, engine: MotoEngine, tmp_path: Path) -> None:
        rejected = tmp_path / "rejected.csv"

        run_import(write(tmp_path, "x.csv", self.CONTENT), "csv", "--rejected", str(rejected), exit_code=1)

        rows = list(csv.reader(rejected.read_text().splitlines()))
        assert rows[0] == ["line", "problem", "email", "reason"]
        assert rows[2][0] == "4"
        assert rows[2][2:] == [BOB, "dislike"]
        assert stat.S_IMODE(rejected.stat().st_mode) == 0o600

    def test_the_rejected_file_can_be_corrected_and_imported(self, engine: MotoEngine, tmp_path: Path) -> None:
        rejected = tmp_path / "rejected.csv"
        path = write(tmp_path, "x.csv", f"email,reason\n{BOB},dislike\n")
        run_import(path, "csv", "--rejected", str(rejected), exit_code=1)
        rejected.write_text(rejected.read_text().replace(f"{BOB},dislike", f"{BOB},spam"))

        run_import(str(rejected), "csv")

        assert reasons(engine) == {BOB: "spam-complaint"}


class TestExistingEntries:
    def test_an_unsubscription_does_not_replace_a_hard_bounce(self, engine: MotoEngine, tmp_path: Path) -> None:
        engine.suppress(SuppressionReason.HARD_BOUNCE, email_id="order-1")
        before = engine.items("Suppression")

        counts = run_import(write(tmp_path, "unsubscribes.csv", SENDGRID_UNSUBSCRIBES), "sendgrid")

        assert counts["alreadyThere"] == 1
        assert engine.items("Suppression") == before

    def test_a_stronger_reason_replaces_a_weaker_one_and_keeps_its_longer_time(
        self, engine: MotoEngine, tmp_path: Path
    ) -> None:
        engine.suppress(SuppressionReason.UNSUBSCRIBE)

        assert run_import(write(tmp_path, "x.csv", f"email,reason\n{ADA},spam\n"), "csv")["updated"] == 1

        assert reasons(engine) == {ADA: "spam-complaint"}

    def test_rows_of_one_address_become_its_strongest_entry(self, engine: MotoEngine, tmp_path: Path) -> None:
        rows = f"email,reason\n{ADA},unsubscribe\n{ADA.upper()},spam\n{ADA},bounce\n"

        counts = run_import(write(tmp_path, "x.csv", rows), "csv")

        assert (counts["added"], counts["duplicates"]) == (1, 2)
        assert reasons(engine) == {ADA: "spam-complaint"}

    def test_a_repeated_import_writes_nothing(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "x.csv", f"email,reason\n{ADA},spam\n{BOB},bounce\n")
        run_import(path, "csv")
        before = engine.items("Suppression")

        assert run_import(path, "csv")["alreadyThere"] == 2
        assert engine.items("Suppression") == before

    def test_an_erased_address_that_is_suppressed_is_already_there(self, engine: MotoEngine, tmp_path: Path) -> None:
        [tombstone, *_] = engine.keys().tombstones_of(ADA)
        engine.suppress(SuppressionReason.SPAM_COMPLAINT, email=tombstone)

        counts = run_import(write(tmp_path, "x.csv", f"{ADA}\n"), "csv", "--reason", "unsubscribe")

        assert counts["alreadyThere"] == 1
        assert list(reasons(engine)) == [tombstone]


def test_a_dry_run_counts_the_same_and_writes_nothing(engine: MotoEngine, tmp_path: Path) -> None:
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email=BOB)
    path = write(tmp_path, "x.csv", f"email,reason\n{ADA},spam\n{ADA},spam\n{BOB},spam\nx,spam\n")

    planned = run_import(path, "csv", "--dry-run", exit_code=1)

    assert reasons(engine) == {BOB: "unsubscribe"}
    assert planned == run_import(path, "csv", exit_code=1)


def test_an_interrupted_import_ends_as_if_it_had_not_been(
    engine: MotoEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "x.csv", "\n".join(f"a{number}@example.com" for number in range(250)))
    with monkeypatch.context() as patch:
        patch.setattr(_Staged, "batches", interrupted(_Staged.batches))
        result = sesmail("suppression", "import", path, "--from", "csv")
        assert result.exit_code != 0
    assert len(reasons(engine)) == 100

    counts = run_import(path, "csv")

    assert (counts["alreadyThere"], counts["added"]) == (100, 150)
    assert len(reasons(engine)) == 250


def interrupted(whole: Callable[[_Staged], Iterator[list[Suppression]]]) -> Callable[[_Staged], Any]:
    """Stop after the first batch, as Ctrl+C does."""

    def batches(staged: _Staged) -> Iterator[list[Suppression]]:
        yield next(whole(staged))
        raise SystemExit(130)

    return batches


def test_an_engine_that_does_not_exist_is_named(engine: MotoEngine, tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", f"{ADA}\n")

    result = sesmail("suppression", "import", path, "--from", "csv", "--name", "other")

    assert result.exit_code == 2
    assert "no engine 'other'" in result.stderr
