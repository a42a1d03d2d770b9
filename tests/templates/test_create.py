"""`sesmail template new` and `build`: from scratch, with a shared layout, compiled."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from typer.testing import CliRunner, Result

from sesmail_cli.main import app
from sesmail_cli.templates.files import load_template
from sesmail_cli.templates.lint.findings import Finding, Severity
from sesmail_cli.templates.lint.linter import lint
from sesmail_cli.templates.lint.source_places import in_sources
from sesmail_cli.templates.render import render
from sesmail_cli.templates.starters import starter_names


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["template", *arguments])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


@pytest.mark.parametrize("options", [[], ["--layout"]])
def test_a_template_from_scratch_has_no_findings_also_as_bulk_mail(tmp_path: Path, options: list[str]) -> None:
    run("new", str(tmp_path / "mine/news"), *options)
    template = load_template(str(tmp_path / "mine"), "news")
    assert lint(template, bulk=True) == []
    assert set(template.files) == {
        *("template.html", "template.txt", "metadata.json", "sample.json", "sample.minimal.json")
    }


def test_with_and_without_the_layout_it_is_the_same_email(tmp_path: Path) -> None:
    run("new", str(tmp_path / "plain/news"))
    run("new", str(tmp_path / "shared/news"), "--layout")
    one, other = (load_template(str(tmp_path / folder), "news") for folder in ("plain", "shared"))
    assert one.files == other.files
    assert not (tmp_path / "plain/_shared").exists()
    assert '[% extends "_shared/layout.html" %]' in (tmp_path / "shared/news/template.html").read_text()


def test_a_second_template_uses_the_layout_that_is_there(tmp_path: Path) -> None:
    run("new", str(tmp_path / "first"), "--layout")
    layout = tmp_path / "_shared/layout.html"
    layout.write_text(layout.read_text().replace("</body>", "<p>Since 1932</p></body>"))
    run("new", str(tmp_path / "second"), "--layout")
    for name in ("first", "second"):
        assert b"Since 1932" in load_template(str(tmp_path), name).files["template.html"]


def test_a_translation_sets_the_layouts_language_and_words(tmp_path: Path) -> None:
    home = tmp_path / "news"
    run("new", str(home), "--layout")
    words = '[% set lang = "fr" %][% set unsubscribe = "Se désabonner" %]'
    for file in ("html", "txt"):
        (home / f"template.fr.{file}").write_text(words + (home / f"template.{file}").read_text())
    metadata = home / "metadata.json"
    metadata.write_text(metadata.read_text().replace('"subject"', '"subject.fr": "{{ title }}", "subject"'))
    template = load_template(str(tmp_path), "news")
    assert lint(template, bulk=True) == []
    for file in ("template.fr.html", "template.fr.txt"):
        assert "Se désabonner" in template.text(file)
        assert "Unsubscribe" not in template.text(file)


def test_a_source_that_does_not_compile_is_one_finding(tmp_path: Path) -> None:
    run("new", str(tmp_path / "news"), "--layout")
    (tmp_path / "news/template.html").write_text('[% extends "_shared/nothing.html" %]{{ undeclared }}')
    [finding] = lint(load_template(str(tmp_path), "news"), bulk=True)
    assert finding.message == "The source does not compile: _shared/nothing.html does not exist"


def test_a_finding_is_on_its_line_of_the_source_or_of_the_layout(tmp_path: Path) -> None:
    run("new", str(tmp_path / "news"), "--layout")
    home, layout = tmp_path / "news", tmp_path / "_shared/layout.html"
    body = (home / "template.html").read_text().replace("<h1>", "<h1>{{ undeclared }} ")
    (home / "template.html").write_text(body)
    layout.write_text(
        layout.read_text().replace("</body>", '<img src="http://x.example/x.png" alt="" width="9">\n</body>')
    )
    of_body, of_layout = lint(load_template(str(tmp_path), "news"))[::-1]
    assert (of_body.rule, of_body.file, of_body.column) == ("undeclared-variable", "template.html", 8)
    assert "{{ undeclared }}" in body.splitlines()[of_body.line - 1] == of_body.source
    assert (of_layout.rule, of_layout.file) == ("insecure-image", "../_shared/layout.html")
    assert "http://x.example" in layout.read_text().splitlines()[of_layout.line - 1]
    printed = run("lint", str(tmp_path), exit_code=1).stdout
    assert f"{tmp_path}/_shared/layout.html:{of_layout.line}" in printed.replace("\n", "")


def test_css_that_clients_drop_is_found_where_the_layout_has_it(tmp_path: Path) -> None:
    run("new", str(tmp_path / "news"), "--layout")
    layout = tmp_path / "_shared/layout.html"
    layout.write_text(layout.read_text().replace(".text {", ".text { position: absolute;"))
    found = [finding for finding in lint(load_template(str(tmp_path), "news")) if finding.rule == "dropped-css"]
    assert found
    for finding in found:
        assert finding.file == "../_shared/layout.html"
        assert ".text { position: absolute;" in finding.source


def test_a_line_that_only_the_compiler_wrote_has_no_place_in_the_source() -> None:
    finding = Finding(
        rule="width", severity=Severity.WARNING, template="t", file="template.html", line=9, message="m", source="<td>"
    )
    assert [one.line for one in in_sources([finding], {"template.html": "<p>"})] == [0]
    assert [one.line for one in in_sources([finding], {"template.html": "<p>\n  <td>"})] == [2]
    assert in_sources([finding], {}) == [finding]


def test_the_layout_shows_a_logo_on_both_cards_and_an_address_on_one_line(tmp_path: Path) -> None:
    run("new", str(tmp_path / "news"), "--layout")
    template = load_template(str(tmp_path), "news")
    data = json.loads(template.text("sample.json"))
    both = render(template, data).html
    assert (both.count('light-logo"'), both.count('dark-logo"'), '<span class="plate"' in both) == (1, 1, False)
    assert "12 St James&#39;s Square, London SW1Y 4LB" in both
    one = render(template, {name: value for name, value in data.items() if name != "logoDarkUrl"}).html
    assert '<span class="plate"' in one


@pytest.mark.parametrize("starter", starter_names())
def test_every_starter_can_be_the_start(tmp_path: Path, starter: str) -> None:
    run("new", str(tmp_path / "mine"), "--from", starter)
    assert run("lint", str(tmp_path / "mine"), "--strict").stdout == "1 template: 0 errors, 0 warnings\n"


def test_a_starter_has_its_own_layout(tmp_path: Path) -> None:
    assert "leave out --from" in run("new", str(tmp_path / "x"), "--from", "welcome", "--layout", exit_code=2).stderr
    assert not (tmp_path / "x").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    run("new", str(tmp_path / "x"))
    for options in ([], ["--layout"], ["--from", "welcome"]):
        assert "exists already" in run("new", str(tmp_path / "x"), *options, exit_code=2).stderr


def test_build_writes_what_the_other_commands_see(tmp_path: Path) -> None:
    run("new", str(tmp_path / "mine/news"), "--layout")
    run("build", str(tmp_path / "mine"), "--output", str(tmp_path / "out"))
    written = {path.name: path.read_bytes() for path in (tmp_path / "out/news").iterdir()}
    assert written == load_template(str(tmp_path / "mine"), "news").files
    assert b'<h1 style="margin:0 0 16px' in written["template.html"]
    assert not (tmp_path / "out/_shared").exists()


def test_build_does_not_replace_sources_and_stops_at_one_that_does_not_compile(tmp_path: Path) -> None:
    run("new", str(tmp_path / "news"), "--layout")
    source = (tmp_path / "news/template.html").read_bytes()
    assert "sources" in run("build", str(tmp_path), "--output", str(tmp_path), exit_code=1).stderr
    assert (tmp_path / "news/template.html").read_bytes() == source
    (tmp_path / "news/template.html").write_text("[% if %]")
    assert "news/template.html" in run("build", str(tmp_path), "--output", str(tmp_path / "out"), exit_code=1).stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["..", "."])
def test_build_writes_nothing_outside_of_the_folder_of_a_template(tmp_path: Path, bucket: str, name: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=f"templates/{name}/template.html", Body=b"x")
    output = tmp_path / "a/out"
    assert f"templates/{name}: a template's name" in run(
        "build", f"s3://{bucket}", "--output", str(output), exit_code=1
    ).stderr.replace("\n", " ")
    assert list(tmp_path.rglob("template.html")) == []
