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


def _unguarded(node: nodes.Node, known: frozenset[str] = frozenset()) -> set[str]:
    """Return the names that are read where they may be undefined: not in `x|default(…)`, nor after `x is defined`."""
    if isinstance(node, nodes.Name):
        return {node.name} - known if node.ctx == "load" else set()
    found: set[str] = set()
    for field, value in node.iter_fields():
        inside = known | _known_in(node, field)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, nodes.Node) and not (isinstance(child, nodes.Name) and _guards(node, child)):
                found |= _unguarded(child, inside)
                inside |= _assigned(child)
    return found


def _guards(node: nodes.Node, child: nodes.Node) -> bool:
    names = next((names for kind, names in _GUARDS.items() if isinstance(node, kind)), ())
    return getattr(node, "name", "") in names and getattr(node, "node", None) is child


def _assigned(node: nodes.Node) -> frozenset[str]:
    """Return the names that the nodes after this one find set: `{% set x = x|default('') %}`."""
    return _targets(node.target) if isinstance(node, nodes.Assign | nodes.AssignBlock) else frozenset()


def _targets(*targets: nodes.Node) -> frozenset[str]:
    # `find_all` leaves the node itself out.
    names = [name for target in targets for name in (target, *target.find_all(nodes.Name))]
    return frozenset(name.name for name in names if isinstance(name, nodes.Name) and name.ctx != "load")


def _known_in(node: nodes.Node, field: str) -> frozenset[str]:
    """Return the names that are defined in one part of a node."""
    match node, field:
        case (nodes.If(test=test), "body") | (nodes.CondExpr(test=test), "expr1"):
            return _defined(test, holds=True)
        case (nodes.If(test=test), "elif_" | "else_") | (nodes.CondExpr(test=test), "expr2"):
            return _defined(test, holds=False)
        case (nodes.And(), "right"):
            return _defined(node.left, holds=True)
        case (nodes.Or(), "right"):
            return _defined(node.left, holds=False)
        case (nodes.For(), "body" | "test"):
            return _targets(node.target)
        case (nodes.With(), "body"):
            return _targets(*node.targets)
        case (nodes.Macro() | nodes.CallBlock(), "body"):
            return _targets(*node.args)
    return frozenset()


def _defined(test: nodes.Node, *, holds: bool) -> frozenset[str]:
    """Return the names that are defined where a condition holds, or where it does not."""
    match test:
        case nodes.Not():
            return _defined(test.node, holds=not holds)
        case nodes.And() | nodes.Or():
            left, right = _defined(test.left, holds=holds), _defined(test.right, holds=holds)
            return left | right if isinstance(test, nodes.And) is holds else left & right
        case nodes.Test(name="defined" | "undefined", node=nodes.Name(name=name)):
            return frozenset({name}) if (test.name == "defined") is holds else frozenset()
        case nodes.Filter(name="default" | "d", node=nodes.Name(name=name)):
            # `{% if x|default('') %}`: what is true is not the default.
            is_false = all(isinstance(one, nodes.Const) and not one.value for one in test.args[:1])
            return frozenset({name}) if holds and is_false and not test.kwargs else frozenset()
    return frozenset()
