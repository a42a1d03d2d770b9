"""The console on moto: its app, and how often it asks AWS."""

from __future__ import annotations

import html as html_text
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
from botocore.endpoint import Endpoint

from sesmail_cli.console.app import ConsoleApp
from sesmail_cli.operator.engine import Engine
from sesmail_cli.web.server import Request, Response
from tests.cli.conftest import NAME, MotoEngine, engine, past_noon, ses_v2, ses_v2_server
from tests.console.page import Html

__all__ = ["Html", "engine", "past_noon", "ses_v2", "ses_v2_server"]

BASE = "/token/"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[2J\u202e' + 10_000 * "x"


MOST_REQUESTS = 3


class Visitor:
    """Opens pages of the console as a browser does; none may ask AWS more than three times."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app

    def get(self, path: str, query: str = "") -> Response:
        pairs = parse_qsl(query)
        with aws_requests() as asked:
            answer = self._app(Request("GET", path, dict(pairs), b"", pairs))
        assert len(asked) <= MOST_REQUESTS, (path, query, asked)
        return answer

    def read(self, address: str) -> Response:
        """Open a page that may be read in steps, by its address; follow as a browser does."""
        path, _, query = address.removeprefix(BASE).partition("?")
        answer = self.get(unquote(path), query)
        if following := answer.headers.get("Refresh") or answer.headers.get("Location"):
            return self.read(following.removeprefix("0; url="))
        assert answer.status == 200, answer.content
        return answer

    def text(self, path: str, query: str = "") -> str:
        """Return a page's text; it must exist."""
        answer = self.get(path, query)
        assert answer.status == 200, answer.content
        assert isinstance(answer.content, str)
        return answer.content

    def post(self, path: str, *fields: tuple[str, str]) -> Response:
        with aws_requests() as asked:
            answer = self._app(Request("POST", path, {}, urlencode(fields).encode()))
        # A plan is a page; what changes things takes as many requests as it needs.
        assert len(asked) <= MOST_REQUESTS or ("confirmed", "yes") in fields, (path, fields, asked)
        return answer

    def upload(self, path: str, content: bytes, name: str) -> Response:
        """Post a file's bytes."""
        return self._app(Request("POST", path, {"name": name}, content, [("name", name)]))

    def text_of_post(self, path: str, *fields: tuple[str, str]) -> str:
        """Return the page that answers a form."""
        answer = self.post(path, *fields)
        assert answer.status == 200, answer.content
        return str(answer.content)


def confirm(visitor: Visitor, action: str, plan: Html) -> Response:
    """Press a plan's button."""
    assert plan.values("confirmed") == ["yes"], plan.text
    return visitor.post(f"actions/{action}", *plan.hidden(), ("confirmed", "yes"))


def done_text(visitor: Visitor, answer: Response) -> str:
    """Follow an action to its result; return the text."""
    assert answer.status == 303, html_text.unescape(str(answer.content))
    return Html(visitor.text(answer.headers["Location"].removeprefix(BASE))).text


@pytest.fixture
def visitor(engine: MotoEngine) -> Iterator[Visitor]:
    console_engine = Engine(NAME)
    console_engine.prepare()
    app = ConsoleApp(console_engine, lambda: BASE)
    yield Visitor(app)
    app.close()


@contextmanager
def aws_requests() -> Iterator[list[str]]:
    """Collect the operations that AWS is asked for."""
    asked: list[str] = []
    original = Endpoint.make_request

    def counted(self: Endpoint, operation_model: Any, request: Any) -> Any:
        asked.append(operation_model.name)
        return original(self, operation_model, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", counted)
        yield asked


@pytest.fixture
def requests_counted() -> Callable[[], Any]:
    return aws_requests
