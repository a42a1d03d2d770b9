"""`sesmail suppression import` on moto: the providers' own formats, and files as spreadsheets leave them."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from sesmail_layer.domain.guards.suppression import SuppressionReason
from tests.cli.conftest import ADA, NAME, MotoEngine, sesmail, sesmail_json
from tests.cli.ses_v2 import SesV2

BOB = "bob@example.com"
EVE = "eve@example.com"

SENDGRID_BOUNCES = f'status,reason,email,created\n5.1.1,"550 5.1.1 no, such ""user""\r\n of ours",{ADA},1449953655\n'
SENDGRID_SPAM = f"ip,email,created\n192.0.2.1,{ADA},1449953655\n"
SENDGRID_INVALID = f"reason,email,created\nMail domain mentioned in email address is unknown,{ADA},1449953655\n"
SENDGRID_UNSUBSCRIBES = f"email,created\n{ADA},1449953655\n"
SENDGRID_JSON = json.dumps([{"created": 1449953655, "email": ADA, "reason": "550 no user", "status": "5.1.1"}])
MAILGUN_BOUNCES = f'address,code,error,created_at\n{ADA},550,No such mailbox,"Fri, 21 Oct 2011 11:02:55 GMT"\n'
MAILGUN_UNSUBSCRIBES = f'address,tags,created_at\n{ADA},"*","Tue, 07 Jan 2025 19:25:45 UTC"\n'
MAILGUN_JSON = json.dumps(
    {"items": [{"address": ADA, "code": "550", "error": "", "created_at": "Fri, 21 Oct 2011 11:02:55 UTC"}]}
)


def write(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def run_import(path: str, source: str, *options: str, exit_code: int = 0) -> dict[str, Any]:
    answer = sesmail_json("suppression", "import", path, "--from", source, *options, exit_code=exit_code)
    counts: dict[str, Any] = answer["result"]
    others = ("added", "updated", "alreadyThere", "duplicates", "refused")
    assert counts["read"] == sum(counts[name] for name in others) + sum(counts["skipped"].values())
    return counts


def reasons(engine: MotoEngine) -> dict[str, str]:
    return {item["email"]["S"]: item["reason"]["S"] for item in engine.items("Suppression")}


class TestSendGrid:
    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("suppression_bounces.csv", SENDGRID_BOUNCES, "hard-bounce"),
            ("suppression_spam_reports.csv", SENDGRID_SPAM, "spam-complaint"),
            ("suppression_invalid_emails.csv", SENDGRID_INVALID, "hard-bounce"),
            ("suppression_unsubscribes.csv", SENDGRID_UNSUBSCRIBES, "unsubscribe"),
            ("group_unsubscribes.csv", SENDGRID_UNSUBSCRIBES, "unsubscribe"),
            ("suppression_spam_reports.csv", SENDGRID_UNSUBSCRIBES, "spam-complaint"),
            ("bounces.json", SENDGRID_JSON, "hard-bounce"),
        ],
    )
    def test_each_list_has_its_reason(
        self, engine: MotoEngine, tmp_path: Path, name: str, content: str, reason: str
    ) -> None:
        assert run_import(write(tmp_path, name, content), "sendgrid")["added"] == 1

        item = engine.item("Suppression", ADA)
        assert item["reason"]["S"] == reason
        assert item["addedToSuppressionDate"]["S"] == "2015-12-12T20:54:15.000Z"
        assert item["source"]["S"] == "import:sendgrid"

    def test_what_the_other_server_answered_is_kept(self, engine: MotoEngine, tmp_path: Path) -> None:
        run_import(write(tmp_path, "bounces.csv", SENDGRID_BOUNCES), "sendgrid")

        assert engine.item("Suppression", ADA)["diagnosticCode"]["S"] == '550 5.1.1 no, such "user"   of ours'

    def test_blocks_are_suppressed_only_when_asked(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "suppression_blocks.csv", f"status,reason,email,created\n4.7.1,greylisted,{ADA},1\n")

        assert run_import(path, "sendgrid")["skipped"] == {"transient": 1}
        assert reasons(engine) == {}

        assert run_import(path, "sendgrid", "--include-transient")["added"] == 1
        assert reasons(engine) == {ADA: "consecutive-soft-bounces"}

    def test_a_bounce_with_a_temporary_status_is_transient(self, engine: MotoEngine, tmp_path: Path) -> None:
        path = write(tmp_path, "bounces.csv", f"status,reason,email,created\n4.2.2,mailbox full,{ADA},1\n")

        assert run_import(path, "sendgrid")["skipped"] == {"transient": 1}

    def test_a_file_that_could_be_either_list_is_refused_with_the_option(
        self, engine: MotoEngine, tmp_path: Path
    ) -> None:
        path = write(tmp_path, "export.csv", SENDGRID_BOUNCES)

        result = sesmail("suppression", "import", path, "--from", "sendgrid")

        assert result.exit_code == 2
        assert "give --list bounces or --list blocks" in result.stderr
        assert run_import(path, "sendgrid", "--list", "bounces")["added"] == 1


class TestMailgun:
    @pytest.mark.parametrize(
        ("name", "content", "reason", "date"),
        [
            ("x.csv", MAILGUN_BOUNCES, "hard-bounce", "2011-10-21T11:02:55.000Z"),
            ("x.csv", MAILGUN_UNSUBSCRIBES, "unsubscribe", "2025-01-07T19:25:45.000Z"),
            ("complaints.csv", f"address,created_at\n{ADA},2025-01-07\n", "spam-complaint", "2025-01-07T00:00:00.000Z"),
            ("x.json", MAILGUN_JSON, "hard-bounce", "2011-10-21T11:02:55.000Z"),
            ("x.json", MAILGUN_JSON + "\n" + MAILGUN_JSON, "hard-bounce", "2011-10-21T11:02:55.000Z"),
        ],
    )
    def test_each_list_has_its_reason(
        self, engine: MotoEngine, tmp_path: Path, name: str, content: str, reason: str, date: str
    ) -> None:
        run_import(write(tmp_path, name, content), "mailgun")

        item = engine.item("Suppression", ADA)
        assert (item["reason"]["S"], item["addedToSuppressionDate"]["S"]) == (reason, date)


POSTMARK = {
    "Suppressions": [
        {"EmailAddress": email, "SuppressionReason": why, "Origin": origin, "CreatedAt": "2019-12-17T08:58:33-05:00"}
        for email, why, origin in (
            ("a@example.com", "ManualSuppression", "Recipient"),
            ("b@example.com", "ManualSuppression", "Customer"),
            ("c@example.com", "HardBounce", "Recipient"),
            ("d@example.com", "SpamComplaint", "Recipient"),
        )
    ]
}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_postmarks_reasons_depend_on_who_suppressed(engine: MotoEngine, tmp_path: Path, form: str) -> None:
    rows = POSTMARK["Suppressions"]
    table = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    content = json.dumps(POSTMARK) if form == "json" else table
    run_import(write(tmp_path, f"dump.{form}", content), "postmark")

    assert reasons(engine) == {
        "a@example.com": "unsubscribe",
        "b@example.com": "manual",
        "c@example.com": "hard-bounce",
        "d@example.com": "spam-complaint",
    }
    assert engine.item("Suppression", "a@example.com")["addedToSuppressionDate"]["S"] == "2019-12-17T13:58:33.000Z"


class TestSes:
    def test_the_answer_of_the_aws_cli_is_read(self, engine: MotoEngine, tmp_path: Path) -> None:
        entries = [
            {"EmailAddress": ADA, "Reason": "BOUNCE", "LastUpdateTime": "2020-04-10T21:03:05.387000+00:00"},
            {"EmailAddress": BOB, "Reason": "COMPLAINT", "LastUpdateTime": 1586552585.077},
        ]
        path = write(tmp_path, "ses.json", json.dumps({"SuppressedDestinationSummaries": entries}, indent=4))

        run_import(path, "ses")

        assert reasons(engine) == {ADA: "hard-bounce", BOB: "spam-complaint"}
        assert engine.item("Suppression", ADA)["addedToSuppressionDate"]["S"] == "2020-04-10T21:03:05.387Z"

    def test_the_accounts_own_list_is_read_page_by_page(self, engine: MotoEngine, ses_v2: SesV2) -> None:
        ses_v2.suppressed = {f"a{number}@example.com": "BOUNCE" for number in range(5)} | {EVE: "COMPLAINT"}
        ses_v2.page_size = 2

        answer = sesmail_json("suppression", "import", "--from", "ses-account")

        assert answer["result"]["added"] == 6
        assert reasons(engine)[EVE] == "spam-complaint"


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
        table = "sesmail_cli.operator.suppression_import"
        patch.setattr(f"{table}._Staged.batches", interrupted(f"{table}._Staged.batches"))
        result = sesmail("suppression", "import", path, "--from", "csv")
        assert result.exit_code != 0
    assert len(reasons(engine)) == 100

    counts = run_import(path, "csv")

    assert (counts["alreadyThere"], counts["added"]) == (100, 150)
    assert len(reasons(engine)) == 250


def interrupted(_name: str) -> Any:
    """Stop after the first batch, as Ctrl+C does."""
    from sesmail_cli.operator.suppression_import import _Staged

    whole = _Staged.batches

    def batches(staged: _Staged) -> Any:
        yield next(whole(staged))
        raise SystemExit(130)

    return batches


def test_an_engine_that_does_not_exist_is_named(engine: MotoEngine, tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", f"{ADA}\n")

    result = sesmail("suppression", "import", path, "--from", "csv", "--name", "other")

    assert result.exit_code == 2
    assert "no engine 'other'" in result.stderr
    assert NAME != "other"
