"""Rules about CSS and HTML that Gmail, Outlook (desktop) or Apple Mail drop, from caniemail's data."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec
import tinycss2  # type: ignore[import-untyped]

from sesmail_cli.templates.lint.findings import Reporter
from sesmail_cli.templates.lint.markup import Element, Markup, Style


class Feature(msgspec.Struct, frozen=True):
    """A feature that a client may not support; `key` is its key in caniemail.json."""

    key: str
    line: int
    word: str


@functools.cache
def dropped_features() -> dict[str, dict[str, Any]]:
    return _resource("caniemail.json")["dropped"]  # type: ignore[no-any-return]


@functools.cache
def fallbacks() -> dict[str, str]:
    """Return, by caniemail's title, why an email still works where a client drops the feature."""
    return _resource("fallbacks.json")


def _resource(name: str) -> dict[str, Any]:
    return json.loads((files(__package__) / name).read_text())  # type: ignore[no-any-return]


def report_dropped(markup: Markup, report: Reporter) -> None:
    """Report each dropped feature once, at its first use."""
    reported = set()
    for feature in _features(markup):
        entry = dropped_features().get(feature.key)
        if entry is None or entry["title"] in fallbacks() or feature.key in reported:
            continue
        reported.add(feature.key)
        clients = ", ".join(entry["clients"])
        message = f"{entry['title']} is dropped by {clients}"
        report.warning("dropped-css", message, line=feature.line, word=feature.word)


def _features(markup: Markup) -> Iterator[Feature]:
    for element in markup.elements:
        yield _element(element)
    for style in markup.styles:
        yield from _declarations(style) if style.inline else _sheet(style)


def _element(element: Element) -> Feature:
    return Feature(f"element:{element.tag}", element.line, f"<{element.tag}")


def _sheet(style: Style) -> Iterator[Feature]:
    for rule in tinycss2.parse_stylesheet(style.css, skip_comments=True, skip_whitespace=True):
        line = style.line + rule.source_line - 1
        if rule.type == "at-rule":
            yield Feature(f"at-rule:{rule.lower_at_keyword}", line, f"@{rule.at_keyword}")
            if rule.content is not None:
                inner = tinycss2.serialize(rule.content)
                yield from _sheet(Style(inner, line, inline=False))
        elif rule.type == "qualified-rule":
            selector = tinycss2.serialize(rule.prelude)
            names = [part.split("(")[0].split()[0].strip(",") for part in selector.replace("::", ":").split(":")[1:]]
            yield from (Feature(f"pseudo:{name}", line, f":{name}") for name in names)
            yield from _declarations(Style(tinycss2.serialize(rule.content), line, inline=True))


def _declarations(style: Style) -> Iterator[Feature]:
    for declaration in tinycss2.parse_declaration_list(style.css, skip_comments=True, skip_whitespace=True):
        if declaration.type != "declaration":
            continue
        line = style.line + declaration.source_line - 1
        name = declaration.lower_name
        yield Feature(f"property:{name}", line, declaration.name)
        value = tinycss2.serialize(declaration.value).strip()
        yield Feature(f"value:{name}={value}", line, declaration.name)
        for token in declaration.value:
            if token.type == "function":
                yield Feature(f"function:{token.lower_name}", line, token.name)
