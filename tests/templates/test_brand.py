"""`brand.json` beside templates: the command line shows emails as an engine with that brand sends them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from sesmail_cli.main import app
from sesmail_cli.templates.brand import BRAND_FILE, Brand, BrandError, load_brand, parse_brand
from sesmail_cli.templates.files import load_template
from sesmail_cli.templates.gallery.renderer import Renderer
from sesmail_cli.templates.render import render
from tests.templates.conftest import ROOT, STARTERS

BRAND = {
    "brandColor": "#0b1f4d",
    "brandTextColor": "#fff",
    "logoUrl": "https://shop.example/logo.png",
    "logoDarkUrl": "https://shop.example/logo-dark.png",
    "companyName": "Shop & Söhne",
    "companyAddress": "12 High Street\nLondon",
    "supportEmail": "help@shop.example",
    "companyUrl": "https://shop.example",
}


@pytest.fixture
def branded(folder: Path) -> Path:
    """The user's folder, with a template that needs the company's name, and a brand that has it."""
    (folder / BRAND_FILE).write_text(json.dumps(BRAND))
    (folder / "hello/template.txt").write_text("Hello {{ name }} from {{ companyName }}, {{ supportEmail }}")
    (folder / "hello/metadata.json").write_text(
        '{"subject": "Hello", "version": "1.0.0", "requiredVariables": ["name", "companyName"],'
        ' "optionalVariables": ["supportEmail"]}'
    )
    (folder / "hello/sample.json").write_text('{"name": "Ada"}')
    return folder


def test_the_brand_fills_in_what_the_data_lack_before_required_variables_are_checked(branded: Path) -> None:
    template = load_template(str(branded), "hello")
    assert render(template, {"name": "Ada"}).text == "Hello Ada from Shop & Söhne, help@shop.example"
    given = {"name": "Ada", "companyName": "Other", "supportEmail": None}
    assert render(template, given).text == "Hello Ada from Other, help@shop.example"


def test_lint_and_preview_render_with_the_brand(branded: Path) -> None:
    linted = CliRunner().invoke(app, ["template", "lint", str(branded), "--json"])
    assert json.loads(linted.stdout)["errors"] == 0
    answer = Renderer(str(branded)).render({"name": "hello", "data": '{"name": "Ada"}'})
    assert (answer["error"], "Shop & Söhne" in answer["text"]) == (None, True)
    (branded / BRAND_FILE).unlink()
    linted = CliRunner().invoke(app, ["template", "lint", str(branded), "--json"])
    assert [one["rule"] for one in json.loads(linted.stdout)["findings"] if one["severity"] == "error"] == ["TMPL006"]


def test_a_sample_shows_your_brand_in_place_of_its_own(branded: Path) -> None:
    brand = {name: value for name, value in BRAND.items() if name != "logoDarkUrl"}
    (branded / BRAND_FILE).write_text(json.dumps(brand))
    starter = msgspec.structs.replace(STARTERS["welcome"], brand=load_brand(branded))
    shown = json.loads(starter.sample("sample.json"))
    assert {name: shown[name] for name in brand} == brand
    # No example logo next to the company's name.
    assert "logoDarkUrl" not in shown
    assert shown["userName"] == "Ada"
    nameless = msgspec.structs.replace(starter, brand={"brandColor": "#0b1f4d"})
    assert json.loads(nameless.sample("sample.json"))["companyName"] == "Northwind Books"
    assert STARTERS["welcome"].sample("sample.json") == STARTERS["welcome"].text("sample.json")


def test_the_gallery_and_send_test_use_the_brand_and_not_the_samples(branded: Path) -> None:
    created = CliRunner().invoke(app, ["template", "new", str(branded / "hi"), "--from", "welcome"])
    assert created.exit_code == 0
    shown = Renderer(str(branded)).describe("hi", with_lint=False)
    assert shown
    assert json.loads(shown["samples"]["sample.json"])["companyName"] == "Shop & Söhne"
    printed = CliRunner().invoke(
        app, ["send-test", "hi", "--to", "ada@example.com", "--templates", str(branded), "--dry-run"]
    )
    assert "Shop & Söhne" in printed.stdout
    assert "Northwind" not in printed.stdout.replace("northwind.example", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"brandColor": "blue"}, r"\$\.brandColor"),
        ({"brandTextColor": "#12345"}, r"\$\.brandTextColor"),
        ({"logoUrl": "http://shop.example/logo.png"}, r"\$\.logoUrl"),
        ({"companyUrl": "shop.example"}, r"\$\.companyUrl"),
        ({"supportEmail": "nobody"}, r"\$\.supportEmail"),
        ({"companyName": "Two\nlines"}, r"\$\.companyName"),
        ({"companyAddress": " "}, r"\$\.companyAddress"),
        ({"brandColour": "#fff"}, r"unknown field `brandColour`.*Allowed: brandColor, brandTextColor"),
        ({"companyName": 7}, r"\$\.companyName"),
    ],
)
def test_a_brand_that_terraform_would_reject_is_rejected_by_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(BrandError, match=message):
        parse_brand(json.dumps(BRAND | change))


def test_a_bad_brand_is_a_finding_that_names_its_file(branded: Path) -> None:
    (branded / BRAND_FILE).write_text('{"brandColor": "blue"}')
    linted = CliRunner().invoke(app, ["template", "lint", str(branded)])
    assert linted.exit_code == 1
    assert "brand.json  error bad-brand" in linted.stdout
    assert "$.brandColor" in linted.stdout


def test_a_brand_is_no_larger_than_a_page_and_no_link_out_of_the_folder(tmp_path: Path) -> None:
    folder, other = tmp_path / "mine", tmp_path / "secret.json"
    folder.mkdir()
    assert load_brand(folder) == {}
    other.write_text("{}")
    (folder / BRAND_FILE).symlink_to(other)
    with pytest.raises(BrandError, match="a link to a file outside of the folder"):
        load_brand(folder)
    (folder / BRAND_FILE).unlink()
    (folder / BRAND_FILE).write_text(json.dumps({"companyAddress": "x" * 20_000}))
    with pytest.raises(BrandError, match="larger than 10000 bytes"):
        load_brand(folder)


def test_the_brand_has_the_fields_of_terraforms_variable() -> None:
    block = (ROOT / "modules/sesmail/variables_brand.tf").read_text().split("type = object({")[1].split("})")[0]
    lines = [line.split() for line in block.splitlines() if line.strip()]
    assert [words[0] for words in lines if words[0] != "#"] == list(Brand.__struct_encode_fields__)
