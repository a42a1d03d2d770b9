"""The tools as an MCP server: names, descriptions and schemas for the agent's model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from sesmail_cli import __version__
from sesmail_cli.agent.tools import (
    AgentTools,
    EmailInfo,
    PreviewInfo,
    SuppressionInfo,
    TemplateInfo,
    ToolFailure,
    failure_of_aws,
)
from sesmail_layer.domain.errors import TransientError

_INSTRUCTIONS = (
    "Send email by installed templates: you give the data, people wrote the words. Every answer about an email has "
    "'whatToDo'. Do exactly that. An email that is held goes by itself: never send it a second time in another form."
)
_READS = ToolAnnotations(read_only_hint=True)

EmailId = Annotated[
    str, Field(description="What the email is about, such as ticket-4711-reply-2: the same id is the same email.")
]
Template = Annotated[str, Field(description="A name of list_templates.")]
Data = Annotated[dict[str, Any], Field(description="The template's variables.")]
To = Annotated[str, Field(description="One address, from a record: never a guess.")]
Address = Annotated[str, Field(description="One email address.")]
Locale = Annotated[str | None, Field(description="The recipient's language, such as fr-CA.")]


class _McpTools:
    """The tools with the descriptions that a model reads."""

    def __init__(self, tools: AgentTools) -> None:
        self._tools = tools

    def list_templates(self) -> list[TemplateInfo]:
        """List the templates that you may send, with the variables that each requires and takes."""
        with self._failures():
            return self._tools.list_templates()

    def preview_email(self, template: Template, data: Data, locale: Locale = None) -> PreviewInfo:
        """Render an email as it would arrive; sends nothing."""
        with self._failures():
            return self._tools.preview_email(template, data, locale)

    def send_email(self, emailId: EmailId, to: To, template: Template, data: Data, locale: Locale = None) -> EmailInfo:
        """Send one email to one person. The answer says what became of it so far, and what to do."""
        with self._failures():
            return self._tools.send_email(emailId, to, template, data, locale)

    def email_status(self, emailId: EmailId) -> EmailInfo:
        """Return the status of an email that you sent, and what to do."""
        with self._failures():
            return self._tools.email_status(emailId)

    def is_suppressed(self, address: Address) -> SuppressionInfo:
        """Return whether an address gets no mail, because it bounced, complained or unsubscribed."""
        with self._failures():
            return self._tools.is_suppressed(address)

    def cancel_email(self, emailId: EmailId) -> EmailInfo:
        """Cancel an email that you sent and that SES does not have yet."""
        with self._failures():
            return self._tools.cancel_email(emailId)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except ToolFailure as failure:
            raise ToolError(str(failure)) from failure
        except (BotoCoreError, ClientError, TransientError) as error:
            raise ToolError(str(failure_of_aws(error))) from error


def build_server(tools: AgentTools) -> MCPServer[Any]:
    """Return a server with the six tools."""
    server: MCPServer[Any] = MCPServer("sesmail", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING")
    mcp_tools = _McpTools(tools)
    for read in (mcp_tools.list_templates, mcp_tools.preview_email, mcp_tools.email_status, mcp_tools.is_suppressed):
        server.add_tool(read, annotations=_READS)
    for change in (mcp_tools.send_email, mcp_tools.cancel_email):
        server.add_tool(change)
    return server
