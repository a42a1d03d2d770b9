"""`sesmail console`: what it prints, and whom its server answers."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sesmail_cli.console.app import ConsoleServer, make_server
from sesmail_cli.operator.engine import Engine
from sesmail_cli.web.server import LocalServer, Request, Response
from tests.cli.conftest import NAME, MotoEngine, sesmail, sesmail_json


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    return opened


@pytest.fixture
def server(engine: MotoEngine) -> Iterator[LocalServer]:
    console_engine = Engine(NAME)
    console_engine.prepare()
    made = make_server(console_engine, "the-token")
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def ask(server: LocalServer, method: str, path: str, headers: Mapping[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
    connection.request(method, path, headers=dict(headers or {}))
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_the_command_prints_the_url_and_opens_it(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, no_browser: list[str]
) -> None:
    monkeypatch.setattr(LocalServer, "serve_forever", interrupted)
    answer = sesmail("console")
    assert answer.exit_code == 0, answer.output
    url = re.search(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", answer.stdout)
    assert url is not None
    assert no_browser == [url[0]]
    assert sesmail_json("console", "--no-open")["url"] != url[0]
    assert len(no_browser) == 1


def test_a_folder_of_templates_can_be_seen_and_one_that_is_not_there_is_named(
    engine: MotoEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders: list[Path | None] = []
    monkeypatch.setattr(LocalServer, "serve_forever", interrupted)
    original = ConsoleServer.__init__

    def kept(self: ConsoleServer, engine: Engine, token: str, port: int, folder: Path | None = None) -> None:
        folders.append(folder)
        original(self, engine, token, port, folder)

    monkeypatch.setattr(ConsoleServer, "__init__", kept)
    assert sesmail("console", "--no-open", "--templates", str(tmp_path)).exit_code == 0
    monkeypatch.chdir(tmp_path)
    assert sesmail("console", "--no-open").exit_code == 0
    answer = sesmail("console", "--no-open", "--templates", "nowhere")
    assert (answer.exit_code, folders) == (2, [tmp_path, None])
    assert "--templates: there is no folder nowhere." in answer.stderr


def test_a_port_that_is_taken_is_named(engine: MotoEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = sesmail("console", "--port", str(port))
    assert answer.exit_code == 2
    assert f"Port {port} cannot be used" in answer.stderr


def test_an_engine_that_does_not_exist_ends_the_command(engine: MotoEngine) -> None:
    answer = sesmail("--name", "other", "console")
    assert answer.exit_code == 2
    assert "There is no engine 'other'" in answer.stderr


@pytest.mark.parametrize(
    "path", ["/", "/emails", "/another-token/", "/the-token", "/console.css", "/design/design.css"]
)
def test_without_the_token_nothing_is_answered(server: LocalServer, path: str) -> None:
    assert ask(server, "GET", path) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_from_elsewhere_is_refused(server: LocalServer, method: str, headers: Mapping[str, str]) -> None:
    assert ask(server, method, "/the-token/", headers) == 403


def test_a_request_line_that_is_no_address_is_refused(server: LocalServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 400 " in connection.recv(100)


def test_an_action_needs_its_own_origin(server: LocalServer) -> None:
    assert ask(server, "POST", "/the-token/actions/pause") == 403
    assert ask(server, "GET", "/the-token/") == 200


def test_a_page_that_fails_says_so_and_the_server_goes_on(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = server.app

    def broken(request: Request) -> Response:
        if request.path == "broken":
            raise ZeroDivisionError
        return app(request)

    monkeypatch.setattr(server, "app", broken)
    assert ask(server, "GET", "/the-token/broken") == 500
    assert ask(server, "GET", "/the-token/") == 200
    assert "ZeroDivisionError" in capsys.readouterr().err
