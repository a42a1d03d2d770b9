"""What SESMail's local pages share: text that changes nothing around it, and templates that print nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from sesmail_cli.web.pages import DESIGN, environment, size
from sesmail_cli.web.server import static_file
from sesmail_cli.web.text import shorten, visible
from sesmail_layer.domain.record.statuses import Status


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, שלום, 🧾 and\ttabs\nlines", "plain, שלום, 🧾 and\ttabs\nlines"),
        ("one\r\ntwo\rthree", "one\ntwo␍three"),
        ("\x1b[31mred\x00\x7f", "␛[31mred␀␡"),
        ("\x9b31m", "[U+009B]31m"),
        ("\u202egnp.exe", "[U+202E]gnp.exe"),
        ("\u2066a\u2069", "[U+2066]a[U+2069]"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_what_could_hide_or_reorder_text_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_text_is_cut_to_its_limit() -> None:
    assert shorten("12345", 5) == "12345"
    assert shorten("1234 67890", 6) == "1234…"


@pytest.mark.parametrize(("count", "text"), [(1, "1 byte"), (999, "999 bytes"), (12_640, "12.6 KB"), (3e6, "3.0 MB")])
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert size(int(count)) == text


def test_every_printed_value_is_escaped_and_made_visible(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text('<p title="{{ text }}">{{ text }}</p>{{ made }}')
    page = environment(tmp_path).get_template("page.html")
    shown = page.render(text='"><script>\x1b\u202e', made=Markup("<b>ours</b>"))
    harmless = "&#34;&gt;&lt;script&gt;␛[U+202E]"
    assert shown == f'<p title="{harmless}">{harmless}</p><b>ours</b>'


def test_a_name_that_is_not_given_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ mising }}")
    with pytest.raises(UndefinedError):
        environment(tmp_path).get_template("page.html").render()


def test_every_status_has_a_badge_with_a_colour_of_the_design() -> None:
    style = (DESIGN / "design.css").read_text()
    badge = environment(DESIGN).get_template("parts.html").module.badge  # type: ignore[attr-defined]
    for status in Status:
        found = re.search(r"badge-(\w+)", badge(status))
        assert found, status
        assert found[1] != "quiet", status
        assert f".badge-{found[1]} " in style
    assert "badge-quiet" in badge("anything else")


@pytest.mark.parametrize("name", ["../server.py", "/etc/passwd", "pages.py", "nothing.css", ""])
def test_only_files_for_browsers_are_served(name: str) -> None:
    assert static_file(DESIGN, name).status == 404


def test_the_design_asks_for_nothing_from_elsewhere() -> None:
    for path in DESIGN.iterdir():
        links = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", path.read_text())
        assert set(links) <= {"http://www.w3.org"}, path.name
