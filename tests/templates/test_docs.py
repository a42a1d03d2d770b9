"""docs/templates.md agrees with the templates and the linter."""

import ast
import re

from sesmail_layer.domain.template.templates import compile_template
from tests.templates.conftest import ROOT, STARTERS
from tools.generators.template_docs import PAGE, updated


def test_the_tables_are_generated_from_the_starters() -> None:
    page = PAGE.read_text()
    assert updated(page) == page, "run `make docs`"
    assert all(f"\n### {name}\n" in page for name in STARTERS)


def test_every_rule_of_the_linter_is_on_the_page() -> None:
    page = PAGE.read_text()
    rules = set()
    for path in (ROOT / "python/sesmail_cli/templates/lint").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("error", "warning") and node.args:
                first = node.args[0]
                rules |= {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()
    own = {rule for rule in rules if not rule.startswith("TMPL")}
    assert len(own) > 20
    assert [rule for rule in sorted(own) if f"`{rule}`" not in page] == []


def test_every_local_link_has_its_target() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).is_file(), target


def test_the_formats_on_the_page_are_those_of_the_filters() -> None:
    source = b'{{ 72.6 | money("CAD") }}'
    texts = [compile_template("t", b"", source, b"{}", locale).render({}, "x").text for locale in ("fr-CA", None)]
    page = PAGE.read_text()
    assert [f"`{text}`" in page for text in (texts[0].replace("\xa0", " "), texts[1])] == [True, True]
    [line] = [line for line in page.splitlines() if "money('EUR')" in line]
    data = {"total": "72.60", "count": 3, "dueDate": "2026-12-08", "sentAt": "2026-11-24T10:31:00Z"}
    rendered = compile_template("t", b"", line.encode(), b"{}", "fr").render(data, "x").text
    assert rendered.replace("\xa0", " ") == "72,60 € · 3 · 8 décembre 2026 · 11:31"
