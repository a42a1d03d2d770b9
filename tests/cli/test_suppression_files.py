"""`sesmail suppression import` of files as people have them, where a wrong reading would let mail through."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ADA, MotoEngine, sesmail
from tests.cli.lists import reasons, run_import, write

BOB = "bob@example.com"
EVE = "eve@example.com"
OWN = "email,suppressionType,reason,addedToSuppressionDate,expiresAt"


def imported(engine: MotoEngine, address: str, attribute: str) -> str:
    return str(engine.item("Suppression", address).get(attribute, {}).get("S", ""))


class TestDates:
    @pytest.mark.parametrize(
        ("given", "date"),
        [
            ("45000", "2023-03-15T00:00:00.000Z"),
            ("45000.5", "2023-03-15T12:00:00.000Z"),
            ("20240203", "2024-02-03T00:00:00.000Z"),
            ("1449953655", "2015-12-12T20:54:15.000Z"),
            ("1449953655000", "2015-12-12T20:54:15.000Z"),
        ],
    )
    def test_a_number_is_a_date_of_a_spreadsheet_or_a_unix_time(
        self, engine: MotoEngine, tmp_path: Path, given: str, date: str
    ) -> None:
        assert run_import(write(tmp_path, "x.csv", f"email,date\n{ADA},{given}\n"), "csv")["unreadableDates"] == 0
        assert imported(engine, ADA, "addedToSuppressionDate") == date

    @pytest.mark.parametrize("given", ["2024", "0", "nan", "inf", "-45000", "1e400"])
    def test_a_number_that_is_no_date_is_not_read_as_1970(self, engine: MotoEngine, tmp_path: Path, given: str) -> None:
        assert run_import(write(tmp_path, "x.csv", f"email,date\n{ADA},{given}\n"), "csv")["unreadableDates"] == 1
        assert imported(engine, ADA, "addedToSuppressionDate") > "2024"

    @pytest.mark.parametrize("given", ["2026", "0", "-1", "nan", "9999-12-31T23:59:59-05:00", "999999999999999"])
    def test_an_expiry_that_cannot_be_read_never_ends_an_entry(
        self, engine: MotoEngine, tmp_path: Path, given: str
    ) -> None:
        path = write(tmp_path, "x.csv", f"{OWN}\n{ADA},bounce,hard-bounce,2024-01-01T00:00:00.000Z,{given}\n")
        assert run_import(path, "csv")["added"] == 1
        assert "expiresAt" not in engine.item("Suppression", ADA)


class TestHeaders:
    @pytest.mark.parametrize(
        ("content", "column"),
        [
            (f"Почта;Причина\n{ADA};bounce\n", "Почта"),
            (f"メール,理由\n{ADA},bounce\n", "メール"),
            (f"E-Mail-Adresse;Grund\n{ADA};bounce\n", "E-Mail-Adresse"),
            (f"id, Contact \n7,{ADA}\n", "Contact"),
        ],
    )
    def test_a_column_has_its_own_name_in_every_script(
        self, engine: MotoEngine, tmp_path: Path, content: str, column: str
    ) -> None:
        assert run_import(write(tmp_path, "x.csv", content), "csv", "--column", f"email={column}")["added"] == 1
        assert list(reasons(engine)) == [ADA]

    def test_a_file_without_a_known_column_says_how_to_name_it(self, engine: MotoEngine, tmp_path: Path) -> None:
        result = sesmail("suppression", "import", write(tmp_path, "x.csv", f"Adresse\n{ADA[:3]}\n"), "--from", "csv")
        assert (result.exit_code, "Name it: --column email=NAME" in result.output) == (2, True)

    def test_blank_lines_before_the_header_are_passed_over_and_counted(
        self, engine: MotoEngine, tmp_path: Path
    ) -> None:
        path = write(tmp_path, "x.csv", f"\n;;\n\nemail;reason\n{ADA};hard\nx;hard\n".replace(";;\n", "\n"))
        [row] = run_import(path, "csv", exit_code=1)["refusedRows"]
        assert (row["line"], reasons(engine)) == (6, {ADA: "hard-bounce"})


class TestFiles:
    @pytest.mark.parametrize("content", [gzip.compress(b"email\n"), b"PK\x03\x04\x00", b"\xd0\xcf\x11\xe0"])
    def test_an_archive_or_a_workbook_is_named_and_not_shown(
        self, engine: MotoEngine, tmp_path: Path, content: bytes
    ) -> None:
        result = sesmail("suppression", "import", write(tmp_path, "x.csv", content), "--from", "csv")
        assert result.exit_code == 2
        assert "give the CSV or JSON file itself" in " ".join(result.output.split())

    @pytest.mark.parametrize("field", ["reason", "email"])
    def test_a_quotation_mark_left_open_does_not_lose_the_rows_after_it(
        self, engine: MotoEngine, tmp_path: Path, field: str
    ) -> None:
        cells = {"reason": f'5.1.1,"550 no user,{ADA},1', "email": f'5.1.1,550,"{ADA},1'}
        path = write(tmp_path, "bounces.csv", f"status,reason,email,created\n{cells[field]}\n5.1.1,550,{BOB},1\n")
        result = sesmail("suppression", "import", path, "--from", "sendgrid")
        assert (result.exit_code, reasons(engine)) == (2, {})
        assert "Line 2: a quotation mark is left open" in " ".join(result.output.split())

    def test_a_quoted_cell_of_several_lines_at_the_end_is_whole(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "x.csv", f'email,note\n{BOB},1\n{ADA},"a\n\nb"')
        assert run_import(path, "csv")["added"] == 2

    def test_a_json_list_of_addresses_alone_is_read(self, engine: MotoEngine, tmp_path: Path) -> None:
        assert run_import(write(tmp_path, "x.json", json.dumps([ADA, BOB])), "csv")["added"] == 2

    def test_a_pipe_is_read_from_its_start(self, engine: MotoEngine, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = f"open({str(pipe)!r}, 'w').write('email\\n{ADA}\\n{BOB}\\n')"
        with subprocess.Popen([sys.executable, "-c", writer]):
            assert run_import(str(pipe), "csv")["added"] == 2

    def test_a_dash_is_standard_input(self, engine: MotoEngine) -> None:
        assert sesmail("suppression", "import", "-", "--from", "csv", answer=f"email\n{ADA}\n").exit_code == 0
        assert list(reasons(engine)) == [ADA]

    def test_the_rejected_rows_are_not_written_over_the_file(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "x.csv", f"email\n{ADA}\nx\n")
        result = sesmail("suppression", "import", path, "--from", "csv", "--rejected", path)
        assert (result.exit_code, Path(path).read_text()) == (2, f"email\n{ADA}\nx\n")

    def test_a_file_that_exists_becomes_its_owners_alone(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = tmp_path / "old.csv"
        path.write_text("old")
        path.chmod(0o644)
        assert sesmail("suppression", "export", "--output", str(path)).exit_code == 0
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_export_that_lost_a_column_or_its_order_in_a_spreadsheet_names_the_same_addresses(
    engine: MotoEngine, tmp_path: Path
) -> None:
    address = "=1+1@example.com"
    content = (
        f"reason,email,addedToSuppressionDate,suppressionType\nmanual,'{address},2024-01-01T00:00:00.000Z,manual\n"
    )
    run_import(write(tmp_path, "x.csv", content), "csv")
    assert reasons(engine) == {address: "manual"}


def test_an_erased_address_survives_export_and_import(engine: MotoEngine, tmp_path: Path) -> None:
    tombstone = "sha256:" + "a1" * 32
    engine.suppress(email=tombstone)
    path = tmp_path / "x.csv"
    assert sesmail("suppression", "export", "--output", str(path)).exit_code == 0
    engine.dynamodb.delete_item(TableName="sesmailengine-Suppression", Key={"email": {"S": tombstone}})
    assert run_import(str(path), "csv")["added"] == 1
    assert reasons(engine) == {tombstone: "hard-bounce"}
    assert run_import(str(path), "csv")["alreadyThere"] == 1
