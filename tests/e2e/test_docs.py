"""The documentation's snippets, word for word, against the deployed engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from localcloud.mailbox import Mail
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.wait import wait_for
from tests.docs.pages import DOCS, Block, blocks, producer_snippet
from tests.e2e.harness.cli import sesmail_json
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.shell import run_in_shell, typescript_folder_with_client

STATUS_SCHEMA = json.loads((DOCS / "schemas/email-status-changed.schema.json").read_text())
SOURCE = "shop.orders"
PDF = b"%PDF-1.7 ..."
WELCOME = {"templateName": "welcome", "templateData": {"userName": "John", "companyName": "My Company"}}


def run_python(engine: EngineUnderTest, containing: str, folder: Path) -> str:
    """Run a snippet in a folder with the pages' own emails.py and request.json, as a reader would."""
    (folder / "emails.py").write_text(producer_snippet("python", "def request_email("))
    (folder / "request.json").write_text(producer_snippet("json", "order-4711-confirmation"))
    (folder / "invoice.pdf").write_bytes(PDF)
    (folder / "snippet.py").write_text(producer_snippet("python", containing))
    return run_in_shell(engine.emulator, "python snippet.py", folder)


def run_typescript(engine: EngineUnderTest, containing: str, program: str = "") -> str:
    """Run a snippet, or a program that uses it as `./snippet`, in a folder with the pages' own emails.ts."""
    folder = typescript_folder_with_client()
    (folder / "emails.ts").write_text(producer_snippet("typescript", "function requestEmail("))
    (folder / "invoice.pdf").write_bytes(PDF)
    (folder / "snippet.ts").write_text(producer_snippet("typescript", containing))
    (folder / "program.ts").write_text(program)
    return run_in_shell(engine.emulator, f"npx --no-install tsx {'program' if program else 'snippet'}.ts", folder)


def run_cli(engine: EngineUnderTest, containing: str, folder: Path) -> str:
    """Save a page's JSON block as request.json and send it with the command of send.md."""
    (folder / "request.json").write_text(producer_snippet("json", containing))
    return run_in_shell(engine.emulator, producer_snippet("bash", "Detail@=file://request.json"), folder)


def mail_of(engine: EngineUnderTest, email_id: str) -> Mail:
    record = engine.wait_for_status(email_id, "delivered")
    [mail] = [mail for mail in engine.mails() if mail.message_id == record["sesMessageId"]]
    return mail


def test_the_python_snippet_sends_an_email_that_the_look_ups_find(engine: EngineUnderTest, tmp_path: Path) -> None:
    assert run_python(engine, "def request_email(", tmp_path) == "order-4711-confirmation\n"
    assert "Desk lamp" in mail_of(engine, "order-4711-confirmation").body("html")
    record = engine.record("order-4711-confirmation") or {}
    assert record["originalSource"] == SOURCE
    assert record["metadata"] == {"orderId": "4711"}
    by_id = run_python(engine, 'record["history"]', tmp_path).split()
    assert by_id[0] == "delivered"
    assert by_id[-1] == "delivered"
    by_recipient = run_python(engine, "to-email-timestamp-index", tmp_path)
    assert "order-4711-confirmation delivered" in by_recipient


def test_the_same_request_by_the_cli_is_the_same_email(engine: EngineUnderTest, tmp_path: Path) -> None:
    run_python(engine, "def request_email(", tmp_path)
    first = mail_of(engine, "order-4711-confirmation")
    answer = json.loads(run_cli(engine, "order-4711-confirmation", tmp_path))
    assert answer["FailedEntryCount"] == 0
    engine.wait_until_idle()
    mails = [mail for mail in engine.mails() if mail.tag("emailId") == "order-4711-confirmation"]
    assert [mail.message_id for mail in mails] == [first.message_id]
    assert engine.record(f"email-{answer['Entries'][0]['EventId']}") is None


def test_the_typescript_snippet_sends_an_email(engine: EngineUnderTest) -> None:
    run_typescript(engine, "order-4712-confirmation")
    assert "4712" in mail_of(engine, "order-4712-confirmation").body("plain")


def test_scheduled_emails_wait(engine: EngineUnderTest, tmp_path: Path) -> None:
    run_python(engine, "reminder-4712", tmp_path)
    run_typescript(engine, "reminder-4713")
    try:
        for email_id in ("reminder-4712", "reminder-4713"):
            record = engine.wait_for_status(email_id, "deferred")
            assert record["deferReason"] == "scheduled"
        # The status is published before the request is requeued; only what is in the queue is purged.
        wait_for(lambda: engine.depth("RetryQueue") == 2, "both requests to wait on the retry queue")
    finally:
        engine.purge("RetryQueue")


def test_a_scheduled_request_may_be_json(engine: EngineUnderTest, tmp_path: Path) -> None:
    """Its date is the page's and may be past: then it is sent at once, or has expired."""
    run_cli(engine, "reminder-4711", tmp_path)
    record = engine.wait_for_status("reminder-4711", "deferred", "delivered", "failed")
    assert record.get("errorType", "expired") == "expired"
    if record["status"] == "deferred":
        wait_for(lambda: engine.depth("RetryQueue") == 1, "the request to wait on the retry queue")
        engine.purge("RetryQueue")


def test_attachments_arrive(engine: EngineUnderTest, tmp_path: Path) -> None:
    run_cli(engine, "invoice-2026-0001", tmp_path)
    run_python(engine, "invoice-2026-0002", tmp_path)
    run_typescript(engine, "invoice-2026-0003")
    for email_id, name, kind, content in (
        ("invoice-2026-0001", "terms.txt", "text/plain", "The terms.\n"),
        ("invoice-2026-0002", "invoice-2026-0002.pdf", "application/pdf", PDF),
        ("invoice-2026-0003", "invoice-2026-0003.pdf", "application/pdf", PDF),
    ):
        [attached] = mail_of(engine, email_id).parsed.iter_attachments()
        assert attached.get_filename() == name
        assert attached.get_content_type() == kind
        assert attached.get_content() == content


OWN_PAGE = "https://example.com/unsubscribe"


def test_one_click_unsubscribe_writes_the_headers_that_the_page_shows(engine: EngineUnderTest, tmp_path: Path) -> None:
    [entry] = json.loads(run_cli(engine, OWN_PAGE, tmp_path))["Entries"]
    mail = mail_of(engine, f"email-{entry['EventId']}")
    for line in producer_snippet("text", OWN_PAGE).splitlines():
        name, _, value = line.partition(": ")
        assert mail.parsed[name] == value


def test_the_batch_helper_puts_every_request_on_the_bus(engine: EngineUnderTest, tmp_path: Path) -> None:
    assert run_python(engine, "def request_emails", tmp_path) == "25 on the bus, 0 refused\n"
    for number in range(25):
        engine.wait_for_status(f"newsletter-2026-11:{number}", "delivered", seconds=60)


def test_the_typescript_batch_helper_puts_every_request_on_the_bus(engine: EngineUnderTest) -> None:
    program = """
        import { requestEmails } from './snippet';
        const requests = Array.from({ length: 12 }, (_, number) => ({
          emailId: `typescript:${number}`, to: `reader${number}@example.com`, templateName: 'welcome',
          templateData: { userName: 'Reader', companyName: 'My Company' },
        }));
        console.log((await requestEmails(requests, 'shop.orders')).length);
    """
    assert run_typescript(engine, "function requestEmails(", program) == "0\n"
    for number in range(12):
        engine.wait_for_status(f"typescript:{number}", "delivered")


def test_the_typescript_batch_helper_retries_what_is_rejected(engine: EngineUnderTest) -> None:
    program = """
        import { requestEmails } from './snippet';
        const calls: string[][] = [];
        const client: any = { send: async (command: any) => {
          const ids = command.input.Entries.map((entry: any) => JSON.parse(entry.Detail).emailId);
          calls.push(ids);
          return { Entries: ids.map((id: string) => id === 'never' || (id === 'late' && calls.length < 3)
            ? { ErrorCode: 'ThrottlingException' } : { EventId: id }) };
        } };
        const ids = ['never', 'late', ...Array.from({ length: 10 }, (_, n) => `e${n}`)];
        const requests = ids.map((emailId) => ({ emailId, to: 'a@example.com', templateName: 'welcome' }));
        const left = await requestEmails(requests, 'shop.orders', { tries: 3, client });
        const sizes = calls.map((call) => call.length);
        console.log(JSON.stringify([left.map((request) => request.emailId), sizes, calls[2]]));
    """
    printed = json.loads(run_typescript(engine, "function requestEmails(", program))
    assert printed == [["never"], [10, 2, 2, 1], ["never", "late"]]


def test_a_batch_on_the_command_line(engine: EngineUnderTest, tmp_path: Path) -> None:
    assert run_in_shell(engine.emulator, producer_snippet("bash", "batch:2"), tmp_path) == "0\n"
    engine.wait_for_status("batch:1", "delivered")
    engine.wait_for_status("batch:2", "delivered")


def test_the_subscription_delivers_a_bounce_that_both_handlers_handle(engine: EngineUnderTest, tmp_path: Path) -> None:
    run_in_shell(engine.emulator, producer_snippet("bash", "sqs create-queue"), tmp_path)
    queue = engine.sqs.get_queue_url(QueueName="shop-email-statuses")["QueueUrl"]
    try:
        address = f"bounce+docs@{SIMULATOR_DOMAIN}"
        email_id = engine.put_email_request(address, source=SOURCE)
        engine.wait_for_status(email_id, "bounced")
        [message] = wait_for(
            lambda: engine.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"), "the bounce"
        )
        assert handled_in_python(message["Body"]) == [address]
        assert handled_in_typescript(engine, message["Body"]) == f"stop writing to {address}\n"
    finally:
        bus = engine.outputs["event_bus_name"]
        engine.events.remove_targets(Rule="shop-email-statuses", EventBusName=bus, Ids=["queue"])
        engine.events.delete_rule(Name="shop-email-statuses", EventBusName=bus)
        engine.sqs.delete_queue(QueueUrl=queue)


def handled_in_python(body: str) -> list[str]:
    """Run the page's handler on this message and a broken one; return the addresses that it stops writing to."""
    stopped: list[str] = []
    page: dict[str, Any] = {}
    exec(producer_snippet("python", "def handler("), page)
    page["stop_writing_to"] = stopped.append
    event = {"Records": [{"messageId": "good", "body": body}, {"messageId": "bad", "body": "{}"}]}
    assert page["handler"](event, None) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    return stopped


def handled_in_typescript(engine: EngineUnderTest, body: str) -> str:
    event = {"Records": [{"messageId": "good", "body": body}, {"messageId": "bad", "body": "no JSON"}]}
    program = (
        "import { handler } from './snippet';\n"
        f"const answer = await handler({json.dumps(event)});\n"
        "if (answer.batchItemFailures.length !== 1) throw new Error('one message is broken');\n"
    )
    return run_typescript(engine, "export async function handler", program)


def reading_blocks() -> list[Block]:
    found = list(blocks(DOCS / "ai/DIAGNOSTIC_QUERIES.md"))
    found += [
        block
        for page in ("troubleshooting.md", "metrics.md", "bounce-rate-protection.md")
        for block in blocks(DOCS / page)
        if block.language == "bash" and not writes(block.code)
    ]
    return found


def writes(code: str) -> bool:
    """Whether the block changes something, or continues another one."""
    marks = ("delete-", "remove ", "send-message", "move-task", "sesmail pause", "suppression add", '"$arn"', "redrive")
    return any(mark in code for mark in marks)


@pytest.mark.parametrize("block", reading_blocks(), ids=lambda block: block.name)
def test_a_diagnostic_command_works(engine: EngineUnderTest, block: Block, tmp_path: Path) -> None:
    run_in_shell(engine.emulator, block.code, tmp_path)


def test_redrive_delivers_what_the_bus_could_not(engine: EngineUnderTest) -> None:
    detail = {"emailId": "redriven", "to": f"success+redriven@{SIMULATOR_DOMAIN}", **WELCOME}
    event = {"id": "7e1c", "source": SOURCE, "detail-type": "Email Request", "time": "2026-11-24T10:31:00Z"}
    for number in range(2):
        body = json.dumps(event | {"id": f"7e1c-{number}", "detail": detail | {"emailId": f"redriven-{number}"}})
        engine.sqs.send_message(QueueUrl=engine.queue_url("EventBridgeDLQ"), MessageBody=body)
    assert len(sesmail_json(engine, "redrive", "EventBridgeDLQ", "--yes")["moved"]) == 2
    for number in range(2):
        engine.wait_for_status(f"redriven-{number}", "delivered")
    assert engine.depth("EventBridgeDLQ") == 0


def test_a_suppression_is_removed_by_hand(engine: EngineUnderTest, tmp_path: Path) -> None:
    engine.dynamodb.put_item(
        TableName=engine.outputs["suppression_table_name"],
        Item={
            "email": {"S": "recipient@example.com"},
            "suppressionType": {"S": "manual"},
            "reason": {"S": "manual"},
            "addedToSuppressionDate": {"S": "2026-11-24T10:31:00.000Z"},
        },
    )
    found = [b.code for b in blocks(DOCS / "troubleshooting.md") if "delete-suppressed-destination" in b.code]
    [by_hand] = [code.split("aws sesv2")[0] for code in found]
    run_in_shell(engine.emulator, by_hand, tmp_path)
    assert engine.suppression("recipient@example.com") is None


def test_the_first_email_of_the_setup_is_delivered(engine: EngineUnderTest, tmp_path: Path) -> None:
    send, look_up = [b.code for b in blocks(DOCS / "setup.md") if "first-email" in b.code]
    run_in_shell(engine.emulator, send, tmp_path)
    engine.wait_for_status("first-email", "delivered")
    assert run_in_shell(engine.emulator, look_up, tmp_path).split()[0] == "delivered"


def test_every_status_event_of_this_run_is_as_the_schema_says(engine: EngineUnderTest) -> None:
    engine.put_email_request_and_wait(f"success+schema@{SIMULATOR_DOMAIN}")
    engine.put_email_request_and_wait(f"bounce+schema@{SIMULATOR_DOMAIN}", "bounced")
    engine.put_email_request_and_wait(f"complaint+schema@{SIMULATOR_DOMAIN}", "complained")
    engine.put_email_request_and_wait("reader@example.com", "failed", templateName="missing", emailId="schema-failed")
    published = [event for event in engine.subscriber.collect() if event["detail-type"] == "Email Status Changed"]
    assert {event["detail"]["status"] for event in published} >= {
        "sent",
        "delivered",
        "bounced",
        "complained",
        "failed",
    }
    validator = jsonschema.Draft202012Validator(STATUS_SCHEMA, format_checker=jsonschema.FormatChecker())
    for event in published:
        validator.validate(event["detail"])
        assert set(event["detail"]) <= set(STATUS_SCHEMA["$defs"]["StatusEvent"]["properties"])
