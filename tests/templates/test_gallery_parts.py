"""What the gallery makes of an email and of its data: the inbox's row, and a form."""

from __future__ import annotations

from typing import Any

import pytest

from sesmail_cli.templates.gallery.form import fields_of, parse_data, with_fields
from sesmail_cli.templates.gallery.inbox_row import LONGEST_PREVIEW, inbox_row, preview_of
from sesmail_cli.templates.gallery.remote_images import remote_images


def test_the_row_has_the_sender_the_subject_and_the_preheader() -> None:
    head = "<head><title>T</title><style>p{}</style></head>"
    html = f"{head}<body><div style='display:none'>Your order is on its way.</div><p>Hello</p>"
    row = inbox_row([("From", '"Northwind Books" <a@b.example>'), ("Subject", "Order 7")], html, "text")
    assert row == ("Northwind Books", "Order 7", "Your order is on its way. Hello", "N")


def test_a_sender_without_a_name_is_its_address() -> None:
    assert inbox_row([("From", "<a@b.example>")], "", "Text  first")[:3] == ("<a@b.example>", "", "Text first")


def test_padding_ends_the_preview_as_clients_end_it() -> None:
    padding = "&#847;&zwnj;&nbsp;" * 40
    assert preview_of(f"<div>Short.{padding}</div><h1>Heading</h1>") == "Short."
    assert preview_of("<p>One</p>\n\n      <p>two&nbsp;three</p>") == "One two three"


def test_scripts_styles_and_comments_are_no_text() -> None:
    assert preview_of("<style>a</style><script>b</script><!--[if mso]>c<![endif]-->d") == "d"


def test_no_preview_is_longer_than_clients_show() -> None:
    assert len(preview_of("<p>" + "word " * 1_000)) <= LONGEST_PREVIEW


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("Ada", "text", "Ada"),
        ("one\ntwo", "lines", "one\ntwo"),
        (True, "flag", "true"),
        (7, "number", "7"),
        ([1, 2], "data", "2 in a list"),
        ({"a": 1}, "data", "1 values"),
        (None, "text", ""),
    ],
)
def test_a_field_suits_its_value(value: Any, kind: str, shown: str) -> None:
    (field,) = fields_of(["x"], [], {"x": value})
    assert (field.kind, field.value, field.required) == (kind, shown, True)


def test_required_variables_come_first_and_undeclared_data_is_not_lost() -> None:
    fields = fields_of(["b"], ["a"], {"c": "x"})
    assert [(field.name, field.required) for field in fields] == [("b", True), ("a", False), ("c", False)]


def test_values_keep_their_type() -> None:
    data = {"n": 1, "flag": True, "text": "7", "list": [1]}
    changed = with_fields(data, {"n": "2.5", "flag": "false", "text": "8"}, [])
    assert changed == {"n": 2.5, "flag": False, "text": "8", "list": [1]}
    assert with_fields({"n": 1}, {"n": "many"}, []) == {"n": "many"}


def test_what_was_not_changed_stays_as_it_is() -> None:
    data = {"empty": "", "lines": "a\r\nb", "n": 1.0, "none": None}
    assert with_fields(data, {"empty": "", "lines": "a\r\nb", "n": "1.0", "none": ""}, []) == data


def test_an_optional_value_that_is_emptied_is_left_out_and_a_required_one_stays() -> None:
    assert with_fields({"a": "x", "b": "y", "flag": True}, {"a": "", "b": "", "flag": ""}, ["b"]) == {"b": ""}


def test_a_variable_that_the_data_does_not_have_is_of_the_kind_of_a_sample() -> None:
    samples: list[dict[str, Any]] = [
        {"flag": True},
        {"flag": "x", "n": 7, "list": [1], "values": {"a": 1}, "text": "a\nb"},
    ]
    names = ["flag", "n", "list", "values", "text", "unknown"]
    fields = fields_of([], names, {"n": None}, samples)
    assert [(field.kind, field.value) for field in fields] == [
        ("flag", ""),
        ("number", ""),
        ("data", "Not given"),
        ("data", "Not given"),
        ("lines", ""),
        ("text", ""),
    ]
    kinds = {field.name: field.kind for field in fields}
    assert with_fields({"n": None}, dict.fromkeys(kinds, ""), [], kinds) == {"n": None}
    given = {"flag": "false", "n": "2.5", "text": "true"}
    assert with_fields({}, given, [], kinds) == {"flag": False, "n": 2.5, "text": "true"}


@pytest.mark.parametrize("text", ["{", "[1]", "1", "[" * 100_000])
def test_only_an_object_is_data(text: str) -> None:
    assert parse_data(text) is None


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<img alt="a > b" src="https://x.example/1.png">', 1),
        ("<img src=//x.example/1.png><img src='HTTP://x.example/2.png'>", 2),
        ('<img src="data:image/png;base64,//8A"><img src="/own.png"><img data-src="https://x.example/1.png">', 0),
        ('<source srcset="a.png 1x,https://x.example/2.png 2x, //x.example/3.png 3x">', 2),
        ('<img srcset="data:image/png;base64,//8A 1x">', 0),
        ('<td background=" https://x.example/1.png">', 1),
        ("<style>p{background:url( //x.example/1.png )}</style>", 1),
        ('<p style="background-image:url(&quot;https://x.example/1.png&quot;)">', 1),
        ("<p style='background:url(\"https://x.example/1.png\")'><td background=https://x.example/1.png>", 1),
        ('<!--[if mso]><v:fill src="https://x.example/1.png"/><![endif]--><a href="https://x.example">x</a>', 0),
        ("<!-- " * 50_000 + '<img src="https://x.example/1.png">', 0),
    ],
)
def test_images_from_elsewhere_are_found_wherever_a_browser_loads_them(html: str, count: int) -> None:
    assert len(remote_images(html)) == count
