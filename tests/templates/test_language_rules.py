"""The linter's rules about languages, about bulk mail, and about what a sample has."""

from __future__ import annotations

import json

import msgspec
import pytest

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.linter import lint
from tests.templates.test_linter import HEAD, rules, template

FRENCH = "Votre commande est en route, et vous la recevrez dans les deux jours. Merci pour votre confiance."
ENGLISH = "Your order is on its way and you will have it within two days. Thank you for your trust."
GERMAN = "Ihre Bestellung ist auf dem Weg und wir danken Ihnen für das Vertrauen. Sie ist nicht weit."


def html(words: str, lang: str = "en", more: str = "") -> str:
    head = HEAD.replace('lang="en"', f'lang="{lang}"{more}')
    return f"{head}<body><p>{words} {{{{ name }}}}</p></body></html>"


def messages(template: TemplateFiles, rule: str) -> list[str]:
    return [finding.message for finding in lint(template) if finding.rule == rule]


def test_a_translated_subject_over_bodies_in_the_default_language_is_found() -> None:
    found = messages(template(metadata={"subject.fr": "Bonjour {{ name }}"}), "mixed-languages")
    assert found == [
        "In 'fr', subject would be translated and template.html and template.txt not: "
        "add template.fr.html and template.fr.txt"
    ]


def test_a_text_part_that_misses_its_translation_is_found() -> None:
    files = {"template_fr_html": html("", "fr"), "metadata": {"subject.fr": "Bonjour {{ name }}"}}
    [found] = messages(template(**files), "mixed-languages")  # type: ignore[arg-type]
    assert found.endswith("add template.fr.txt")


@pytest.mark.parametrize("locale", ["fr", "fr-CA"])
def test_a_whole_translation_has_no_finding(locale: str) -> None:
    whole = template(metadata={"subject.fr": "Bonjour {{ name }}"})
    files = {f"template.{locale}.html": html("", "fr"), "template.fr.txt": "Bonjour {{ name }}"}
    encoded = {name: content.encode() for name, content in files.items()}
    # In plain French, the HTML for Canada is not used: it is the default's there.
    expected = [] if locale == "fr" else [("mixed-languages", "metadata.json")]
    found = lint(TemplateFiles("hello", "hello", whole.files | encoded))
    assert [(finding.rule, finding.file) for finding in found] == expected


def test_a_subject_in_the_templates_own_language_is_no_translation() -> None:
    files = {"template.html": html("Bonjour", "fr"), "template.txt": "Bonjour {{ name }}"}
    whole = template(metadata={"subject.fr": "Bonjour {{ name }}"})
    encoded = {name: content.encode() for name, content in files.items()}
    assert lint(TemplateFiles("hello", "hello", whole.files | encoded)) == []


def test_a_french_subject_over_an_english_text_part_is_found_by_its_words() -> None:
    found = messages(template(text=f"{ENGLISH} {{{{ name }}}}", metadata={"subject": "Votre commande est en route"}),
                     "mixed-languages")  # fmt: skip
    assert found == ["The email seems to be in several languages: subject in 'fr' and template.txt in 'en'"]


def test_html_and_text_in_two_languages_are_found_by_their_words() -> None:
    mixed = template(body=f"<p>{GERMAN}</p>", text=f"{ENGLISH} {{{{ name }}}}")
    assert messages(mixed, "mixed-languages") == [
        "The email seems to be in several languages: template.html in 'de' and template.txt in 'en'"
    ]
    assert messages(mixed, "wrong-lang") == ["lang=\"en\", but the text seems to be in 'de'"]


@pytest.mark.parametrize(("words", "lang"), [(FRENCH, "fr"), (ENGLISH, "en-GB"), (GERMAN, "de"), ("OK", "en")])
def test_a_text_in_its_own_language_has_no_finding(words: str, lang: str) -> None:
    whole = template(text=f"{words} {{{{ name }}}}")
    assert lint(TemplateFiles("hello", "hello", whole.files | {"template.html": html(words, lang).encode()})) == []


@pytest.mark.parametrize(
    ("lang", "more", "found"),
    [
        ("en", "", ["wrong-lang", "missing-dir"]),
        ("ar", "", ["missing-dir"]),
        ("ar", ' dir="rtl"', []),
        ("ar-EG", ' dir="RTL"', []),
        ("{{ locale }}", ' dir="{{ name }}"', []),
    ],
)
def test_lang_and_direction_are_those_of_the_locale(lang: str, more: str, found: list[str]) -> None:
    whole = template(
        template_ar_html=html("", lang, more), template_ar_txt="{{ name }}", metadata={"subject.ar": "{{ name }}"}
    )
    assert sorted(finding.rule for finding in lint(whole) if finding.file == "template.ar.html") == sorted(found)


def test_a_localised_body_is_rendered_with_the_samples_too() -> None:
    broken = template(
        template_fr_html=html("{{ name.nothing() }}", "fr"),
        template_fr_txt="{{ name }}",
        metadata={"subject.fr": "{{ name }}"},
        sample_json='{"name": "Ada"}',
    )
    assert [found[:2] for found in rules(lint(broken)) if found[0].startswith("TMPL")] == [
        ("TMPL007", "template.fr.html")
    ]


def test_html_that_gmail_would_cut_off_is_found_without_samples_too() -> None:
    assert messages(template(body="x" * 105_000), "clipped")[0].endswith(
        "bytes of HTML, without data: Gmail cuts an email off after 104448"
    )


def test_bulk_mail_says_who_sends_it_and_from_where() -> None:
    rules_of_bulk = ("no-address", "no-brand", "no-unsubscribe")
    expected = {(rule, file) for rule in rules_of_bulk for file in ("template.html", "template.txt")}
    assert {(one.rule, one.file) for one in lint(template(), bulk=True)} == expected
    part = "{{ name }} {{ companyName }} {{ companyAddress }} {{ unsubscribeLink }}"
    optional = {"optionalVariables": ["companyName", "companyAddress", "unsubscribeLink"]}
    assert lint(template(body=part, text=part, metadata=optional), bulk=True) == []


def test_a_brand_without_an_address_is_found_in_bulk_mail() -> None:
    part = "{{ name }} {{ companyName }} {{ companyAddress }} {{ unsubscribeLink }}"
    optional = {"optionalVariables": ["companyName", "companyAddress", "unsubscribeLink"]}
    whole = template(body=part, text=part, metadata=optional)
    for brand, found in (({"companyName": "N"}, ["no-address"]), ({"companyAddress": "A"}, ["no-brand"]), ({}, [])):
        findings = lint(msgspec.structs.replace(whole, brand=brand), bulk=True)
        assert [(one.rule, one.file) for one in findings] == [(rule, "../brand.json") for rule in found]


@pytest.mark.parametrize(
    "use", ["{% if extra %}x{% endif %}", "{{ extra | default('x') }}", "{{ 'x' if extra else '' }}"]
)
def test_an_undeclared_variable_that_is_tested_is_named_as_optional(use: str) -> None:
    [found] = messages(template(body=use), "undeclared-variable")
    assert found.endswith("it is tested, so it belongs to optionalVariables")
    [found] = messages(template(body="{{ extra }}"), "undeclared-variable")
    assert "tested" not in found


def test_data_of_a_sample_that_nothing_declares_are_found_on_their_line() -> None:
    sample = json.dumps({"name": "Ada", "nickname": "A", "year": 2026}, indent=1)
    assert rules(lint(template(sample_json=sample))) == [("undeclared-data", "sample.json", 3)]
