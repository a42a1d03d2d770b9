"""The quick starts that users copy, word for word from the pages that show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localcloud.paths import REPOSITORY
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.snippets import snippet
from localcloud.wait import wait_for
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.ses_json import HARD, bounce, ses_event
from tests.e2e.harness.shell import run_in_shell, typescript_folder

README = REPOSITORY / "README.md"
# The page that specified the product; it is next to the repository where the product is built.
SEED = REPOSITORY.parent / "shared" / "seed" / "sesmailengine.md"
PAGES = [README, *([SEED] if SEED.exists() else [])]
RECIPIENT = "recipient@example.com"
RULE = "my-app-bounce-notifications"


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def check_the_one_email(engine: EngineUnderTest, before: set[str]) -> None:
    """Check that exactly one email was requested since `before`, and was delivered to its recipient."""

    def look() -> list[dict[str, Any]]:
        new = [record for record in engine.records() if record["emailId"] not in before]
        return [record for record in new if record["status"] == engine.final_status]

    [record] = wait_for(look, "the quick start's email to be delivered")
    assert record["toEmail"] == RECIPIENT
    assert record["originalSource"] == "my.application"
    [mail] = [mail for mail in engine.mails() if mail.message_id == record["sesMessageId"]]
    assert mail.destinations == (RECIPIENT,)
    assert "John" in mail.body("plain")
    assert "John" in mail.body("html")
    assert "My Company" in mail.body("html")


def known(engine: EngineUnderTest) -> set[str]:
    return {record["emailId"] for record in engine.records()}


def test_the_python_quick_start_delivers_an_email(engine: EngineUnderTest, page: Path, tmp_path: Path) -> None:
    before = known(engine)
    (tmp_path / "quick_start.py").write_text(snippet(page, "python", "put_events("))
    run_in_shell(engine.emulator, "python quick_start.py", tmp_path)
    check_the_one_email(engine, before)


def test_the_typescript_quick_start_delivers_an_email(engine: EngineUnderTest, page: Path) -> None:
    before = known(engine)
    folder = typescript_folder()
    (folder / "quick-start.ts").write_text(snippet(page, "typescript", "PutEventsCommand"))
    run_in_shell(engine.emulator, "npx --no-install tsx quick-start.ts", folder)
    check_the_one_email(engine, before)


def test_the_cli_quick_start_delivers_an_email(engine: EngineUnderTest, tmp_path: Path) -> None:
    before = known(engine)
    answer = json.loads(run_in_shell(engine.emulator, snippet(README, "bash", "events put-events"), tmp_path))
    assert answer["FailedEntryCount"] == 0
    check_the_one_email(engine, before)


def test_the_query_snippet_finds_the_emails_of_a_recipient(engine: EngineUnderTest, tmp_path: Path) -> None:
    email_id = engine.put_email_request(RECIPIENT)
    engine.wait_for_status(email_id, engine.final_status)
    answer = json.loads(run_in_shell(engine.emulator, snippet(README, "bash", "dynamodb query"), tmp_path))
    newest = answer["Items"][0]
    assert newest["emailId"]["S"] == email_id
    assert newest["status"]["S"] == engine.final_status


def test_the_put_rule_snippet_subscribes_to_bounces(engine: EngineUnderTest, page: Path, tmp_path: Path) -> None:
    answer = json.loads(run_in_shell(engine.emulator, snippet(page, "bash", "events put-rule"), tmp_path))
    bus = engine.outputs["event_bus_name"]
    queue = engine.sqs.create_queue(QueueName="my-app-bounces")["QueueUrl"]
    attributes = engine.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    engine.events.put_targets(Rule=RULE, EventBusName=bus, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    try:
        assert answer["RuleArn"].endswith(f"/{RULE}")
        label = page.stem.lower()
        delivered = engine.put_email_request(f"success+{label}@{SIMULATOR_DOMAIN}")
        other_source = engine.put_email_request(f"bounce+{label}-2@{SIMULATOR_DOMAIN}", source="other.application")
        bounced = engine.put_email_request(f"bounce+{label}@{SIMULATOR_DOMAIN}")
        engine.wait_for_status(delivered, engine.final_status)
        for email_id in (other_source, bounced):
            if not engine.emulator.has_full_ses:
                record = engine.wait_for_status(email_id, "sent")
                engine.publish_ses_event(ses_event(record, "Bounce", bounce(record["toEmail"], **HARD)))
            engine.wait_for_status(email_id, "bounced")
        [message] = wait_for(
            lambda: engine.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"), "the bounce"
        )
        event = json.loads(message["Body"])
        assert event["source"] == "sesmailengine"
        assert event["detail-type"] == "Email Status Changed"
        assert event["detail"]["emailId"] == bounced
        assert event["detail"]["bounceType"] == "Permanent"
    finally:
        engine.events.remove_targets(Rule=RULE, EventBusName=bus, Ids=["queue"])
        engine.events.delete_rule(Name=RULE, EventBusName=bus)
        engine.sqs.delete_queue(QueueUrl=queue)
