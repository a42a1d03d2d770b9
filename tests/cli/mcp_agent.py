"""A scripted agent with tools that send through the real sender on moto."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.mcpserver import MCPServer

from sesmail_cli.agent.server import build_server
from sesmail_cli.agent.tools import AgentTools
from sesmail_cli.operator.engine import Engine
from tests.cli.conftest import ACCOUNT_ID, NAME, REGION, MotoEngine
from tests.cli.moto_sender import MotoSender, WaitingClock, install_template
from tools.simulation.environment import environment

AGENT = "support.agent"
POLICY = {
    "pk": {"S": f"producer#{AGENT}"},
    "templates": {"L": [{"S": "support-*"}]},
    "senders": {"L": [{"S": "no-reply@example.com"}]},
    "firstContactsPerHour": {"N": "2"},
    "emailsPerDay": {"N": "5"},
}
DATA = {"userName": "Ada", "answer": "it is fixed."}


def without(names: Iterable[str]) -> dict[str, Any]:
    """Return the policy with these limits left out."""
    return {name: value for name, value in POLICY.items() if name not in names}


class Agent:
    """A scripted agent: calls tools, reads answers."""

    def __init__(self, server: MCPServer[Any]) -> None:
        self._server = server

    def call(self, tool: str, **arguments: Any) -> Any:
        """Return the structured answer, or the text of an error."""

        async def run() -> Any:
            async with Client(self._server) as client:
                return await client.call_tool(tool, arguments)

        answer = anyio.run(run)
        if answer.is_error:
            return answer.content[0].text
        return answer.structured_content

    def tools(self) -> Any:
        async def run() -> Any:
            async with Client(self._server) as client:
                return (await client.list_tools()).tools

        return anyio.run(run)

    def send(self, email_id: str, address: str, **changes: Any) -> Any:
        return self.call(
            "send_email", **{"emailId": email_id, "to": address, "template": "support-answer", "data": DATA} | changes
        )


@pytest.fixture(name="sender")
def sender_fixture(engine: MotoEngine, monkeypatch: pytest.MonkeyPatch) -> MotoSender:
    # The SDK runs tools in threads, which have no signals.
    monkeypatch.setattr("sesmail_layer.composition.email_sender.time_limit", lambda _seconds: nullcontext())
    bucket = f"{NAME}-templates-{ACCOUNT_ID}"
    engine.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    install_template(engine, "support-answer")
    install_template(engine, "newsletter")
    engine.subscribe()
    engine.configure(**environment())
    engine.dynamodb.put_item(TableName=f"{NAME}-Control", Item=POLICY)
    return MotoSender(engine)


@pytest.fixture(name="tools")
def tools_fixture(sender: MotoSender) -> AgentTools:
    engine = Engine(NAME)
    engine.clock = WaitingClock(sender)
    return AgentTools(engine, AGENT, wait_seconds=5)


@pytest.fixture(name="agent")
def agent_fixture(tools: AgentTools) -> Agent:
    return Agent(build_server(tools))
