"""The compiled starters: self-contained, and the same bytes every time."""

import json
import re
from pathlib import Path

import pytest

from sesmail_cli.templates.compiler import TemplateSourceError, compile_template, compile_templates
from sesmail_layer.domain.template.starters import precedence
from tests.templates.conftest import SOURCES, STARTERS


def test_every_starter_has_all_files() -> None:
    compiled = compile_templates(SOURCES)
    assert len(STARTERS) == 12
    assert compiled.keys() == {
        f"templates/{name}/{file}" for name in STARTERS for file in ("template.html", "template.txt", "metadata.json")
    }
    for name in STARTERS:
        metadata = json.loads(compiled[f"templates/{name}/metadata.json"])
        assert precedence(metadata["version"]) >= precedence("1.0.0")


def test_compiled_files_need_no_other_file() -> None:
    for key, content in compile_templates(SOURCES).items():
        assert not re.search(rb"\{%-?\s*(extends|import|include|from|block)|\[\[|\[%", content), key


def test_compiling_again_gives_the_same_bytes() -> None:
    assert list(compile_templates(SOURCES).items()) == list(compile_templates(SOURCES).items())


def test_localised_bodies_are_compiled_too(tmp_path: Path) -> None:
    (tmp_path / "_shared").mkdir()
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/template.html").write_text('[% set greeting = "Hello" %][[ greeting ]] {{ name }}')
    (tmp_path / "hello/template.fr-CA.html").write_text("Bonjour {{ name }}")
    assert compile_template(tmp_path, "hello") == {
        "template.fr-CA.html": b"Bonjour {{ name }}\n",
        "template.html": b"Hello {{ name }}\n",
    }


def test_marks_that_stay_after_compiling_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello/template.txt").write_text("{{ name }} ]]")
    with pytest.raises(TemplateSourceError, match=r"hello/template.txt: \]\] left after compiling"):
        compile_template(tmp_path, "hello")
