"""The part of CloudFormation that `sesmail migrate` reads, over HTTP: moto's needs a dozen more packages.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_NESTED = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class FakeStack:
    template: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, str]
    """Physical ids by logical id; those that are names of other stacks are nested stacks."""
    status: str = "CREATE_COMPLETE"
    parent: str = ""


class CloudFormation:
    """Listens on a free port, for `AWS_ENDPOINT_URL_CLOUDFORMATION`."""

    def __init__(self) -> None:
        self.stacks: dict[str, FakeStack] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, action: str, name: str) -> tuple[int, str]:
        stack = self.stacks.get(name)
        if stack is None:
            error = f"<Code>ValidationError</Code><Message>Stack with id {name} does not exist</Message>"
            return 400, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        match action:
            case "DescribeStacks":
                parameters = _members(stack.parameters, "ParameterKey", "ParameterValue")
                outputs = _members(stack.outputs, "OutputKey", "OutputValue")
                content = (
                    f"<Stacks><member><StackName>{name}</StackName><StackStatus>{stack.status}</StackStatus>"
                    f"{f'<ParentId>{stack.parent}</ParentId>' if stack.parent else ''}"
                    "<CreationTime>2026-01-01T00:00:00Z</CreationTime>"
                    f"<Parameters>{parameters}</Parameters><Outputs>{outputs}</Outputs></member></Stacks>"
                )
            case "ListStackResources":
                members = "".join(
                    f"<member><LogicalResourceId>{escape(logical_id)}</LogicalResourceId>"
                    f"<PhysicalResourceId>{escape(name)}</PhysicalResourceId>"
                    f"<ResourceType>{_NESTED if name in self.stacks else 'x'}</ResourceType></member>"
                    for logical_id, name in stack.resources.items()
                )
                content = f"<StackResourceSummaries>{members}</StackResourceSummaries>"
            case _:
                content = f"<TemplateBody>{escape(stack.template)}</TemplateBody>"
        return 200, f"<{action}Response><{action}Result>{content}</{action}Result></{action}Response>"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                status, text = server.answer(request["Action"][0], request["StackName"][0])
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        return Handler


def _members(values: Mapping[str, str], key: str, value: str) -> str:
    return "".join(
        f"<member><{key}>{escape(name)}</{key}><{value}>{escape(given)}</{value}></member>"
        for name, given in values.items()
    )
