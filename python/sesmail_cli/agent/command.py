"""`sesmail mcp`: serve the tools of one producer to an AI agent, on stdin and stdout."""

from __future__ import annotations

from typing import Annotated

import typer

from sesmail_cli.agent.tools import AgentTools
from sesmail_cli.operator.command import OK, CommandContext, UsageError


def mcp(
    context: CommandContext,
    *,
    producer: Annotated[str, typer.Option("--producer", metavar="SOURCE", help="The producer that the agent uses.")],
    wait_seconds: Annotated[
        float, typer.Option("--wait", min=0, max=60, help="Seconds that a call waits for the status of the email.")
    ] = 10,
) -> int:
    """Serve tools to an AI agent over MCP (stdio): list and preview templates, send, status, suppressed, cancel.

    The agent sends as one producer, which must have a policy, and sees and cancels only this producer's emails.
    """
    try:
        from sesmail_cli.agent.server import build_server
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The package {error.name} is missing: install the command with its extra, as in "
            "pipx install './sesmail-1.0.0-py3-none-any.whl[mcp]'."
        ) from error
    tools = AgentTools(context.engine, producer, wait_seconds=wait_seconds)
    context.engine.prepare()
    build_server(tools).run("stdio")
    return OK
