"""The names under which the files of a template are looked for."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.template.files import canonical_locale, file_variants, locale_candidates


def test_a_locale_falls_back_to_its_language() -> None:
    assert locale_candidates("zh-Hant-TW") == ["zh-Hant-TW", "zh-Hant", "zh"]
    assert locale_candidates("fr") == ["fr"]
    assert locale_candidates(None) == []


@pytest.mark.parametrize("file", ["template.html", "template.txt"])
def test_a_body_has_a_variant_for_each_locale(file: str) -> None:
    ending = file.removeprefix("template.")

    assert file_variants(file, "fr-CA") == [f"template.fr-CA.{ending}", f"template.fr.{ending}", file]
    assert file_variants(file, None) == [file]


def test_metadata_has_no_variants() -> None:
    assert file_variants("metadata.json", "fr-CA") == ["metadata.json"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("de_DE", "de-DE"),
        ("DE-de", "de-DE"),
        ("zh_Hans_CN", "zh-Hans-CN"),
        ("ZH-HANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-ROZAJ-1994", "sl-rozaj-1994"),
        ("fr", "fr"),
    ],
)
def test_a_locale_is_written_as_the_files_are_named(given: str, written: str) -> None:
    assert canonical_locale(given) == written
