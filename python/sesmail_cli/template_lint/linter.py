"""Lints templates: each file by its rules, then the template as a whole, then what the sender itself would say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sesmail_cli.template_files import SAMPLES, TemplateFiles
from sesmail_cli.template_lint.css_rules import report_dropped
from sesmail_cli.template_lint.findings import Finding, Reporter
from sesmail_cli.template_lint.html_rules import has_unsubscribe_place, report_html, report_text
from sesmail_cli.template_lint.jinja_rules import (
    PROVIDED,
    names_used,
    parse,
    report_other_files,
    report_undeclared,
    report_unknown,
    report_unsafe,
    report_unused,
)
from sesmail_cli.template_lint.markup import read_markup
from sesmail_cli.template_lint.metadata_rules import declared, line_parts, read_metadata, report_metadata
from sesmail_cli.template_render import render
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import MAX_FILE_BYTES

METADATA = "metadata.json"
SYNTAX = "TMPL009"
_NEEDED = {"template.html": "TMPL002", "template.txt": "TMPL003", METADATA: "TMPL004"}
CLIPPED_BYTES = 102 * 1024
"""Gmail shows no more of an email than this."""


def lint(template: TemplateFiles, *, bulk: bool = False) -> list[Finding]:
    """Gives the findings about one template, by file and line; `bulk` wants a place to unsubscribe."""
    findings = _problems(template) + _files(template)
    report = Reporter(template.name, METADATA, template.text(METADATA) if METADATA in template.files else "")
    metadata = read_metadata(template.text(METADATA), report) if METADATA in template.files else None
    bodies = sorted(name for name in template.files if name.endswith((".html", ".txt")))
    used = _metadata(metadata, report) if metadata is not None else set()
    for file in bodies:
        body = Reporter(template.name, file, template.text(file))
        used |= _body(template, file, metadata, body)
        findings += body.findings
    if metadata is not None and not any(finding.rule == SYNTAX for finding in findings + report.findings):
        report_unused(declared(metadata), used, report)
    findings += report.findings
    if bulk:
        findings += _unsubscribe(template, bodies)
    if not any(finding.severity == "error" for finding in findings):
        findings += _samples(template)
    return sorted(
        dict.fromkeys(findings), key=lambda finding: (finding.file, finding.line, finding.rule, finding.message)
    )


def _problems(template: TemplateFiles) -> list[Finding]:
    findings = []
    for problem in template.problems:
        report = Reporter(template.name, problem.file or "template.html")
        report.error(SYNTAX, f"The source does not compile: {problem.message}", line=problem.line)
        findings += report.findings
    return findings


def _files(template: TemplateFiles) -> list[Finding]:
    findings = []
    for file, code in _NEEDED.items():
        if file not in template.files:
            report = Reporter(template.name, file)
            report.error(code, f"Template '{template.name}' missing {file}")
            findings += report.findings
    for file, content in template.files.items():
        if len(content) > MAX_FILE_BYTES and file not in SAMPLES:
            report = Reporter(template.name, file)
            report.error("TMPL008", f"file too large: {len(content)} bytes (max {MAX_FILE_BYTES} bytes)")
            findings += report.findings
    return findings


def _metadata(metadata: dict[str, Any], report: Reporter) -> set[str]:
    """Reports on the metadata; gives the names that its lines use."""
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


def _body(template: TemplateFiles, file: str, metadata: dict[str, Any] | None, report: Reporter) -> set[str]:
    """Reports on one body file; gives the names that it uses."""
    text = template.text(file)
    tree = parse(text, report)
    if tree is None:
        return set()
    report_unknown(tree, report)
    report_other_files(tree, report)
    if metadata is not None:
        report_undeclared(tree, declared(metadata), PROVIDED, report)
    if file.endswith(".html"):
        report_unsafe(tree, report)
        markup = read_markup(text)
        report_html(markup, report)
        report_dropped(markup, report)
    else:
        report_text(text, report)
    return names_used(tree)


def _unsubscribe(template: TemplateFiles, bodies: Iterable[str]) -> list[Finding]:
    findings = []
    for file in bodies:
        if not has_unsubscribe_place(template.text(file)):
            report = Reporter(template.name, file)
            report.error("no-unsubscribe", "Bulk email needs a place to unsubscribe in every part")
            findings += report.findings
    return findings


def _samples(template: TemplateFiles) -> list[Finding]:
    """What the sender would record for each of the template's samples."""
    findings = []
    for sample in SAMPLES:
        if sample in template.files:
            report = Reporter(template.name, sample, template.text(sample))
            _sample(template, sample, report)
            findings += report.findings
    return findings


def _sample(template: TemplateFiles, sample: str, report: Reporter) -> None:
    try:
        data = json.loads(template.text(sample))
        rendered = render(template, data)
    except ValueError as err:
        report.error("bad-sample", f"{err}", line=getattr(err, "lineno", 0))
    except PermanentError as err:
        report.error(err.code, err.message)
    else:
        size = len(rendered.html.encode())
        if size > CLIPPED_BYTES:
            report.warning("clipped", f"{size} bytes of HTML: Gmail cuts an email off after {CLIPPED_BYTES}")
