"""Lint templates: each file by its rules, the template as a whole, and its samples as the sender renders them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import jinja2
import msgspec

from sesmail_cli.templates.brand import BRAND_FILE
from sesmail_cli.templates.files import SAMPLES, TemplateFiles
from sesmail_cli.templates.limits import COMPILE_SECONDS, limited
from sesmail_cli.templates.lint.css_rules import report_dropped
from sesmail_cli.templates.lint.failures import failure
from sesmail_cli.templates.lint.findings import Finding, Reporter, Severity
from sesmail_cli.templates.lint.html_rules import (
    has_unsubscribe_place,
    report_brand,
    report_html,
    report_sender,
    report_text,
)
from sesmail_cli.templates.lint.jinja_rules import (
    PROVIDED,
    names_used,
    parse,
    report_other_files,
    report_undeclared,
    report_undeclared_data,
    report_unknown,
    report_unsafe,
    report_unused,
)
from sesmail_cli.templates.lint.language_rules import report_languages
from sesmail_cli.templates.lint.markup import read_markup
from sesmail_cli.templates.lint.metadata_rules import declared, line_parts, read_metadata, report_metadata
from sesmail_cli.templates.lint.nesting import report_unclosed
from sesmail_cli.templates.lint.source_places import in_sources
from sesmail_cli.templates.render import locales_of, render
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME
from sesmail_layer.domain.template.files import MAX_FILE_BYTES, METADATA, MISSING_FILE_CODES

SYNTAX = "TMPL009"
BAD_NAME = "bad-name"
_LACKS = "'dict object' has no attribute"
# Gmail cuts an email off after this.
CLIPPED_BYTES = 102 * 1024


def lint(template: TemplateFiles, *, bulk: bool = False) -> list[Finding]:
    """Return the findings about one template, by file and line; `bulk`: also those about bulk mail."""
    findings: list[Finding] = []
    of_samples: list[Finding] = []
    # Sources that do not compile are no HTML yet: what is wrong in them is the problem that is reported.
    names = template.files if template.compiled else ()
    bodies = sorted(name for name in names if name.endswith((".html", ".txt")))
    _check_source(template, findings)
    _check_files(template, findings)
    _check_content(template, bodies, findings)
    if bulk:
        _check_bulk(template, bodies, findings)
    if not any(finding.severity is Severity.ERROR for finding in findings):
        _check_samples(template, of_samples)
    if not re.fullmatch(TEMPLATE_NAME, template.name):
        message = f"'{template.name}' is no template's name: letters, digits, hyphens and underscores, at most 128"
        Reporter(findings, template.name, METADATA).error(BAD_NAME, message)
    placed = dict.fromkeys([*in_sources(findings, template.sources), *of_samples])
    return sorted(placed, key=lambda finding: (finding.file, finding.line, finding.rule, finding.message))


def _check_source(template: TemplateFiles, findings: list[Finding]) -> None:
    for problem in template.problems:
        report = Reporter(findings, template.name, problem.file or "template.html")
        if problem.file.endswith(BRAND_FILE):
            report.error("bad-brand", f"invalid {BRAND_FILE}: {problem.message}")
            continue
        report.error(SYNTAX, f"The source does not compile: {problem.message}", line=problem.line)


def _check_files(template: TemplateFiles, findings: list[Finding]) -> None:
    for file, code in MISSING_FILE_CODES.items():
        if file not in template.files:
            Reporter(findings, template.name, file).error(code, f"Template '{template.name}' missing {file}")
    for file, content in template.files.items():
        if len(content) > MAX_FILE_BYTES and file not in SAMPLES:
            message = f"file too large: {len(content)} bytes (max {MAX_FILE_BYTES} bytes)"
            Reporter(findings, template.name, file).error("TMPL008", message)


def _check_content(template: TemplateFiles, bodies: Iterable[str], findings: list[Finding]) -> None:
    text = template.text(METADATA) if METADATA in template.files else ""
    report = Reporter(findings, template.name, METADATA, text)
    metadata = read_metadata(text, report) if METADATA in template.files else None
    used = _check_metadata(metadata, report) if metadata is not None else set()
    for file in bodies:
        text = template.text(file)
        used |= _check_body(file, text, metadata, Reporter(findings, template.name, file, text))
    if metadata is not None and not any(finding.rule == SYNTAX for finding in findings):
        report_unused(declared(metadata), used, report)
        _check_languages(template, metadata, findings)


def _check_metadata(metadata: dict[str, Any], report: Reporter) -> set[str]:
    """Check the metadata; return the names that its lines use."""
    report_metadata(metadata, report)
    used: set[str] = set()
    for key, source in line_parts(metadata).items():
        line = report.line_of(f'"{key}"')
        tree = parse("\n" * max(line - 1, 0) + source, report)
        if tree is not None:
            report_unknown(tree, report)
            used |= names_used(tree)
            report_undeclared(tree, declared(metadata), PROVIDED - {"subject"}, report)
    return used


def _check_body(file: str, text: str, metadata: dict[str, Any] | None, report: Reporter) -> set[str]:
    """Check one body file; return the names that it uses."""
    tree = parse(text, report)
    if tree is None:
        return set()
    report_unknown(tree, report)
    report_other_files(tree, report)
    if metadata is not None:
        report_undeclared(tree, declared(metadata), PROVIDED, report)
    if file.endswith(".html"):
        report_unsafe(tree, report)
        _check_markup(text, report)
    else:
        report_text(text, report)
    return names_used(tree)


def _check_markup(text: str, report: Reporter) -> None:
    try:
        with limited(COMPILE_SECONDS):
            markup = read_markup(text)
            report_html(markup, report)
            report_unclosed(text, report)
            report_dropped(markup, report)
    except (AssertionError, PermanentError):
        report.error("broken-markup", f"No HTML, or none that can be checked within {COMPILE_SECONDS:g} s")


def _check_languages(template: TemplateFiles, metadata: dict[str, Any], findings: list[Finding]) -> None:
    # What cannot be read is a finding of another rule.
    with suppress(AssertionError, jinja2.TemplateSyntaxError, PermanentError), limited(COMPILE_SECONDS):
        report_languages(template, metadata, findings)


def _check_bulk(template: TemplateFiles, bodies: Iterable[str], findings: list[Finding]) -> None:
    report_brand(template.brand, Reporter(findings, template.name, f"../{BRAND_FILE}"))
    for file in bodies:
        report_sender(template.text(file), Reporter(findings, template.name, file))
        if not has_unsubscribe_place(template.text(file)):
            message = "Bulk email needs an unsubscribe link or address in every part"
            Reporter(findings, template.name, file).error("no-unsubscribe", message)


def _check_samples(template: TemplateFiles, findings: list[Finding]) -> None:
    """Render each sample in each language; report the errors that the sender would record, where the mistake is."""
    samples = [sample for sample in SAMPLES if sample in template.files]
    failures: dict[Finding, str] = {}
    for sample in samples:
        report = Reporter(findings, template.name, sample, template.text(sample))
        for locale in (None, *locales_of(template)):
            try:
                _check_sample(template, template.sample(sample), locale, report)
            except PermanentError as err:
                if found := failure(template, err, locale):
                    failures.setdefault(found, sample)
                else:
                    report.error(err.code, err.message)
    for found, sample in failures.items():
        hint = ". Where data may lack it: `| default('')`, also in `{% if %}`" if _LACKS in found.message else ""
        message = f"{found.message}, with the data of {sample}{hint}"
        findings.append(msgspec.structs.replace(found, message=message))
    if not samples:
        _check_size_of_sources(template, findings)


def _check_sample(template: TemplateFiles, sample: str, locale: str | None, report: Reporter) -> None:
    """Render one sample in one language. Raises PermanentError."""
    try:
        data = json.loads(sample)
        rendered = render(template, data, locale)
    except (ValueError, TypeError, RecursionError) as err:
        report.error("bad-sample", f"{err}", line=getattr(err, "lineno", 0))
    else:
        report_undeclared_data(data, declared(json.loads(template.text(METADATA))), report)
        _check_size(len(rendered.html.encode()), f" in '{locale}'" if locale else "", report)


def _check_size_of_sources(template: TemplateFiles, findings: list[Finding]) -> None:
    for file in template.files:
        if file.endswith(".html"):
            _check_size(len(template.files[file]), ", without data", Reporter(findings, template.name, file))


def _check_size(size: int, where: str, report: Reporter) -> None:
    if size > CLIPPED_BYTES:
        message = f"{size} bytes of HTML{where}: Gmail cuts an email off after {CLIPPED_BYTES}"
        report.warning("clipped", message)
