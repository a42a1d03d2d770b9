"""`sesmail migrate check` of templates: what the old product sends and the engine would not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import sesmail
from tests.cli.old_product import NAME, OldProduct, check, cloudformation, old

__all__ = ["cloudformation", "old"]


class TestTemplates:
    def test_an_undeclared_variable_is_a_problem_with_its_fix(self, old: OldProduct) -> None:
        old.leave_tables()

        report = check("--name", NAME, exit_code=1)

        assert report["templatesChecked"] == 1
        [problem] = report["problems"]
        assert "Template 'order-shipped': trackingUrl in neither" in problem
        assert report["optionalVariables"] == {"order-shipped": ["note", "trackingUrl"]}

    @pytest.mark.parametrize(
        ("body", "fails"),
        [
            ("{{ x | default('') }}", False),
            ("{{ x | d('') | upper }}", False),
            ("{% if x is defined %}{{ x }}{% endif %}", False),
            ("{% if y and x is defined and x %}{{ x }}{% endif %}", True),
            ("{{ x if x is defined else '' }}", False),
            ("{% if x %}{% endif %}", True),
            ("{% if x is defined %}a{% else %}{{ x }}{% endif %}", True),
            ("{{ x.y | default('') }}", True),
            ("{% for x in [1] %}{{ x }}{% endfor %}", False),
            ("{% set x = 1 %}{{ x }}", False),
            ("{{ subject }}", False),
            ("{% set x = x|default('') %}{{ x }}", False),
            ("{% if x|default('') %}{{ x }}{% endif %}", False),
            ("{% if x|default('a') %}{{ x }}{% endif %}", True),
            ("{% if x is not defined %}a{% else %}{{ x }}{% endif %}", False),
            ("{% if x is undefined %}a{% else %}{{ x }}{% endif %}", False),
            ("{% if x is undefined %}{{ x }}{% endif %}", True),
            ("{% if x is undefined or not x %}a{% else %}{{ x }}{% endif %}", False),
            ("{% if x is defined or true %}{{ x }}{% endif %}", True),
            ("{{ x is defined and x.name }}", False),
            ("{% for x in x|default([]) %}{{ x }}{% endfor %}", False),
            ("{% for x in [1] %}{{ x }}{% endfor %}{{ x|default('') }}", False),
            ("{% for x in [1] %}{{ x }}{% endfor %}{{ x }}", True),
            ("{% with x = 1 %}{{ x }}{% endwith %}{{ x|d }}", False),
            ("{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1) }}{{ x|d }}", False),
            ("{% macro m() %}{{ x }}{% endmacro %}{{ m() }}", True),
            ("{% if false %}{% set x = 1 %}{% endif %}{{ x }}", True),
            ("{{ x|upper|default('') }}", True),
            ("{{ x.y.z|default('') }}", True),
        ],
    )
    def test_only_a_name_that_may_be_undefined_fails(
        self, old: OldProduct, tmp_path: Path, body: str, fails: bool
    ) -> None:
        write_template(tmp_path / "mine", **{"template.html": f"<p>{body}</p>"})

        problems = check("--no-account", "--templates", str(tmp_path), exit_code=int(fails))["problems"]

        assert any("in neither" in one for one in problems) is fails

    @pytest.mark.parametrize(
        ("name", "files", "message"),
        [
            ("mine", {"template.txt": None}, "missing template.txt"),
            ("mine", {"template.html": "x" * 262_145}, "file too large: 262145 bytes"),
            ("mine", {"metadata.json": "{"}, "invalid metadata.json"),
            ("mine", {"template.html": "{% include 'header.html' %}"}, "only its own three files"),
            ("mine", {"template.html": "{{ 1 | money_format }}"}, "No filter named 'money_format'"),
            ("mine", {"template.html": "{% if %}"}, "Syntax error"),
            ("my.template", {}, "its name is not allowed"),
        ],
    )
    def test_what_the_sender_could_not_render_is_a_problem(
        self, old: OldProduct, tmp_path: Path, name: str, files: dict[str, str | None], message: str
    ) -> None:
        write_template(tmp_path / name, **files)

        problems = check("--no-account", "--templates", str(tmp_path), exit_code=1)["problems"]

        assert message in " ".join(problems)

    def test_a_template_without_a_subject_is_noted(self, old: OldProduct, tmp_path: Path) -> None:
        write_template(tmp_path / "mine", **{"metadata.json": "{}"})

        assert "has no subject" in check("--no-account", "--templates", str(tmp_path))["notes"][0]

    def test_templates_are_checked_without_an_account(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_REGION"):
            monkeypatch.delenv(name, raising=False)
        write_template(tmp_path / "mine")

        assert (
            "1 template checked; nothing to change first."
            in sesmail("migrate", "check", "--no-account", "--templates", str(tmp_path)).stdout
        )


def write_template(folder: Path, **files: str | None) -> None:
    folder.mkdir()
    whole: dict[str, str | None] = {
        "template.html": "<p>Hello</p>",
        "template.txt": "Hello",
        "metadata.json": '{"subject": "Hello"}',
    }
    for file, content in {**whole, **files}.items():
        if content is not None:
            (folder / file).write_text(content)


def test_nothing_of_the_answer_gives_a_terminal_orders(old: OldProduct, tmp_path: Path) -> None:
    write_template(tmp_path / "mine", **{"template.html": "{{ \x1b[31mx }}"})

    assert "\x1b" not in sesmail("migrate", "check", "--no-account", "--templates", str(tmp_path)).output
