"""The producers' clients, installed from what a release contains, against the deployed engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from localcloud.paths import REPOSITORY
from localcloud.ses.mailbox_simulator import SIMULATOR_DOMAIN
from localcloud.snippets import snippet
from localcloud.subscriber import StatusSubscriber
from localcloud.wait import wait_for
from sesmail_client import EmailBounced, EmailFailed, id_about, parse_status
from sesmail_client.names import snake_case
from tests.docs.pages import DOCS
from tests.e2e.harness.engine import EngineUnderTest
from tests.e2e.harness.shell import run_in_shell, typescript_folder_with_client
from tests.release.wheel import build_client_wheel, install_client_wheel

INTEGRATION = DOCS / "integration.md"
README = REPOSITORY / "README.md"
SOURCE = "shop.orders"

Run = Callable[..., str]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the built wheel and boto3, and nothing of the clone."""
    folder = tmp_path_factory.mktemp("environment")
    install_client_wheel(build_client_wheel(tmp_path_factory.mktemp("wheel")), folder)
    return folder


@pytest.fixture
def run_python(engine: EngineUnderTest, environment: Path, tmp_path: Path) -> Run:
    """Run a program with the installed client; return what it prints."""

    def run(code: str, **variables: str) -> str:
        (tmp_path / "program.py").write_text(code)
        exports = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
        return run_in_shell(
            engine.emulator, f"{exports}unset PYTHONPATH\n{environment}/bin/python program.py", tmp_path
        )

    return run


@pytest.fixture
def run_typescript(engine: EngineUnderTest) -> Run:
    """Run a program with the installed archive; return what it prints."""

    def run(code: str, **variables: str) -> str:
        folder = typescript_folder_with_client()
        (folder / "program.ts").write_text(code)
        exports = "".join(f"export {name}='{value}'\n" for name, value in variables.items())
        return run_in_shell(engine.emulator, f"{exports}npx --no-install tsx program.ts", folder)

    return run


@pytest.fixture(scope="module")
def status_queue(engine: EngineUnderTest) -> Iterator[str]:
    """The URL of a queue with the status events."""
    subscriber = StatusSubscriber(
        engine.events, engine.sqs, engine.outputs["event_bus_name"], engine.name, "client-statuses"
    )
    yield engine.sqs.get_queue_url(QueueName=subscriber.name)["QueueUrl"]
    subscriber.remove()


def mails_of(engine: EngineUnderTest, email_id: str) -> int:
    return sum(mail.tag("emailId") == email_id for mail in engine.mails())


def test_the_python_snippet_of_the_page_sends_one_email_however_often_it_runs(
    engine: EngineUnderTest, run_python: Run
) -> None:
    code = snippet(INTEGRATION, "python", "order-4710 confirmation")
    assert [run_python(code), run_python(code)] == [id_about("order-4710 confirmation") + "\n"] * 2
    email_id = id_about("order-4710 confirmation")
    record = engine.wait_for_status(email_id, "delivered")
    assert (record["originalSource"], record["metadata"]) == (SOURCE, {"orderId": "4710"})
    engine.wait_until_idle()
    assert mails_of(engine, email_id) == 1


def test_the_python_snippet_of_the_readme_sends_an_email(engine: EngineUnderTest, run_python: Run) -> None:
    before = {record["emailId"] for record in engine.records()}
    run_python(snippet(README, "python", "SESMailClient"))
    engine.wait_until_idle()
    [record] = [record for record in engine.records() if record["emailId"] not in before]
    assert record["originalSource"] == "my.application"
    engine.wait_for_status(record["emailId"], "delivered")


def test_the_python_snippet_for_many_puts_every_email_on_the_bus(engine: EngineUnderTest, run_python: Run) -> None:
    assert run_python(snippet(INTEGRATION, "python", "send_many")) == "10 on the bus\n20 on the bus\n25 on the bus\n"
    for number in range(25):
        email_id = id_about(f"newsletter 2026-12 for reader {number}")
        record = engine.wait_for_status(email_id, "delivered", seconds=60)
        assert record["tags"] == ["newsletter-2026-12"]


def test_python_waits_for_the_status_of_an_email(run_python: Run, status_queue: str) -> None:
    code = snippet(INTEGRATION, "python", "StatusQueue")
    assert run_python(code, STATUS_QUEUE_URL=status_queue) == "delivered\n"


WAITS_FOR_WHAT_NEVER_COMES = f"""
import os
from sesmail_client import SESMailClient
from sesmail_client.testing import StatusQueue, WaitError
emails = SESMailClient("{SOURCE}")
statuses = StatusQueue(os.environ["STATUS_QUEUE_URL"])
data = {{"userName": "John", "companyName": "My Company"}}
bounced = emails.send(to="bounce@{SIMULATOR_DOMAIN}", template_name="welcome", template_data=data)
failed = emails.send(to="john@example.com", template_name="missing")
for email_id in (bounced, failed):
    try:
        statuses.wait_for(email_id)
    except WaitError as error:
        print(str(error).removeprefix(email_id))
"""


def test_python_stops_waiting_where_the_status_never_comes(
    engine: EngineUnderTest, run_python: Run, status_queue: str
) -> None:
    bounced, failed = run_python(WAITS_FOR_WHAT_NEVER_COMES, STATUS_QUEUE_URL=status_queue).splitlines()
    assert bounced.startswith(": waited for delivered, found ")
    assert "bounced" in bounced
    assert failed == ": waited for delivered, found failed (template_not_found: Template 'missing' not found)"
    engine.dynamodb.delete_item(
        TableName=engine.outputs["suppression_table_name"], Key={"email": {"S": f"bounce@{SIMULATOR_DOMAIN}"}}
    )


def test_the_typescript_snippet_of_the_page_sends_one_email_however_often_it_runs(
    engine: EngineUnderTest, run_typescript: Run
) -> None:
    code = snippet(INTEGRATION, "typescript", "order-4709 confirmation")
    email_id = id_about("order-4709 confirmation")
    assert [run_typescript(code), run_typescript(code)] == [f"{email_id}\n"] * 2
    record = engine.wait_for_status(email_id, "delivered")
    assert (record["originalSource"], record["metadata"]) == (SOURCE, {"orderId": "4709"})
    engine.wait_until_idle()
    assert mails_of(engine, email_id) == 1


def test_python_and_typescript_ask_for_the_same_email(
    engine: EngineUnderTest, run_python: Run, run_typescript: Run
) -> None:
    """The fingerprint of the request is the same: the second is no conflict, and nothing is sent."""
    run_python(
        "from sesmail_client import SESMailClient\n"
        f"SESMailClient('{SOURCE}').send(to='john@example.com', template_name='welcome', about='both',\n"
        "    template_data={'userName': 'Jöhn', 'companyName': 'A'}, tags=['a'], locale=None)\n"
    )
    run_typescript(
        "import { SESMailClient } from '@sesmail/client';\n"
        f"await new SESMailClient('{SOURCE}').send({{ to: 'john@example.com', templateName: 'welcome', about: 'both',\n"
        "  templateData: { companyName: 'A', userName: 'Jöhn' }, tags: ['a'], locale: undefined });\n"
    )
    engine.wait_for_status(id_about("both"), "delivered")
    engine.wait_until_idle()
    assert mails_of(engine, id_about("both")) == 1
    assert not [record for record in engine.records() if record.get("conflictsWith") == id_about("both")]


def test_the_typescript_snippet_of_the_readme_sends_an_email(engine: EngineUnderTest, run_typescript: Run) -> None:
    before = {record["emailId"] for record in engine.records()}
    run_typescript(snippet(README, "typescript", "SESMailClient"))
    engine.wait_until_idle()
    [record] = [record for record in engine.records() if record["emailId"] not in before]
    engine.wait_for_status(record["emailId"], "delivered")


def test_the_typescript_snippet_for_many_puts_every_email_on_the_bus(
    engine: EngineUnderTest, run_typescript: Run
) -> None:
    assert run_typescript(snippet(INTEGRATION, "typescript", "sendMany")) == "10 on the bus\n12 on the bus\n"
    for number in range(12):
        engine.wait_for_status(id_about(f"newsletter 2027-01 for reader {number}"), "delivered", seconds=60)


def test_typescript_waits_for_the_status_of_an_email(run_typescript: Run, status_queue: str) -> None:
    code = snippet(INTEGRATION, "typescript", "StatusQueue")
    assert run_typescript(code, STATUS_QUEUE_URL=status_queue) == "delivered\n"


def test_a_cancellation_is_put_on_the_bus_under_the_producers_source(engine: EngineUnderTest, run_python: Run) -> None:
    subscriber = StatusSubscriber(
        engine.events,
        engine.sqs,
        engine.outputs["event_bus_name"],
        SOURCE,
        "client-cancellations",
        ("Email Cancel Requested",),
    )
    try:
        run_python(
            "from sesmail_client import SESMailClient\n"
            f"emails = SESMailClient('{SOURCE}')\n"
            "emails.cancel(email_id='order-4711')\n"
            "emails.cancel(tag='spring-sale')\n"
        )
        wait_for(lambda: len(subscriber.collect()) == 2, "both cancellations")
    finally:
        subscriber.remove()
    details = sorted(json.dumps(event["detail"]) for event in subscriber.received)
    assert details == ['{"emailId": "order-4711"}', '{"tag": "spring-sale"}']


def test_every_status_event_of_this_run_is_read_whole(engine: EngineUnderTest) -> None:
    engine.put_email_request_and_wait(f"bounce+client@{SIMULATOR_DOMAIN}", "bounced")
    engine.put_email_request_and_wait("reader@example.com", "failed", templateName="missing")
    published = [event for event in engine.subscriber.collect() if event["detail-type"] == "Email Status Changed"]
    kinds = set()
    for event in published:
        found = parse_status(event)
        kinds.add(type(found))
        for name, value in event["detail"].items():
            read = getattr(found, snake_case(name))
            assert (datetime.fromisoformat(value) if isinstance(read, datetime) else value) == read, name
    assert kinds >= {EmailBounced, EmailFailed}
