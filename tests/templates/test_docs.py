"""docs/templates.md says what is so."""

import ast
import re

from scripts.generate_template_docs import PAGE, updated
from tests.templates.conftest import ROOT, STARTERS


def test_the_tables_are_those_of_the_starters() -> None:
    page = PAGE.read_text()
    assert updated(page) == page, "run: python scripts/generate_template_docs.py"
    assert all(f"\n### {name}\n" in page for name in STARTERS)


def test_every_rule_of_the_linter_is_on_the_page() -> None:
    page = PAGE.read_text()
    rules = set()
    for path in (ROOT / "python/sesmail_cli/template_lint").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("error", "warning") and node.args:
                first = node.args[0]
                rules |= {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()
    own = {rule for rule in rules if not rule.startswith("TMPL")}
    assert len(own) > 20
    assert [rule for rule in sorted(own) if f"`{rule}`" not in page] == []


def test_every_local_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text()):
        assert (PAGE.parent / target).is_file(), target
