"""Colours in templates: a brand's colour from data, and the colours that are readable with it."""

from __future__ import annotations

import random

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.colors import READABLE, Rgb, contrast, contrast_color, readable_on
from sesmail_layer.domain.template.templates import compile_template

METADATA = b'{"subject": "s", "optionalVariables": ["value"]}'
# WCAG's own luminances: white on black is the largest ratio that there is.
RATIOS = [
    ("#ffffff", "#000000", 21.0),
    ("#777777", "#ffffff", 4.48),
    ("#0000ff", "#ffffff", 8.59),
    ("#ffd400", "#ffffff", 1.43),
]


def rgb(text: str) -> Rgb:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def render(source: str, **data: object) -> str:
    return compile_template("t", b"", source.encode(), METADATA).render(data, None).text


@pytest.mark.parametrize(("one", "other", "expected"), RATIOS)
def test_contrast_is_the_ratio_of_wcag(one: str, other: str, expected: float) -> None:
    assert contrast(rgb(one), rgb(other)) == pytest.approx(expected, abs=0.01)
    assert contrast(rgb(other), rgb(one)) == contrast(rgb(one), rgb(other))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("#2F4BD8", "#2f4bd8"),
        ("#fc0", "#ffcc00"),
        (None, "#112233"),
        ("", "#112233"),
        ("blue", "#112233"),
        ("#12345", "#112233"),
        ("#2f4bd8;background:url(//evil.example)", "#112233"),
        ("#2f4bd8\n", "#112233"),
        ('"><script>', "#112233"),
        (["#2f4bd8"], "#112233"),
        (7, "#112233"),
    ],
)
def test_nothing_but_a_colour_comes_out_of_color(value: object, expected: str) -> None:
    assert render("{{ value | color('#123') }}", value=value) == expected


def test_text_on_a_brand_is_black_or_white_whichever_is_easier_to_read() -> None:
    brands = {"#0b1f4d": "#ffffff", "#ffd400": "#000000", "#ffffff": "#000000", "#000000": "#ffffff"}
    assert {brand: render("{{ value | contrast_color }}", value=brand) for brand in brands} == brands


def test_every_colour_has_a_readable_text_colour_and_can_be_made_readable_itself() -> None:
    chance = random.Random(16)
    for _ in range(2_000):
        brand, ground = (f"#{chance.randrange(1 << 24):06x}" for _ in range(2))
        assert contrast(rgb(contrast_color(brand)), rgb(brand)) >= READABLE
        assert contrast(rgb(readable_on(brand, ground)), rgb(ground)) >= READABLE


def test_a_colour_that_is_readable_already_stays_and_another_changes_no_more_than_it_must() -> None:
    assert readable_on("#0b1f4d", "#ffffff") == "#0b1f4d"
    changed = readable_on("#ffd400", "#ffffff")
    assert READABLE <= contrast(rgb(changed), (255, 255, 255)) < READABLE + 1
    assert render("{{ '#0b1f4d' | readable_on('#1a1f2b', 3) }}") != "#0b1f4d"
    assert readable_on("#777777", "#777777", 99) == "#000000"


def test_a_dark_brand_on_a_dark_page_is_a_bright_colour_of_its_own_hue_and_a_grey_stays_grey() -> None:
    assert readable_on("#0b1f4d", "#181c24", 3) == "#3469e2"
    red, green, blue = rgb(readable_on("#333333", "#181c24"))
    assert red == green == blue


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ 'blue' | color('red') }}", "color: a colour is written as #rrggbb, such as #2f4bd8"),
        ("{{ 'blue' | contrast_color }}", "contrast_color: a colour is written as #rrggbb, such as #2f4bd8"),
        ("{{ 'blue' | readable_on('#fff') }}", "readable_on: a colour is written as #rrggbb, such as #2f4bd8"),
        ("{{ '#fff' | readable_on('blue') }}", "readable_on: a colour is written as #rrggbb, such as #2f4bd8"),
        ("{{ '#fff' | readable_on('#fff', 'x') }}", "readable_on: the ratio is a number from 1 to 21, such as 4.5"),
        ("{{ '#fff' | readable_on('#fff', true) }}", "readable_on: the ratio is a number from 1 to 21, such as 4.5"),
    ],
)
def test_what_is_no_colour_fails_the_email_by_the_filters_name_and_without_the_data(source: str, message: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(source)
    assert (caught.value.code, caught.value.message) == (
        "TMPL010",
        f"Failed to render template 't': FilterArgumentError: {message}",
    )


def test_an_undeclared_colour_is_an_undefined_variable() -> None:
    with pytest.raises(PermanentError, match="'brandColor' is undefined"):
        render("{{ brandColor | color('#123456') }}")
