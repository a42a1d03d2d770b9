"""The files of a template: their names, localised variants, and the errors for missing ones."""

from __future__ import annotations

METADATA = "metadata.json"
# Every template has these files; the codes are those of the errors when one is missing (spec section 11).
MISSING_FILE_CODES = {"template.html": "TMPL002", "template.txt": "TMPL003", METADATA: "TMPL004"}
MAX_FILE_BYTES = 262_144


def canonical_locale(locale: str) -> str:
    """Write a language tag as template files have it: `DE_de` is `de-DE`, `ZH-hans` is `zh-Hans` (RFC 5646, 2.1.1)."""
    language, *others = locale.replace("_", "-").split("-")
    written = [part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part.lower() for part in others]
    return "-".join([language.lower(), *written])


def locale_candidates(locale: str | None) -> list[str]:
    """Return the locales to look for, best first: `fr-CA` gives `fr-CA`, then `fr`; the default comes after these."""
    parts = locale.split("-") if locale else []
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def file_variants(file: str, locale: str | None) -> list[str]:
    """Return the names under which a file may be stored, best first: `template.fr.html`, then `template.html`.

    `metadata.json` has no variants: it holds all locales itself.
    """
    stem, _, ending = file.rpartition(".")
    tags = [] if file == METADATA else locale_candidates(locale)
    return [*(f"{stem}.{tag}.{ending}" for tag in tags), file]
