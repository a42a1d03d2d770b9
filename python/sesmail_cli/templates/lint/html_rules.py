"""Rules about the HTML of an email: unsupported, inaccessible and unsafe markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from sesmail_cli.templates.lint.findings import Reporter
from sesmail_cli.templates.lint.markup import DATA, Element, Markup, elements

# The usual 600, and room for a frame; wider emails are cut off in preview panes.
MAX_WIDTH_PX = 640

_DANGEROUS_SCHEME = re.compile(r"^\s*(javascript|vbscript|data)\s*:", re.IGNORECASE)
_WIDTH = re.compile(r"(?<![-\w])width\s*:\s*(\d+)px", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_UNQUOTED_DATA = re.compile(rf"=\s*[^\s>]*{DATA}")
_UNSUBSCRIBE = re.compile(r"unsubscribe|opt[ -]?out|list-unsubscribe", re.IGNORECASE)
# Also in an expression, with filters or as an argument of a macro.
_ADDRESS = re.compile(r"\bcompanyAddress\b|<address\b", re.IGNORECASE)
_BRAND = re.compile(r"\bcompanyName\b|\blogoUrl\b")
_MARKUP = re.compile(r"</?(?:a|b|br|div|em|h[1-6]|html|i|img|li|p|span|strong|table|td|tr|ul)\b[^>]*>", re.IGNORECASE)
_ACTIVE = {
    "script": "mail clients remove scripts, and many reject the email",
    "iframe": "mail clients remove frames",
    "object": "mail clients remove embedded objects",
    "embed": "mail clients remove embedded objects",
    "form": "most mail clients disable forms: link to a page instead",
    "base": "it redirects every link of the email",
}


def report_html(markup: Markup, report: Reporter) -> None:
    for element in markup.elements:
        _active_content(element, report)
        _links(element, report)
        _quotes(element, report)
        _width(element, report)
    _images(markup, report)
    _tables(markup, report)
    _document(markup, report)


def report_text(text: str, report: Reporter) -> None:
    """Check the part for readers without HTML."""
    for number, line in enumerate(text.splitlines(), 1):
        if match := _MARKUP.search(line):
            report.warning("markup-in-text", f"{match[0]} would be shown as text", line=number, word=match[0])
    if not text.strip():
        report.error("empty-text", "The text part is empty: spam filters and screen readers need it")


def report_sender(text: str, report: Reporter) -> None:
    """Check that a part of a bulk email says who sends it, and from where, as laws such as CAN-SPAM ask."""
    if not _ADDRESS.search(text):
        message = "Bulk email needs the sender's postal address in every part: print {{ companyAddress }}"
        report.warning("no-address", message)
    if not _BRAND.search(text):
        report.warning("no-brand", "Bulk email must say who sends it in every part: print {{ companyName }}")


def report_brand(brand: Mapping[str, str], report: Reporter) -> None:
    """Check that a brand, if there is one, has what bulk email must say; data of one email may lack it."""
    for name, rule in (("companyAddress", "no-address"), ("companyName", "no-brand")):
        if brand and name not in brand:
            report.warning(rule, f"The brand has no {name}: bulk email goes out without it, unless its data has it")


def has_unsubscribe_place(text: str) -> bool:
    return _UNSUBSCRIBE.search(text) is not None


def _active_content(element: Element, report: Reporter) -> None:
    if element.tag in _ACTIVE:
        report.error("active-content", f"<{element.tag}>: {_ACTIVE[element.tag]}", line=element.line, word=element.tag)
    if element.tag == "link" and "stylesheet" in element.attributes.get("rel", ""):
        report.error(
            "active-content", "External style sheets are not loaded: write the styles inline", line=element.line
        )
    for name in element.attributes:
        if name.startswith("on"):
            report.error("active-content", f"{name}: mail clients remove scripts", line=element.line, word=name)


def _links(element: Element, report: Reporter) -> None:
    for name in ("href", "src", "action", "background"):
        value = element.attributes.get(name, "")
        if match := _DANGEROUS_SCHEME.match(value):
            report.error(
                "unsafe-link", f"{name} with '{match[1]}:' runs or hides content", line=element.line, word=match[1]
            )
        elif name != "href" and value.startswith("http:"):
            report.warning("insecure-image", f"{name} without TLS is blocked by many clients", line=element.line)
    if element.tag == "a" and element.attributes.get("href", "").strip() in ("", "#"):
        report.warning("empty-link", "A link without a target", line=element.line, word="<a")


def _quotes(element: Element, report: Reporter) -> None:
    if _UNQUOTED_DATA.search(_QUOTED.sub("", element.raw)):
        message = "Data in an unquoted attribute: escaping does not protect it"
        report.error("unquoted-attribute", message, line=element.line)


def _width(element: Element, report: Reporter) -> None:
    fixed = [int(width) for width in _WIDTH.findall(element.attributes.get("style", ""))]
    if element.attributes.get("width", "").isdigit():
        fixed.append(int(element.attributes["width"]))
    for width in fixed:
        if width > MAX_WIDTH_PX:
            message = f"{width} px wide: more than {MAX_WIDTH_PX} is cut off in preview panes and on phones"
            report.warning("width", message, line=element.line, word=str(width))


def _images(markup: Markup, report: Reporter) -> None:
    for image in elements(markup, "img"):
        if "alt" not in image.attributes:
            report.error(
                "missing-alt", "An image without alt: many readers see only its alt text", line=image.line, word="<img"
            )
        if not {"width", "height"} & image.attributes.keys():
            message = "An image without width or height: Outlook shows it in its own size"
            report.warning("image-size", message, line=image.line, word="<img")


def _tables(markup: Markup, report: Reporter) -> None:
    """A table without header cells is for layout, and must say so to screen readers."""
    tables = [element for element in markup.elements if element.tag in ("table", "th")]
    for table, next_tag in pairwise([*tables, None]):
        if table is None or table.tag == "th" or table.attributes.get("role") in ("presentation", "none"):
            continue
        if next_tag is None or next_tag.tag != "th":
            message = 'A layout table without role="presentation": screen readers announce its cells'
            report.warning("layout-table-role", message, line=table.line, word="<table")


def _document(markup: Markup, report: Reporter) -> None:
    tags = {element.tag for element in markup.elements}
    root = next(elements(markup, "html"), None)
    if root is None:
        report.warning("no-document", "No <html>: write a whole document with lang, charset and viewport")
        return
    if not root.attributes.get("lang"):
        report.warning("missing-lang", "<html> without lang: screen readers guess the language", line=root.line)
    if "title" not in tags:
        report.warning("missing-title", "No <title>: screen readers announce it, browsers show it", line=root.line)
    if not any(meta.attributes.get("name") == "viewport" for meta in elements(markup, "meta")):
        report.warning("missing-viewport", "No viewport meta: phones show a shrunken page", line=root.line)
