"""Templates that the old product sent and the engine would not, each with what to change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from jinja2 import nodes

from sesmail_cli.migrate.seed import Report
from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Reporter, Severity
from sesmail_cli.templates.lint.jinja_rules import PROVIDED, names_used, parse
from sesmail_cli.templates.lint.linter import lint
from sesmail_cli.templates.lint.metadata_rules import declared, line_parts, read_metadata
from sesmail_layer.domain.request.email_request import TEMPLATE_NAME
from sesmail_layer.domain.template.files import METADATA

# Findings of the linter, besides the sender's own codes, that keep the sender from rendering.
_FATAL = frozenset({"other-file", "unknown-filter", "unknown-test"})
_GUARDS = {nodes.Filter: {"default", "d"}, nodes.Test: {"defined", "undefined"}}


def check_templates(templates: Iterable[TemplateFiles], report: Report) -> None:
    for template in templates:
        report.templates_checked += 1
        report.problems += [f"Template '{template.name}': {problem}" for problem in _problems(template)]
        _check_names(template, report)


def _problems(template: TemplateFiles) -> Iterable[str]:
    if not re.fullmatch(TEMPLATE_NAME, template.name):
        yield "its name is not allowed (letters, digits, hyphens and underscores): requests for it are rejected"
    if _is_nested(template):
        yield f"it is in a folder of its own kind ({template.origin}): the sender reads templates/NAME only"
    for finding in lint(template):
        if finding.severity is Severity.ERROR and (finding.rule.startswith("TMPL") or finding.rule in _FATAL):
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            yield f"{finding.message} ({place}, {finding.rule})"


def _is_nested(template: TemplateFiles) -> bool:
    parts = Path(template.origin).parts
    return template.origin.startswith("s3://") and "templates" in parts and parts.index("templates") != len(parts) - 2


def _check_names(template: TemplateFiles, report: Report) -> None:
    """Report names that are in neither list: the engine prints no undefined name (TMPL007)."""
    if METADATA not in template.files:
        return
    quiet = Reporter([], template.name, METADATA)
    metadata = read_metadata(template.text(METADATA), quiet)
    if metadata is None:
        return
    if not metadata.get("subject"):
        report.notes.append(f"Template '{template.name}' has no subject: each of its requests needs one (VAL004).")
    known = set(declared(metadata)) | PROVIDED
    bodies = [template.text(file) for file in template.files if file.endswith((".html", ".txt"))]
    trees = [tree for text in (*bodies, *line_parts(metadata).values()) if (tree := parse(text, quiet)) is not None]
    used = set().union(*(names_used(tree) for tree in trees)) - known if trees else set()
    failing = sorted(used & set().union(*(_unguarded(tree) for tree in trees)))
    if used:
        listed = [str(name) for name in metadata.get("optionalVariables") or ()]
        report.optional_variables[template.name] = [*listed, *sorted(used)]
    if failing:
        report.problems.append(
            f"Template '{template.name}': {', '.join(failing)} in neither requiredVariables nor optionalVariables:"
            " without a value the email fails (TMPL007)"
        )


def _unguarded(tree: nodes.Node, guarded: frozenset[str] = frozenset()) -> set[str]:
    """Return the names that are read where they may be undefined: not in `x|default(…)`, nor after `x is defined`."""
    if isinstance(tree, nodes.Name):
        return {tree.name} - guarded
    if isinstance(tree, nodes.If | nodes.CondExpr):
        body = [tree.expr1] if isinstance(tree, nodes.CondExpr) else tree.body
        inside = guarded | _defined(tree.test)
        others = [child for child in tree.iter_child_nodes() if not any(child is one for one in body)]
        found = [_unguarded(child, inside) for child in body] + [_unguarded(child, guarded) for child in others]
        return set().union(*found)
    found_names: set[str] = set()
    for child in tree.iter_child_nodes():
        if not (isinstance(child, nodes.Name) and _guards(tree, child)):
            found_names |= _unguarded(child, guarded)
    return found_names


def _guards(node: nodes.Node, child: nodes.Node) -> bool:
    names = next((names for kind, names in _GUARDS.items() if isinstance(node, kind)), ())
    return getattr(node, "name", "") in names and getattr(node, "node", None) is child


def _defined(test: nodes.Node) -> frozenset[str]:
    """Return the names that are defined where a condition holds."""
    if isinstance(test, nodes.And):
        return _defined(test.left) | _defined(test.right)
    if isinstance(test, nodes.Test) and test.name == "defined" and isinstance(test.node, nodes.Name):
        return frozenset({test.node.name})
    return frozenset()
