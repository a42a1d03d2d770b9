"""Template sources that somebody else wrote: to check and preview them runs no code and reads no other files."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_cli.templates.compiler import compile_template
from sesmail_cli.templates.files import load_templates
from sesmail_cli.templates.gallery.server import PreviewServer

pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")

run = CliRunner()
METADATA = {"subject": "x", "version": "1.0.0", "requiredVariables": [], "optionalVariables": []}
FOREVER = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder of sources, and a secret next to it."""
    (tmp_path / "secret.html").write_text("SECRET")
    (tmp_path / "secret.json").write_text('{"secret": "SECRET"}')
    folder = tmp_path / "templates"
    for name in ("_shared", "hello"):
        (folder / name).mkdir(parents=True)
    write(folder)
    return folder


def write(folder: Path, html: str = "fine", text: str = "fine", **shared: str) -> None:
    (folder / "hello/metadata.json").write_text(json.dumps(METADATA))
    (folder / "hello/sample.json").write_text("{}")
    (folder / "hello/template.html").write_text(html)
    (folder / "hello/template.txt").write_text(text)
    for name, content in shared.items():
        (folder / f"_shared/{name}.html").write_text(content)


def problems(folder: Path) -> list[str]:
    (template,) = load_templates(str(folder))
    assert "SECRET" not in str(template.files)
    return [problem.message for problem in template.problems]


CODE = [
    "cycler.__init__.__globals__.os.mkdir(path)",
    "cycler.__init__.__globals__['os'].mkdir(path)",
    "joiner.__init__.__globals__.os.mkdir(path)",
    "namespace.__init__.__globals__.os.mkdir(path)",
    "lipsum.__globals__.os.mkdir(path)",
    "self.__init__.__globals__.os.mkdir(path)",
    "self._TemplateReference__context.environment.loader.searchpath",
    "''.__class__.__mro__[1].__subclasses__()",
    "(''|attr('__class__')).__mro__",
    "'{0.__class__.__init__.__globals__}'.format(self)",
    "m.__globals__",
    "m._func.__globals__.os.mkdir(path)",
    "m._environment.loader",
    "t.__init__.__globals__",
    "t._body_stream",
    "range(3)|list",
    "dict(a=1)",
    "cycler('a').next()",
    "'text'.upper()",
    "[].append(1)",
]


@pytest.mark.parametrize("expression", CODE)
def test_a_source_runs_no_code_but_macros(sources: Path, expression: str) -> None:
    path = sources / "made"
    write(
        sources,
        "[% import '_shared/t.html' as t %][% macro m() %][% endmacro %][% set path = '"
        + str(path)
        + f"' %][[ {expression} ]]",
        t="[% set a = 1 %]",
    )
    assert problems(sources)
    assert run.invoke(app, ["template", "lint", str(sources)]).exit_code == 1
    assert not path.exists()


def test_macros_blocks_and_filters_of_a_source_work(sources: Path) -> None:
    write(
        sources,
        '[% extends "_shared/layout.html" %][% import "_shared/t.html" as t %]'
        "[% block a %][[ t.m('x') | upper ]][[ t.colour ]][[ super() ]][% endblock %]",
        layout="<[% block a %]base[% endblock %]>[[ self.a() | trim ]]",
        t="[% macro m(x) %]{{ [[ x ]] }}[% endmacro %][% set colour = 'red' %]",
    )
    assert compile_template(sources, "hello")["template.html"] == b"<{{ X }}redbase>{{ X }}redbase\n"


@pytest.mark.parametrize(
    "path", ["../secret.html", "/etc/passwd", "hello/../../secret.html", "_shared/link.html", "_shared/up/secret.html"]
)
@pytest.mark.parametrize("tag", ["include '%s'", "import '%s' as x", "from '%s' import x", "extends '%s'"])
def test_a_source_reads_no_files_outside_of_its_folder(sources: Path, tag: str, path: str) -> None:
    (sources / "_shared/link.html").symlink_to(sources.parent / "secret.html")
    (sources / "_shared/up").symlink_to(sources.parent)
    write(sources, f"[% {tag % path} %]")
    assert problems(sources)


@pytest.mark.parametrize("file", ["template.html", "template.txt", "template.fr.html", "sample.json", "metadata.json"])
@pytest.mark.parametrize("where", ["", "/hello"])
@pytest.mark.parametrize("compiled", [True, False])
def test_a_link_to_outside_is_a_finding_and_is_not_read(sources: Path, file: str, where: str, compiled: bool) -> None:
    if compiled:
        (sources / "_shared").rmdir()
    (sources / "hello" / file).unlink(missing_ok=True)
    (sources / "hello" / file).symlink_to(sources.parent / f"secret.{'json' if file.endswith('json') else 'html'}")
    (template,) = load_templates(f"{sources}{where}")
    assert "SECRET" not in str(template.files)
    assert (file, "it is a link to a file outside of the folder") in [
        (problem.file, problem.message) for problem in template.problems
    ]
    assert run.invoke(app, ["template", "lint", f"{sources}{where}"]).exit_code == 1


def test_a_folder_that_is_a_link_to_outside_is_not_read(sources: Path) -> None:
    outside = sources.parent / "outside"
    (sources / "hello").rename(outside)
    (outside / "template.html").write_text("SECRET")
    (sources / "hello").symlink_to(outside)
    (template,) = load_templates(str(sources))
    assert template.files == {}
    assert template.problems


def test_a_link_within_the_folder_is_read(sources: Path) -> None:
    (sources / "hello/sample.minimal.json").symlink_to(sources / "hello/sample.json")
    assert problems(sources) == []


def test_a_pipe_is_not_read(sources: Path) -> None:
    os.mkfifo(sources / "hello/sample.minimal.json")
    assert problems(sources) == []


@pytest.mark.parametrize("file", ["hello/template.html", "hello/sample.json", "_shared/t.html", "_shared/huge.html"])
def test_a_huge_file_is_a_finding_and_is_not_read(sources: Path, file: str) -> None:
    write(sources, "[% include '_shared/t.html' %][% include '_shared/huge.html' ignore missing %]", t="x")
    with (sources / file).open("wb") as huge:
        huge.truncate(64 * 1024**3)  # a file of zeros, which takes no room on the disk
    (problem,) = problems(sources)
    assert "68719476736 bytes" in problem
    assert run.invoke(app, ["template", "lint", str(sources)]).exit_code == 1


@pytest.mark.parametrize(
    "source",
    [
        "[% for a in 'x' * 99999 %][% for b in 'x' * 99999 %][% endfor %][% endfor %]",
        "[% include 'hello/template.html' %]",
        "[% macro m() %][[ m() ]][% endmacro %][[ m() ]]",
        "[[ 'x' * 10 ** 9 ]]",
        "[[ 1 // 0 ]]",
        "[[ 'a' + 1 ]]",
        "[[ nothing ]]",
        "[% if x %]" * 300,
    ],
)
def test_a_source_that_fails_or_takes_forever_is_a_finding(
    sources: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sesmail_cli.templates.compiler.COMPILE_SECONDS", 0.5)
    write(sources, source)
    assert len(problems(sources)) == 1


@pytest.mark.parametrize(
    ("html", "code"),
    [
        (FOREVER, "TMPL012"),
        ("{{x}}" * 60_000, "TMPL010"),
        ("{{ " + "[" * 500 + "]" * 500 + " }}", "TMPL009"),
        ("{% for a in b %}" * 21 + "{% endfor %}" * 21, "TMPL009"),
        ("{{ " + "9" * 5_000 + " }}", "TMPL009"),
    ],
)
def test_a_template_that_fails_or_takes_forever_is_a_finding(sources: Path, html: str, code: str) -> None:
    write(sources, html)
    result = run.invoke(app, ["template", "lint", "--json", str(sources)])
    assert result.exit_code == 1
    assert code in [finding["rule"] for finding in json.loads(result.stdout)["findings"]]


def test_metadata_that_is_nested_too_deeply_is_a_finding(sources: Path) -> None:
    (sources / "hello/metadata.json").write_text('{"a":' * 100_000)
    result = run.invoke(app, ["template", "lint", "--json", str(sources)])
    assert "TMPL005" in [finding["rule"] for finding in json.loads(result.stdout)["findings"]]


@pytest.mark.parametrize("html", ["<![" * 1_000, "<!--" * 60_000])
def test_html_that_cannot_be_read_is_a_finding(sources: Path, html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sesmail_cli.templates.lint.linter.COMPILE_SECONDS", 0.5)
    write(sources, html)
    result = run.invoke(app, ["template", "lint", "--json", str(sources)])
    assert "broken-markup" in [finding["rule"] for finding in json.loads(result.stdout)["findings"]]


@pytest.fixture
def server(sources: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(str(sources), 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def rendered(server: PreviewServer) -> Any:
    return server.gallery.shelf.render("hello", "{}", None)


def test_the_preview_has_the_sender_s_time_limit(server: PreviewServer, sources: Path) -> None:
    write(sources, FOREVER)
    began = time.monotonic()
    error = rendered(server)["error"]
    assert error["code"] == "TMPL012"
    assert time.monotonic() - began < 30
    write(sources, "{{ 1 + 1 }}")
    assert rendered(server)["html"] == "2"


def test_a_preview_that_no_limit_ends_is_ended_and_the_next_one_works(
    server: PreviewServer, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As code in C would be, that no signal ends: the time limit comes after the process's own."""
    assert rendered(server)["error"] is None
    monkeypatch.setattr("sesmail_cli.templates.gallery.worker.ANSWER_SECONDS", 0.5)
    write(sources, FOREVER)
    error = rendered(server)["error"]
    assert (error["code"], error["message"]) == ("TMPL012", "The preview took over 0.5 s and was ended")
    monkeypatch.undo()
    write(sources, "{{ 1 + 1 }}")
    assert rendered(server)["html"] == "2"


def test_the_preview_runs_no_code_of_a_source(server: PreviewServer, sources: Path) -> None:
    write(sources, f"[[ cycler.__init__.__globals__.os.mkdir('{sources}/made') ]]")
    rendered(server)
    template = server.gallery.shelf.open("hello", None, True)
    assert template is not None
    assert "TMPL009" in [finding["rule"] for finding in template["findings"]]
    assert not (sources / "made").exists()


def test_a_dangling_link_does_not_end_the_preview(server: PreviewServer, sources: Path) -> None:
    (sources / "hello/sample.minimal.json").symlink_to(sources / "nowhere.json")
    with urllib.request.urlopen(server.url + "templates-revision") as response:
        assert response.status == 200
