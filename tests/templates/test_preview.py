"""The server of the preview page: its answers, and to which requests."""

import json
import shutil
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sesmail_cli.templates.preview.server import PreviewServer
from tests.templates.conftest import SOURCES


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    shutil.copytree(SOURCES, tmp_path / "templates")
    return tmp_path / "templates"


@pytest.fixture
def server(sources: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(str(sources), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server: PreviewServer, path: str, **headers: str) -> Any:
    request = urllib.request.Request(server.url.rstrip("/") + path, headers=headers)
    with urllib.request.urlopen(request) as response:
        content = response.read()
        return json.loads(content) if path.startswith("/api/") else content.decode()


def render(server: PreviewServer, name: str, data: str, locale: str = "") -> Any:
    body = json.dumps({"name": name, "data": data, "locale": locale}).encode()
    with urllib.request.urlopen(server.url + "api/render", data=body) as response:
        return json.loads(response.read())


def test_it_lists_every_template_with_samples_and_findings(server: PreviewServer, sources: Path) -> None:
    (sources / "welcome/template.txt").write_text("{{ nam }}")
    templates = {template["name"]: template for template in get(server, "/api/templates")}
    assert len(templates) == 12
    assert templates["invoice"]["findings"] == []
    assert templates["password-reset"]["sensitive"] is True
    assert list(templates["invoice"]["samples"]) == ["sample.json", "sample.minimal.json"]
    assert "undeclared-variable" in [finding["rule"] for finding in templates["welcome"]["findings"]]


def test_it_renders_the_whole_message(server: PreviewServer) -> None:
    data = json.dumps({"formSenderName": "Grace", "formSenderEmail": "grace@navy.example", "message": "<b>Hi"})
    answer = render(server, "contact-form-notification", data)
    headers = dict(answer["headers"])
    assert headers["From"] == "Contact Form <sender@your-domain.example>"
    assert headers["Reply-To"] == "grace@navy.example"
    assert headers["Subject"] == "New message from Grace"
    assert "&lt;b&gt;Hi" in answer["html"]
    assert "<b>Hi" in answer["text"]
    assert answer["error"] is None


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        (
            '{"userName": "Ada"}',
            "TMPL006",
            "Failed to render template 'welcome': Missing required variables: ['companyName']",
        ),
        ("{", "JSON", "The data is not JSON"),
        ("[1]", "VAL005", "Validation error: templateData"),
        (
            '{"userName": "Ada", "companyName": "X", "senderEmail": "invalid"}',
            "TMPL011",
            "Failed to render template 'welcome': sender_email",
        ),
    ],
)
def test_errors_are_those_of_the_sender(server: PreviewServer, data: str, code: str, message: str) -> None:
    error = render(server, "welcome", data)["error"]
    assert error["code"] == code
    assert error["message"].startswith(message)


def test_a_changed_file_changes_the_revision_and_the_next_rendering(server: PreviewServer, sources: Path) -> None:
    before = get(server, "/api/revision")
    assert get(server, "/api/revision") == before
    (sources / "welcome/template.txt").write_text("Dear {{ userName }}, edited")
    assert get(server, "/api/revision") != before
    data = (sources / "welcome/sample.minimal.json").read_text()
    assert render(server, "welcome", data)["text"] == "Dear Ada, edited"
    shared = (sources / "_shared/layout.html").read_text()
    (sources / "_shared/layout.html").write_text(shared.replace('dir="ltr"', 'dir="rtl"'))
    assert 'dir="rtl"' in render(server, "welcome", data)["html"]


def test_a_locale_selects_its_files(server: PreviewServer, sources: Path) -> None:
    (sources / "welcome/template.fr.txt").write_text("Bonjour {{ userName }}")
    templates = {template["name"]: template for template in get(server, "/api/templates")}
    assert templates["welcome"]["locales"] == ["fr"]
    data = (sources / "welcome/sample.minimal.json").read_text()
    assert render(server, "welcome", data, "fr-CA")["text"] == "Bonjour Ada"
    assert "Thanks for joining" in render(server, "welcome", data, "fr-CA")["html"]
    assert "Thanks for joining" in render(server, "welcome", data, "de")["text"]


def test_the_page_may_load_nothing_from_the_network(server: PreviewServer) -> None:
    with urllib.request.urlopen(server.url) as response:
        policy = response.headers["Content-Security-Policy"]
        page = response.read().decode()
    assert "default-src 'none'" in policy
    assert "img-src 'self' data:" in policy
    assert "http" not in policy
    assert "http" not in page + get(server, "/gallery.js") + get(server, "/gallery.css")


def test_other_host_names_are_rejected(server: PreviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        get(server, "/api/templates", Host="evil.example")
    caught.value.close()


def test_other_paths_are_not_served(server: PreviewServer) -> None:
    for path in ("/../metadata.json", "/gallery.py", "/api"):
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            get(server, path)
        caught.value.close()


def raw(server: PreviewServer, request: str) -> str:
    """Send a request as it is; return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(request.replace("HOST", f"127.0.0.1:{server.server_port}").encode())
        return connection.makefile().readline().strip()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("", True),
        ("Origin: http://HOST\r\n", True),
        ("Origin: http://evil.example\r\n", False),
        ("Origin: http://evil.example:HOST\r\n", False),
        ("Origin: null\r\n", False),
        ("Origin: https://HOST\r\n", False),
        ("Sec-Fetch-Site: cross-site\r\n", False),
        ("Sec-Fetch-Site: same-site\r\n", False),
        ("Sec-Fetch-Site: same-origin\r\n", True),
        ("Sec-Fetch-Site: none\r\n", True),
    ],
)
@pytest.mark.parametrize("request_line", ["GET /api/revision", "POST /api/render"])
def test_another_site_s_page_can_ask_nothing(
    server: PreviewServer, request_line: str, origin: str, allowed: bool
) -> None:
    answer = raw(server, f"{request_line} HTTP/1.0\r\nHost: HOST\r\n{origin}Content-Length: 2\r\n\r\n{{}}")
    assert answer.split()[1] == ("200" if allowed else "403")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "²", "99999999999999999999"])
def test_a_wrong_length_is_rejected(server: PreviewServer, length: str) -> None:
    answer = raw(server, f"POST /api/render HTTP/1.0\r\nHost: HOST\r\nContent-Length: {length}\r\n\r\n")
    assert answer.split()[1] in ("400", "404")


def test_data_that_is_nested_too_deeply_is_an_answer(server: PreviewServer) -> None:
    deep = "[" * 100_000
    answer = raw(server, f"POST /api/render HTTP/1.0\r\nHost: HOST\r\nContent-Length: {len(deep)}\r\n\r\n{deep}")
    assert answer.split()[1] == "400"
    name = server.gallery.templates()[0]["name"]
    body = json.dumps({"name": name, "data": deep})
    answer = raw(server, f"POST /api/render HTTP/1.0\r\nHost: HOST\r\nContent-Length: {len(body)}\r\n\r\n{body}")
    assert answer.split()[1] == "200"


@pytest.mark.parametrize(
    "path", ["/../gallery.html", "//etc/passwd", "/%2e%2e/server.py", "/gallery.py", "/api/../server.py"]
)
def test_only_the_page_s_own_files_are_served(server: PreviewServer, path: str) -> None:
    assert raw(server, f"GET {path} HTTP/1.0\r\nHost: HOST\r\n\r\n").split()[1] == "404"
