"""`sesmail mcp` as a process of its own: its stdout has the protocol and nothing else."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from localcloud.paths import REPOSITORY

AGENT = "support.agent"
POLICY = {
    "pk": {"S": f"producer#{AGENT}"},
    "templates": {"L": [{"S": "support-*"}]},
    "senders": {"L": [{"S": "support@example.com"}]},
    "emailsPerDay": {"N": "5"},
}


class _Aws(BaseHTTPRequestHandler):
    """DynamoDB with the agent's policy and no other item; every other service denies."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target", "")
        if not target.endswith("BatchGetItem"):
            self._answer(400, {"__type": "AccessDeniedException", "message": "denied"})
            return
        [(table, asked)] = json.loads(body)["RequestItems"].items()
        found = [POLICY] if {"pk": POLICY["pk"]} in asked["Keys"] else []
        self._answer(200, {"Responses": {table: found}, "UnprocessedKeys": {}})

    def do_GET(self) -> None:
        self._answer(403, {"__type": "AccessDeniedException", "message": "denied"})

    def _answer(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_client_starts_it_and_calls_tools_over_stdio(endpoint: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SESMAIL_"))}
    aws = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "sesmail_cli", "mcp", "--producer", AGENT, "--wait", "0"],
        env=inherited | aws | keys | {"PYTHONPATH": str(REPOSITORY / "python")},
    )

    async def session() -> tuple[set[str], list[str]]:
        async with Client(server) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            unknown = await client.call_tool("email_status", {"emailId": "ticket-1"})
            denied = await client.call_tool("is_suppressed", {"address": "ada@example.com"})
            return names, [answer.content[0].text for answer in (unknown, denied)]  # type: ignore[union-attr]

    names, (unknown, denied) = anyio.run(session)

    assert "send_email" in names
    assert "This producer has no email with this emailId" in unknown
    assert "Tell a person: AWS failed (GetParameter: AccessDeniedException)." in denied
    assert "ada@" not in denied
