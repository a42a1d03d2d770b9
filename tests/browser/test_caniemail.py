"""The starters checked by the npm package `caniemail`, and the linter's copy of its data."""

from __future__ import annotations

import json
import subprocess

import pytest

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.css_rules import fallbacks
from sesmail_cli.templates.render import render
from tests.browser.conftest import HERE, MODULES
from tests.templates.conftest import STARTERS
from tests.templates.data import sample
from tools.generators.caniemail import TARGET, extract


def unsupported(html: str) -> dict[str, list[str]]:
    answer = subprocess.run(
        ["node", "caniemail.mjs"], cwd=HERE, input=html, capture_output=True, text=True, check=True, timeout=60
    )
    found: dict[str, list[str]] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("name", sorted(STARTERS))
def test_a_starter_uses_nothing_unsupported_that_is_not_a_fallback(name: str) -> None:
    starter: TemplateFiles = STARTERS[name]
    found = unsupported(render(starter, sample(starter)).html)
    assert {title: clients for title, clients in found.items() if title not in fallbacks()} == {}


def test_the_check_finds_what_outlook_drops() -> None:
    assert "outlook.windows" in unsupported('<p style="display:flex">x</p>')["display:flex"]


def test_the_data_of_the_linter_are_those_of_the_pinned_package() -> None:
    source = json.loads((MODULES / "caniemail" / "data" / "caniemail.json").read_text())
    assert json.loads(TARGET.read_text()) == extract(source)
