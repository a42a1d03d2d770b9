"""An engine over the tables and bucket of the CloudFormation product, adopted as `sesmail migrate check` prints it.

In an account of its own: the old product's tables have the names that the other tests' engine would have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.clients import client
from localcloud.deployment import Deployment, deploy
from localcloud.emulator import Emulator, free_port, start_ministack
from localcloud.engine import DEAD_LETTER_QUEUES
from localcloud.paths import BUILD, REPOSITORY
from tests import seed_product
from tests.e2e.harness.cli import sesmail, sesmail_json
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.plan_defects import unexpected_changes
from tests.e2e.harness.ses_json import HARD, bounce, ses_event

NAME = "oldmail"
BY_ID = {record["emailId"]["S"]: record for record in seed_product.RECORDS}


@pytest.fixture(scope="module")
def account() -> Iterator[Emulator]:
    started = start_ministack(port=free_port())
    yield started
    started.stop()


@pytest.fixture(scope="module")
def report(account: Emulator) -> dict[str, Any]:
    """What `migrate check` says of the account, once the template's optional variables are declared as it says."""
    dynamodb, s3 = client(account, "dynamodb"), client(account, "s3")
    account_id = client(account, "sts").get_caller_identity()["Account"]
    seed_product.create_tables(dynamodb, NAME)
    seed_product.fill(dynamodb, s3, NAME, account_id)
    found = migrate_check(account, exit_code=1)
    metadata = json.loads(seed_product.FILES["metadata.json"])
    [(template, names)] = found["optionalVariables"].items()
    s3.put_object(
        Bucket=f"{NAME}-templates-{account_id}",
        Key=f"templates/{template}/metadata.json",
        Body=json.dumps({**metadata, "optionalVariables": names}).encode(),
    )
    return migrate_check(account, exit_code=0)


def migrate_check(account: Emulator, *, exit_code: int) -> dict[str, Any]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "sesmail_cli", "migrate", "check", "--name", NAME, "--json"],
        env=inherited | account.environment | {"PYTHONPATH": str(REPOSITORY / "python")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def adopted(account: Emulator, report: dict[str, Any]) -> Iterator[Deployment]:
    work = f"e2e/{NAME}"
    try:
        yield deploy(account, work, name=NAME, root_files={"adopt.tf": report["importBlocks"]})
    finally:
        shutil.rmtree(BUILD / work, ignore_errors=True)


@pytest.fixture(scope="module")
def engine(adopted: Deployment) -> EngineUnderTest:
    deployed = adopted.engine
    under_test = EngineUnderTest(deployed.emulator, deployed.outputs, deployed.name)
    assert under_test.subscriber.collect() == []
    return under_test


def query(engine: EngineUnderTest, table: str, index: str, condition: str, **values: str) -> list[dict[str, Any]]:
    """Query as the old product's documentation does."""
    return list(
        engine.dynamodb.query(
            TableName=f"{NAME}-{table}",
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
        )["Items"]
    )


def test_nothing_is_destroyed_and_a_second_plan_is_empty(adopted: Deployment, engine: EngineUnderTest) -> None:
    log = (adopted.terraform.folder / "apply.log").read_text().splitlines()
    events = [json.loads(line) for line in log if line.startswith("{")]
    changes = [event["changes"] for event in events if event["type"] == "change_summary"][-1]
    assert (changes["import"], changes["remove"]) == (3, 0)
    assert unexpected_changes(adopted.terraform) == []
    assert {record["emailId"] for record in engine.records()} >= set(BY_ID)
    assert len(engine.scan(f"{NAME}-Suppression")) >= len(seed_product.SUPPRESSIONS)


def test_the_tables_still_expire_and_recover(engine: EngineUnderTest) -> None:
    table = {"TableName": f"{NAME}-EmailTracking"}
    assert engine.dynamodb.describe_time_to_live(**table)["TimeToLiveDescription"]["AttributeName"] == "ttl"
    backups = engine.dynamodb.describe_continuous_backups(**table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_an_email_is_sent_with_the_users_own_template(engine: EngineUnderTest) -> None:
    record = engine.put_email_request_and_wait(
        "new@example.org", templateName=seed_product.TEMPLATE, templateData={"userName": "Ann"}
    )

    assert record["status"] == "delivered"
    [mail] = engine.mails_to("new@example.org")
    assert mail.subject == "On its way, Ann"


def test_a_bounce_of_an_old_email_is_recorded_and_suppresses(engine: EngineUnderTest) -> None:
    old = engine.record("old-delivered") or {}

    engine.publish_ses_event(ses_event(old, "Bounce", bounce(old["toEmail"], **HARD)))

    record = engine.wait_for_status("old-delivered", "bounced")
    assert (record["bounceType"], record["ttl"]) == ("Permanent", seed_product.TTL)
    assert (record["deliveredAt"], record["datePartition"]) == (old["deliveredAt"], seed_product.DATE)
    assert (engine.suppression(old["toEmail"]) or {})["reason"] == "hard-bounce"
    email_id = engine.put_email_request(old["toEmail"], templateName="welcome", templateData=DATA)
    assert engine.wait_for_status(email_id, "failed")["errorType"] == "suppressed"


DATA = {"userName": "Ann", "companyName": "My Company"}


@pytest.mark.parametrize("email", [item["email"]["S"] for item in seed_product.SUPPRESSIONS])
def test_an_old_suppression_blocks(engine: EngineUnderTest, email: str) -> None:
    email_id = engine.put_email_request(email, templateName="welcome", templateData=DATA)

    assert engine.wait_for_status(email_id, "failed")["errorType"] == "suppressed"
    assert engine.mails_to(email) == []


def test_an_old_email_id_is_not_sent_again(engine: EngineUnderTest) -> None:
    engine.put_email_request("again@example.org", emailId="old-opened", templateName="welcome", templateData=DATA)
    engine.wait_until_idle()

    assert engine.mails_to("again@example.org") == []
    assert (engine.record("old-opened") or {})["status"] == "opened"


@pytest.mark.parametrize("email_id", [key for key, record in BY_ID.items() if "sesMessageId" in record])
def test_an_open_of_any_old_email_is_handled(engine: EngineUnderTest, email_id: str) -> None:
    old = engine.record(email_id) or {}

    engine.publish_ses_event(ses_event(old, "Open", {"userAgent": "Mozilla/5.0", "ipAddress": "192.0.2.1"}))

    engine.wait_until_idle()
    record = engine.record(email_id) or {}
    assert record["status"] in {"opened", "bounced", "complained"}
    assert record["ttl"] == seed_product.TTL
    assert engine.depths(DEAD_LETTER_QUEUES) == {}


def test_the_old_queries_answer(engine: EngineUnderTest) -> None:
    found = query(engine, "EmailTracking", "ses-message-id-index", "sesMessageId = :id", id="0100-old-sent")
    assert found[0]["emailId"]["S"] == "old-sent"
    found = query(engine, "EmailTracking", "to-email-timestamp-index", "toEmail = :to", to="old-sent@example.org")
    assert found[0]["emailId"]["S"] == "old-sent"
    found = query(engine, "EmailTracking", "original-email-id-index", "originalEmailId = :id", id="old-soft")
    assert [one["emailId"]["S"] for one in found] == ["old-retry"]
    found = query(engine, "EmailTracking", "date-partition-index", "datePartition = :day", day=seed_product.DATE)
    assert len(found) == len(BY_ID)
    found = query(engine, "Suppression", "suppression-type-date-index", "suppressionType = :type", type="complaint")
    assert {"spam-complaint@example.org"} <= {one["email"]["S"] for one in found}


def test_a_new_email_is_found_by_the_old_queries(engine: EngineUnderTest) -> None:
    record = engine.put_email_request_and_wait("fresh@example.org", templateName="welcome", templateData=DATA)

    by_id = query(engine, "EmailTracking", "ses-message-id-index", "sesMessageId = :id", id=record["sesMessageId"])
    by_recipient = query(engine, "EmailTracking", "to-email-timestamp-index", "toEmail = :to", to="fresh@example.org")
    assert by_id[0]["emailId"]["S"] == by_recipient[0]["emailId"]["S"] == record["emailId"]


@pytest.mark.parametrize("email_id", BY_ID)
def test_explain_reads_an_old_record(engine: EngineUnderTest, email_id: str) -> None:
    status = (engine.record(email_id) or {})["status"]
    healthy = status in {"sent", "delivered", "opened"}

    assert status in sesmail(engine, "explain", email_id, exit_code=0 if healthy else 1)


def test_the_suppression_list_shows_and_exports_the_old_entries(engine: EngineUnderTest) -> None:
    listed = {one["email"] for one in sesmail_json(engine, "suppression", "list")["suppressions"]}
    exported = sesmail(engine, "suppression", "export")

    for item in seed_product.SUPPRESSIONS:
        assert item["email"]["S"] in listed
        assert f"\n{item['email']['S']}," in exported
