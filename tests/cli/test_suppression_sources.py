"""`sesmail suppression import` of the providers' own formats, on moto."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ADA, MotoEngine, sesmail, sesmail_json
from tests.cli.lists import reasons, run_import, write
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


class TestSendGrid:
    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("suppression_bounces.csv", SENDGRID_BOUNCES, "hard-bounce"),
            ("suppression_spam_reports.csv", SENDGRID_SPAM, "spam-complaint"),
            ("suppression_invalid_emails.csv", SENDGRID_INVALID, "hard-bounce"),
            ("suppression_unsubscribes.csv", SENDGRID_UNSUBSCRIBES, "unsubscribe"),
            ("group_unsubscribes.csv", SENDGRID_UNSUBSCRIBES, "unsubscribe"),
            ("x.csv", f"email,group_id,group_name,created_at\n{ADA},7,News,1449953655\n", "unsubscribe"),
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


def test_a_file_without_a_header_shows_no_address(engine: MotoEngine, tmp_path: Path) -> None:
    result = sesmail("suppression", "import", write(tmp_path, "x.csv", f"{ADA},1\n"), "--from", "sendgrid")

    assert result.exit_code == 2
    assert "Found: a***@example.com, 1" in result.stderr


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
