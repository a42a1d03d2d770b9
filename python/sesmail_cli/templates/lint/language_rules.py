"""Rules about languages: one email is in one language, and says which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Finding, Reporter
from sesmail_cli.templates.lint.markup import DATA, elements, read_markup, without_jinja
from sesmail_layer.domain.template.files import METADATA, file_variants, locale_candidates

HTML, TEXT = "template.html", "template.txt"
_SUBJECT = "subject."
_RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"}
# Words that are frequent in emails of one language, and rare in the others.
_WORDS = {
    "en": "the and your you is are this have was will our from with",
    "fr": "le les des une est vous votre vos nous notre pour avec dans sur cette et",
    "de": "der die das und ist sie ihr ihre ihren wir für mit eine nicht auf",
    "es": "el los las es usted su sus para con por del está tu y nos",
    "it": "gli il è per che della nostro tuo sono ci suo non questa",
    "nl": "het een uw je voor van niet wij op zijn deze bij",
    "pt": "os uma você seu sua para com não da do em nós este",
}
_LANGUAGE_OF = {
    word: {name for name, words in _WORDS.items() if word in words.split()}
    for word in " ".join(_WORDS.values()).split()
}
# A shorter text says too little.
_ENOUGH_WORDS, _ENOUGH_IN_SUBJECT = 4, 2
_WORD = re.compile(r"[^\W\d_]+")


def report_languages(template: TemplateFiles, metadata: Mapping[str, Any], findings: list[Finding]) -> None:
    """Report locales of which a part is missing, and parts that are in another language than they say.

    Raises jinja2.TemplateSyntaxError and AssertionError for what cannot be read.
    """
    for locale in locales(template, metadata):
        _missing_parts(template, metadata, locale, findings)
    for file in template.files:
        if file.endswith(".html"):
            _declared_language(template, file, findings)
    for locale in ["", *locales(template, metadata)]:
        _words(template, metadata, locale, findings)


def locales(template: TemplateFiles, metadata: Mapping[str, Any]) -> list[str]:
    """Return the locales that a body or the subject has a variant for."""
    bodies = {_locale_of(file) for file in template.files if file.startswith("template.") and file.count(".") == 2}
    return sorted(bodies | {key.removeprefix(_SUBJECT) for key in metadata if key.startswith(_SUBJECT)})


def _missing_parts(template: TemplateFiles, metadata: Mapping[str, Any], locale: str, findings: list[Finding]) -> None:
    found = dict(_parts(template, metadata, locale))
    languages = {_primary(one) or _default_language(template) for one in found.values()}
    if len(languages) < 2:
        return
    own = [part for part, one in found.items() if one]
    others = [part for part, one in found.items() if not one]
    missing = _list([_variant(part, locale) for part in others])
    message = f"In '{locale}', {_list(own)} would be translated and {_list(others)} not: add {missing}"
    report = Reporter(findings, template.name, METADATA, template.text(METADATA))
    report.warning("mixed-languages", message, line=report.line_of(f'"{_SUBJECT}{locale}"'))


def _parts(template: TemplateFiles, metadata: Mapping[str, Any], locale: str) -> Iterator[tuple[str, str]]:
    """Yield subject and bodies with the locale of what the sender would take; empty: the default's."""
    yield "subject", next((one for one in locale_candidates(locale) if f"{_SUBJECT}{one}" in metadata), "")
    for file in (HTML, TEXT):
        taken = next((variant for variant in file_variants(file, locale) if variant in template.files), file)
        yield file, _locale_of(taken)


def _declared_language(template: TemplateFiles, file: str, findings: list[Finding]) -> None:
    report = Reporter(findings, template.name, file, template.text(file))
    attributes, line = _root(template, file)
    lang, locale = attributes.get("lang", ""), _locale_of(file)
    if locale and lang and DATA not in lang and _primary(lang) != _primary(locale):
        report.warning("wrong-lang", f"lang=\"{lang}\" in the file for '{locale}'", line=line, word=f'"{lang}"')
    is_right_to_left = _primary(locale or lang) in _RIGHT_TO_LEFT
    if is_right_to_left and attributes.get("dir", "").lower() != "rtl" and DATA not in attributes.get("dir", ""):
        report.warning("missing-dir", f"'{locale or lang}' is written from right to left: add dir=\"rtl\"", line=line)


def _words(template: TemplateFiles, metadata: Mapping[str, Any], locale: str, findings: list[Finding]) -> None:
    """Compare the languages that the words of a locale's own parts are in, and the one that the HTML declares."""
    found: dict[str, str] = {}
    subject = metadata.get(f"{_SUBJECT}{locale}" if locale else "subject")
    if isinstance(subject, str) and (language := _language_of(without_jinja(subject), _ENOUGH_IN_SUBJECT)):
        found["subject"] = language
    for file in (HTML, TEXT):
        name = _variant(file, locale)
        if name in template.files and (language := _language_of(_prose(template, name), _ENOUGH_WORDS)):
            found[name] = language
    if len(set(found.values())) > 1:
        message = "The email seems to be in several languages: " + _list(
            [f"{part} in '{one}'" for part, one in found.items()]
        )
        Reporter(findings, template.name, METADATA).warning("mixed-languages", message)
    html = _variant(HTML, locale)
    lang = _root(template, html)[0].get("lang", "") if html in found else ""
    if lang and DATA not in lang and _primary(lang) in _WORDS and found[html] != _primary(lang):
        message = f"lang=\"{lang}\", but the text seems to be in '{found[html]}'"
        Reporter(findings, template.name, html, template.text(html)).warning("wrong-lang", message)


def _language_of(text: str, enough: int) -> str:
    """Return the language that the text's frequent words are of; empty if there are too few or none is ahead."""
    counts = dict.fromkeys(_WORDS, 0)
    for word in _WORD.findall(text.lower()):
        for language in _LANGUAGE_OF.get(word, ()):
            counts[language] += 1
    second, first = sorted(counts, key=lambda name: counts[name])[-2:]
    return first if counts[first] >= enough and counts[first] >= 2 * counts[second] + 1 else ""


def _root(template: TemplateFiles, file: str) -> tuple[Mapping[str, str], int]:
    """Return the attributes of `<html>` and its line."""
    roots = elements(read_markup(template.text(file)), "html")
    return next(((root.attributes, root.line) for root in roots), ({}, 0))


def _prose(template: TemplateFiles, file: str) -> str:
    text = template.text(file)
    return read_markup(text).text if file.endswith(".html") else without_jinja(text)


def _default_language(template: TemplateFiles) -> str:
    lang = _root(template, HTML)[0].get("lang", "") if HTML in template.files else ""
    return "" if DATA in lang else _primary(lang)


def _locale_of(file: str) -> str:
    return file.split(".")[1] if file.count(".") == 2 else ""


def _variant(part: str, locale: str) -> str:
    if part == "subject":
        return f"{_SUBJECT}{locale}"
    return file_variants(part, locale)[0] if locale else part


def _primary(tag: str) -> str:
    return tag.split("-")[0].lower()


def _list(parts: list[str]) -> str:
    return " and ".join(parts)
