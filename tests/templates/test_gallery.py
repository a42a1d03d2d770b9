"""The gallery that `sesmail template preview` serves: its pages, its frames, and to which requests it answers."""

import html
import json
import re
import shutil
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sesmail_cli.templates.gallery.renderer import Renderer
from sesmail_cli.templates.gallery.server import PreviewServer
from tests.templates.conftest import SOURCES

NAMES = ("contact-form-notification", "invoice", "password-reset", "welcome")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Four starters, as sources."""
    for name in ("_shared", *NAMES):
        shutil.copytree(SOURCES / name, tmp_path / "templates" / name)
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


def get(server: PreviewServer, path: str, **headers: str) -> str:
    request = urllib.request.Request(server.url.rstrip("/") + path, headers=headers)
    with urllib.request.urlopen(request) as response:
        content: str = response.read().decode()
        return content


def given(server: PreviewServer, name: str, **fields: str) -> str:
    """Send a form, and return the page that follows."""
    body = urllib.parse.urlencode({key.replace("__", "."): value for key, value in fields.items()}).encode()
    with urllib.request.urlopen(f"{server.url}templates/{name}", data=body) as response:
        return html.unescape(response.read().decode())


def frame_of(server: PreviewServer, page: str) -> tuple[str, str]:
    """Return the email in a page's first frame, and its policy."""
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert found, page
    with urllib.request.urlopen(server.origin + html.unescape(found[1])) as response:
        assert response.headers["X-DNS-Prefetch-Control"] == "off"
        return response.read().decode(), response.headers["Content-Security-Policy"]


def test_it_shows_every_template_as_a_thumbnail(server: PreviewServer) -> None:
    page = get(server, "/")
    assert re.findall(r'<h2><a href="/templates/([\w-]+)">', page) == list(NAMES)
    thumbnails = re.findall(r'<iframe title="[\w-]+" src="([^"]+)" sandbox=""', page)
    assert len(thumbnails) == len(NAMES)
    for thumbnail in thumbnails:
        assert "<h1" in get(server, thumbnail)


def test_one_template_has_its_email_its_headers_and_its_findings(server: PreviewServer, sources: Path) -> None:
    (sources / "welcome/template.txt").write_text("{{ nam }}")
    page = get(server, "/templates/invoice")
    assert 'Lint <span class="count">0</span>' in page
    assert "<h1" in frame_of(server, page)[0]
    assert "Northwind Books &lt;billing@northwind.example&gt;" in page
    assert "KB of 102 KB" in page
    assert "<option selected>sample.json</option>" in page
    assert "Sensitive" in get(server, "/templates/password-reset")
    assert "undeclared-variable" in get(server, "/templates/welcome?part=lint")


def test_it_renders_the_whole_message(server: PreviewServer) -> None:
    data = json.dumps({"formSenderName": "Grace", "formSenderEmail": "grace@navy.example", "message": "<b>Hi"})
    page = given(server, "contact-form-notification", data=data)
    assert "Contact Form <sender@your-domain.example>" in page
    assert "New message from Grace" in page
    assert "&lt;b&gt;Hi" in frame_of(server, page)[0]
    assert "<b>Hi" in given(server, "contact-form-notification", data=data, part="text")
    assert "&lt;b&gt;Hi" in given(server, "contact-form-notification", data=data, part="source")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            '{"userName": "Ada"}',
            "TMPL006</strong> <bdi>Failed to render template 'welcome': Missing required variables",
        ),
        ("{", "JSON</strong> <bdi>The data is not JSON"),
        ("[1]", "VAL005</strong> <bdi>Validation error: templateData"),
        ('{"userName": "Ada", "companyName": "X", "senderEmail": "invalid"}', "TMPL011</strong>"),
    ],
)
def test_errors_are_those_of_the_sender(server: PreviewServer, data: str, message: str) -> None:
    assert message in given(server, "welcome", data=data)


def test_the_last_email_that_worked_stays_while_a_file_is_broken(server: PreviewServer, sources: Path) -> None:
    source = sources / "welcome/template.html"
    good = source.read_text()
    before, _ = frame_of(server, get(server, "/templates/welcome"))
    for broken in ("{{ nonsense }}", "{% if %}", "[[ nonsense ]]"):
        source.write_text(good.replace("Thanks for joining", broken))
        page = get(server, "/templates/welcome")
        assert "Below is the last email that worked." in page, broken
        assert frame_of(server, page)[0] == before
    source.write_text(good.replace("Thanks for joining", "Edited and fixed"))
    page = get(server, "/templates/welcome")
    assert "Below is the last" not in page
    assert "Edited and fixed" in frame_of(server, page)[0]


def test_an_error_names_the_line_of_the_source(server: PreviewServer, sources: Path) -> None:
    source = sources / "welcome/template.html"
    source.write_text(source.read_text().replace("Thanks for joining", "{{ nonsense }}"))
    line = next(number for number, text in enumerate(source.read_text().splitlines(), 1) if "nonsense" in text)
    assert f"It is in <code>template.html:{line}</code>." in get(server, "/templates/welcome")
    page = given(server, "welcome", data='{"userName": "Ada", "companyName": "X", "senderEmail": "invalid"}')
    assert re.search(r"It is in <code>(metadata\.json:\d+|template\.html:\d+)</code>", page)


def test_without_an_email_that_worked_only_the_error_is_shown(server: PreviewServer, sources: Path) -> None:
    (sources / "welcome/template.html").write_text("[[ nonsense ]]")
    page = html.unescape(get(server, "/templates/welcome"))
    assert "Template 'welcome' does not compile" in page
    assert "<iframe" not in page
    assert "does not compile" in html.unescape(get(server, "/templates/welcome/thumbnail"))


def test_a_changed_file_changes_the_revision_and_the_next_rendering(server: PreviewServer, sources: Path) -> None:
    before = get(server, "/templates-revision")
    assert get(server, "/templates-revision") == before
    (sources / "welcome/template.txt").write_text("Dear {{ userName }}, edited")
    assert get(server, "/templates-revision") != before
    assert "Dear Ada, edited" in get(server, "/templates/welcome?part=text")
    shared = (sources / "_shared/layout.html").read_text()
    (sources / "_shared/layout.html").write_text(shared.replace('dir="ltr"', 'dir="rtl"'))
    assert 'dir="rtl"' in frame_of(server, get(server, "/templates/welcome"))[0]


def test_files_that_vanish_and_those_of_no_template_do_not_change_the_revision(
    server: PreviewServer, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = get(server, "/templates-revision")
    (sources / "welcome/.template.html.swp").write_text("an editor's")
    assert get(server, "/templates-revision") == before
    listed = Path.rglob
    gone = sources / "welcome/gone.html"
    monkeypatch.setattr(Path, "rglob", lambda folder, pattern: [*listed(folder, pattern), gone])
    assert get(server, "/templates-revision") == before


def test_a_locale_selects_its_files(server: PreviewServer, sources: Path) -> None:
    (sources / "welcome/template.fr.txt").write_text("Bonjour {{ userName }}")
    assert "Bonjour Ada" in get(server, "/templates/welcome?part=text&locale=fr")
    assert "Thanks for joining" in get(server, "/templates/welcome?part=source&locale=fr")
    assert "Thanks for joining" in get(server, "/templates/welcome?part=text&locale=de")
    answer = Renderer(str(sources)).render(
        {"name": "welcome", "data": '{"userName": "A", "companyName": "B"}', "locale": "fr-CA"}
    )
    assert answer["text"] == "Bonjour A"


def test_the_form_changes_what_it_names_and_nothing_else(server: PreviewServer) -> None:
    data = json.dumps(
        {"userName": "Ada", "companyName": "X", "nextSteps": ["one"], "showEmoji": True, "helpUrl": "https://h.example"}
    )
    fields = {"field__userName": "Grace", "field__showEmoji": "false", "field__helpUrl": "", "field__ctaText": ""}
    page = given(server, "welcome", data=data, required="userName,companyName", **fields)
    found = re.search(r'<textarea class="input gallery-json"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    assert json.loads(found[1]) == {"userName": "Grace", "companyName": "X", "nextSteps": ["one"], "showEmoji": False}
    assert "Welcome, Grace" in frame_of(server, page)[0]


def test_a_declared_name_that_no_page_can_hold_is_an_answer(server: PreviewServer, sources: Path) -> None:
    metadata = sources / "welcome/metadata.json"
    metadata.write_text(metadata.read_text().replace('"userName"', '"user\\ud800"'))
    assert "user?" in get(server, "/templates/welcome")


def test_values_that_the_minimal_sample_leaves_out_get_the_kind_of_the_other_sample(server: PreviewServer) -> None:
    page = get(server, "/templates/welcome?sample=sample.minimal.json")
    assert "Not given: change it in the JSON." in page
    kinds = dict(re.findall(r'name="kind\.(\w+)" value="(\w+)"', page))
    assert (kinds["showEmoji"], kinds["year"]) == ("flag", "number")
    data = json.dumps({"userName": "Ada", "companyName": "X"})
    fields = {"field__showEmoji": "false", "kind__showEmoji": "flag", "field__year": "2030", "kind__year": "number"}
    page = given(server, "welcome", data=data, required="userName,companyName", **fields)
    assert '"showEmoji": false' in page
    assert '"year": 2030' in page


def posted_back(page: str) -> list[tuple[str, str]]:
    """Return what the form of the variables sends, as a browser does."""
    form = re.search(r"<form[^>]*method=\"post\".*?</form>", page, re.DOTALL)
    assert form, page
    inputs = re.findall(r'<input[^>]* name="([^"]*)" value="([^"]*)"', form[0])
    areas = re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL)
    return [(html.unescape(name), html.unescape(value)) for name, value in [*inputs, *areas]]


def test_data_that_a_page_shows_is_posted_back_as_it_was(server: PreviewServer) -> None:
    isolated = "\u2068Ada\u2069 \u202eabc\u202c\x7f\x85 <\"&'>"
    data = {
        "userName": isolated,
        "companyName": f"\n{isolated}\nX",
        "helpUrl": "\x00 \x1b a\rb",
        "\u2068odd\u2069": isolated,
        "half": "\ud800",
        "\udfff": "half a name",
        "list": [isolated],
    }
    body = urllib.parse.urlencode({"data": json.dumps(data)}).encode()
    with urllib.request.urlopen(f"{server.url}templates/welcome", data=body) as response:
        fields = posted_back(response.read().decode())
    assert {"field.userName", "field.companyName", "field.\u2068odd\u2069"} < dict(fields).keys()
    again = urllib.parse.urlencode([*fields, ("field.ctaText", "Go")]).encode()
    with urllib.request.urlopen(f"{server.url}templates/welcome", data=again) as response:
        page = response.read().decode()
    (text,) = re.findall(r'<textarea class="input gallery-json"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert json.loads(html.unescape(text)) == data | {"ctaText": "Go"}


def test_images_come_from_the_email_alone_until_they_are_asked_for(server: PreviewServer) -> None:
    data = json.dumps({"userName": "Ada", "companyName": "X", "logoUrl": "https://x.example/l.png"})
    page = given(server, "welcome", data=data)
    assert "1 image comes from elsewhere" in page
    assert "img-src data:;" in frame_of(server, page)[1]
    (load,) = re.findall(r'href="([^"]+)">Load images', page)
    loaded = get(server, load)
    assert "img-src data: https: http:;" in frame_of(server, loaded)[1]
    assert "from elsewhere" not in loaded
    assert '<input type="radio" name="images" value="remote" checked>' in loaded
    assert '<input type="radio" name="images" value="on" checked>' in get(server, "/templates/welcome")
    assert "img-src 'none'" in frame_of(server, given(server, "welcome", data=data, images="off"))[1]


def test_nothing_in_an_email_runs_or_is_fetched(server: PreviewServer) -> None:
    with urllib.request.urlopen(server.url) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    _, policy = frame_of(server, get(server, "/templates/welcome"))
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert policy.endswith("sandbox")
    for file in ("/gallery.js", "/gallery.css"):
        assert "http" not in get(server, file)


def test_the_chosen_mode_replaces_the_question_for_it(server: PreviewServer) -> None:
    light, _ = frame_of(server, get(server, "/templates/welcome"))
    dark, _ = frame_of(server, get(server, "/templates/welcome?mode=dark"))
    assert "prefers-color-scheme" not in light + dark
    assert "@media (max-width: 0px)" in light
    assert "@media (min-width: 0px)" in dark


def test_a_name_that_is_no_template_is_an_answer(server: PreviewServer) -> None:
    for path in ("/templates/none", "/templates/..", "/templates/_shared", "/templates/none/thumbnail"):
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            get(server, path)
        assert "There is no template" in html.unescape(caught.value.read().decode())
        caught.value.close()
    assert "not kept any more" in get(server, f"/templates/welcome/email/{'0' * 32}")


def test_other_host_names_are_rejected(server: PreviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        get(server, "/templates", Host="evil.example")
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
@pytest.mark.parametrize("request_line", ["GET /templates-revision", "POST /templates/welcome"])
def test_another_site_s_page_can_ask_nothing(
    server: PreviewServer, request_line: str, origin: str, allowed: bool
) -> None:
    answer = raw(server, f"{request_line} HTTP/1.0\r\nHost: HOST\r\n{origin}Content-Length: 2\r\n\r\n{{}}")
    assert (answer.split()[1] in ("200", "303")) == allowed
    assert allowed or answer.split()[1] == "403"


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "²", "99999999999999999999"])
def test_a_wrong_length_is_rejected(server: PreviewServer, length: str) -> None:
    answer = raw(server, f"POST /templates/welcome HTTP/1.0\r\nHost: HOST\r\nContent-Length: {length}\r\n\r\n")
    assert answer.split()[1] in ("400", "404")


def test_data_that_is_nested_too_deeply_is_an_answer(server: PreviewServer) -> None:
    assert "The data is not JSON" in given(server, "welcome", data="[" * 100_000)


@pytest.mark.parametrize(
    "path",
    [
        "/../gallery-one.html",
        "//etc/passwd",
        "/%2e%2e/server.py",
        "/gallery.py",
        "/gallery-one.html",
        "/api/../server.py",
    ],
)
def test_only_the_page_s_own_files_are_served(server: PreviewServer, path: str) -> None:
    assert raw(server, f"GET {path} HTTP/1.0\r\nHost: HOST\r\n\r\n").split()[1] == "404"
