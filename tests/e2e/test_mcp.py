"""An agent, scripted with the SDK's client, uses `sesmail mcp` over stdio against the deployed engine."""

from __future__ import annotations

import sys
import uuid
from collections import Counter
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

from tests.e2e.harness.cli import environment
from tests.e2e.harness.engine import EngineUnderTest

AGENT = "support.agent"
# The policy's, and that of the next hour where the run crosses it.
FIRST_CONTACTS = 2
RUN = uuid.uuid4().hex[:8]
DATA = {"userName": "Ada", "companyName": "My Company"}


async def send(client: Client, number: int, email_id: str = "") -> Any:
    """Send to a new person; return the answer's structure."""
    arguments = {
        "emailId": email_id or f"ticket-{RUN}-{number}",
        "to": f"customer{number}-{RUN}@example.org",
        "template": "welcome",
        "data": DATA,
    }
    return (await client.call_tool("send_email", arguments)).structured_content


async def session(engine: EngineUnderTest) -> None:
    arguments = ["-m", "sesmail_cli", "mcp", "--producer", AGENT, "--wait", "30"]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment(engine))
    async with Client(server) as client:
        listed = (await client.call_tool("list_templates", {})).structured_content
        assert [each["template"] for each in listed["result"]] == ["welcome"]
        preview = await client.call_tool("preview_email", {"template": "welcome", "data": DATA})
        assert "Ada" in preview.structured_content["text"]

        answers = [await send(client, number) for number in range(2 * FIRST_CONTACTS + 1)]
        stopped = answers[-1]
        assert (stopped["status"], stopped["reason"]) == ("deferred", "first_contacts")
        assert "Do not send it under another emailId" in stopped["whatToDo"]

        # Round the limit: another id, the same id, another template.
        last = 2 * FIRST_CONTACTS
        assert (await send(client, last, f"other-{RUN}"))["reason"] == "first_contacts"
        assert (await send(client, last))["status"] == "deferred"
        denied = await client.call_tool(
            "send_email", {"emailId": f"x-{RUN}", "to": "a@example.org", "template": "invoice", "data": {}}
        )
        assert denied.is_error
        assert "templateName 'invoice' is not among" in denied.content[0].text  # type: ignore[union-attr]

        waiting = [answer["emailId"] for answer in answers if answer["status"] == "deferred"]
        for email_id in (*waiting, f"other-{RUN}"):
            cancelled = (await client.call_tool("cancel_email", {"emailId": email_id})).structured_content
            assert cancelled["errorType"] == "cancelled"


def test_an_agent_is_stopped_by_first_contacts_reads_why_and_finds_no_way_round(engine: EngineUnderTest) -> None:
    anyio.run(session, engine)

    engine.wait_until_idle(queues=("EmailQueue", "FeedbackQueue"))
    mailed = Counter(mail.destinations[0] for mail in engine.mails() if f"-{RUN}@" in mail.destinations[0])
    assert set(mailed.values()) == {1}
    assert FIRST_CONTACTS <= len(mailed) <= 2 * FIRST_CONTACTS
    assert f"customer{2 * FIRST_CONTACTS}-{RUN}@example.org" not in mailed
    # The cancelled emails' messages come up within 15 minutes; later tests wait for empty queues.
    engine.purge("RetryQueue")
