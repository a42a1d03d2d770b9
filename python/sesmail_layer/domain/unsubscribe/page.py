"""The unsubscribe page as HTML: no script, nothing loaded but the brand's logo, in the reader's language.

The function's own folder has its files: `page.html`, `page.css`, and a JSON file of texts for each locale.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import jinja2

from sesmail_layer.domain.template.colors import color, contrast_color, readable_on
from sesmail_layer.domain.unsubscribe.view import Problem, View

STATUSES = {Problem.LINK: 400, Problem.FORM: 400, Problem.LATER: 503}
_DEFAULT_LANGUAGE = "en"
_ACCENT = "#2f4bd8"
_PREFERENCE = re.compile(r"([A-Za-z]{1,8})(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*q=([0-9.]{1,5}))?")


class Page:
    """Renders what became of a request. Lives with the container."""

    def __init__(self, html: str, css: str, texts: Mapping[str, Mapping[str, str]], brand: Mapping[str, str]) -> None:
        """`texts` are by language; `brand` has the variables of templates, and at least `companyName`."""
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        self._template = environment.from_string(html)
        self._texts = texts
        self._brand = {name: brand.get(name, "") for name in ("companyName", "logoUrl", "logoDarkUrl", "supportEmail")}
        self._css = f"{_colors(brand)}{css}"
        digest = base64.b64encode(hashlib.sha256(self._css.encode()).digest()).decode()
        self.headers = {
            "cache-control": "no-store",
            "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src https:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
            "strict-transport-security": "max-age=31536000",
            "x-content-type-options": "nosniff",
            "x-robots-tag": "noindex, nofollow",
        }

    def render(self, found: View | Problem, languages: str) -> tuple[int, str]:
        """Return the status and the HTML; `languages` is the reader's Accept-Language."""
        language = best_language(languages, self._texts)
        view = found if isinstance(found, View) else None
        context: dict[str, Any] = {
            "t": self._texts[language],
            "lang": language,
            "css": self._css,
            "brand": self._brand,
            "view": view,
            "problem": None if view else str(found),
        }
        return (200 if view else STATUSES[Problem(str(found))]), self._template.render(context)


def best_language(accepted: str, known: Mapping[str, object]) -> str:
    """Return the known language that a header Accept-Language prefers; English where it names none."""
    preferences = [_PREFERENCE.fullmatch(part.strip()) for part in accepted[:500].split(",")]
    ranked = sorted(
        ((_quality(match[2]), -index, match[1].lower()) for index, match in enumerate(preferences) if match),
        reverse=True,
    )
    return next((name for quality, _, name in ranked if name in known and quality > 0), _DEFAULT_LANGUAGE)


def _quality(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0


def _colors(brand: Mapping[str, str]) -> str:
    """Return the brand's colours as CSS variables, readable in light and dark."""
    accent = color(brand.get("brandColor", ""), _ACCENT)
    on_accent = color(brand.get("brandTextColor", ""), contrast_color(accent))
    light, dark = readable_on(accent, "#ffffff"), readable_on(accent, "#1b2029")
    return (
        f":root{{--accent:{accent};--on-accent:{on_accent};--link:{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{--link:{dark}}}}}\n"
    )
